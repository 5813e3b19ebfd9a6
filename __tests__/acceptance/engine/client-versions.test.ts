import {SocketBindings, SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {describe, it} from 'node:test';
import {authenticateByToken} from '../../helpers/app';
import {TRANSPORTS} from '../../helpers/namespace';
import {givenServer} from '../../helpers/server';
import {seconds} from '../../helpers/awaited';

/** The common parts of all versions of socket.io's client. */
interface AnySocket {
  once(event: string, listener: (value: any) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  close(): void;
}

type Connect = (url: string, options: object) => AnySocket;

/** Packages of plain clients, by their versions; the oldest speaks Engine.IO 3. */
const CLIENTS: Record<string, string> = {
  '2.0': 'socket.io-client-2.0',
  '3.1': 'socket.io-client-3.1',
  '4.0': 'socket.io-client-4.0',
  '4.4': 'socket.io-client-4.4',
  '4.8': 'socket.io-client',
};

async function load(version: string): Promise<Connect> {
  const {default: connect} = (await import(CLIENTS[version])) as {default: Connect};
  return connect;
}

/** The first value that comes with an event. */
const next = (socket: AnySocket, event: string) =>
  new Promise<any>(resolve => socket.once(event, resolve));

const call = (socket: AnySocket, name: string, ...args: unknown[]) =>
  new Promise<any>(resolve => socket.emit(name, ...args, resolve));

/** Servers `/` and `/admin` whose method tells who calls. */
async function givenServers() {
  const define = (server: SocketServer) => {
    server.defineMethod('whoAmI', (_socket, {name}, args) => ({name, args}));
    server.defineMethod('items', (_socket, _credentials, items: unknown[]) =>
      Readable.from(items),
    );
  };
  const given = await givenServer(
    define,
    {},
    {
      component: {io: {allowEIO3: true}},
      setup: app => {
        const admin = SocketServer.get(app, 'admin');
        admin.auth(authenticateByToken);
        define(admin);
      },
    },
  );
  return Object.assign(given, {io: given.app.getSync(SocketBindings.IO)});
}

for (const version of Object.keys(CLIENTS)) {
  describe(`a client of socket.io ${version}`, {timeout: seconds(20)}, () => {
    for (const transports of [
      ...TRANSPORTS.map(one => [one]),
      [...TRANSPORTS].reverse(),
    ]) {
      for (const path of ['', '/admin']) {
        it(`authenticates in ${path || '/'} by ${transports.join(' and ')}, calls, and comes back when the connection is lost`, async () => {
          await using given = await givenServers();
          const connect = await load(version);
          const socket = connect(`${given.server.url ?? ''}${path}`, {
            transports,
            forceNew: true,
            reconnectionDelay: 10,
          });
          for (const name of ['ana', 'ben']) {
            await next(socket, 'connect');
            const authenticated = next(socket, 'authenticated');
            const reply = await call(socket, 'authentication', {token: 'ok', name});
            assert.deepEqual(reply, {result: true});
            assert.equal(await authenticated, true);
            const args = {text: 'größe', data: Buffer.from([1, 2, 3]), list: [null, 1.5]};
            const {result} = await call(socket, 'whoAmI', args);
            assert.equal(result.name, name);
            assert.deepEqual(result.args, args);
            const {error} = await call(socket, 'unknown');
            assert.equal(error.code, 'METHOD_NOT_FOUND');
            const pushed = next(socket, 'pushed');
            given.get(path.slice(1) || 'SocketServer').emit('pushed', {from: 'server'});
            assert.deepEqual(await pushed, {from: 'server'});
            const lost = next(socket, 'disconnect');
            for (const connection of Object.values(given.io.engine['clients']))
              connection.close();
            assert.equal(await lost, 'transport close');
          }
          socket.close();
        });
      }

      it(`reads a stream by ${transports.join(' and ')}`, async () => {
        await using given = await givenServers();
        const connect = await load(version);
        for (const path of ['', '/admin']) {
          const url = `${given.server.url ?? ''}${path}`;
          const socket = connect(url, {transports, forceNew: true});
          await next(socket, 'connect');
          await call(socket, 'authentication', {token: 'ok'});
          const items = ['größe', {data: Buffer.from([1, 2])}, 1.5, Buffer.from([3])];
          const {stream} = await call(socket, 'items', items);
          const all: unknown[] = [];
          for (let done = false; !done;) {
            const {result} = await call(socket, '$next', {stream, got: all.length});
            all.push(...result.items);
            done = result.done;
          }
          assert.deepEqual(all, items);
          const last = await call(socket, '$stop', {stream});
          assert.deepEqual(last, {result: true});
          socket.close();
        }
      });

      it(`is told \`unauthorized\` by ${transports.join(' and ')}, and disconnected`, async () => {
        await using given = await givenServers();
        const connect = await load(version);
        const socket = connect(given.server.url ?? '', {transports, forceNew: true});
        await next(socket, 'connect');
        const [refused, gone] = [
          next(socket, 'unauthorized'),
          next(socket, 'disconnect'),
        ];
        socket.emit('authentication', {token: 'wrong'});
        assert.equal((await refused).code, 'AUTHENTICATION_FAILED');
        assert.equal(await gone, 'io server disconnect');
        socket.close();
      });
    }
  });
}
