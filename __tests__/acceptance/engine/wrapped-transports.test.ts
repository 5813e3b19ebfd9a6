import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {SocketBindings} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import {transportOf} from '../../../dist/engine/engine-internals';
import {once} from '../../helpers/awaited';
import {RawClient} from '../../helpers/raw-client';
import {givenServer} from '../../helpers/server';

type Connection = Socket['conn'];

const WRAPPED = ['onData', 'onPacket', 'send'] as const;

/** Puts a function of the application's around each of a transport's, as tools that measure do. */
function wrap(connection: Connection, called: (name: string) => void): void {
  const transport = transportOf(connection);
  for (const name of WRAPPED) {
    const wrapped = transport[name] as (...args: unknown[]) => void;
    Object.assign(transport, {
      [name]: (...args: unknown[]) => {
        called(name);
        wrapped.apply(transport, args);
      },
    });
  }
}

describe('functions that an application puts around those of a transport', () => {
  for (const order of ['before', 'after'] as const) {
    it(`run, put there ${order} this package's, and its limits hold`, async () => {
      const called = new Set<string>();
      await using given = await givenServer(
        () => undefined,
        {},
        {
          setup: async app => {
            await app.init();
            const {engine} = app.getSync(SocketBindings.IO);
            const listener = (one: Connection) => wrap(one, name => called.add(name));
            if (order === 'before') engine.prependListener('connection', listener);
            else engine.on('connection', listener);
          },
        },
      );
      const {engine} = given.app.getSync(SocketBindings.IO);
      const connected = once(engine, 'connection') as Promise<[Connection]>;
      await using client = await RawClient.join(given.server.url);
      await client.send('420["authentication",{"token":"ok"}]');
      assert.equal(await client.next(), '42["authenticated",true]');
      assert.equal(await client.next(), '430[{"result":true}]');
      assert.deepEqual([...called].sort(), [...WRAPPED]);
      const closed = once((await connected)[0], 'close');
      await client.send(...Array.from({length: 5002}, () => '3'));
      await closed;
    });
  }
});
