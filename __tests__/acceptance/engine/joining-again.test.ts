import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import type {SocketServerOptions} from 'loopback4-socket';
import type {Server as IoServer} from 'socket.io';
import {connectingSockets} from '../../../dist/engine/internals';
import {authenticateByToken, givenApp} from '../../helpers/app';
import {once, seconds} from '../../helpers/awaited';
import {remainsOf} from '../../helpers/endpoint-remains';
import {giveSessionsOnce, givenNamespace} from '../../helpers/namespace';
import {RawClient} from '../../helpers/raw-client';
import {Queue} from '../../helpers/queue';

/** The session data of socket.io's client. */
interface Sessioned {
  readonly _pid: string;
  readonly _lastOffset: string;
}

/** Servers `/` and one with other namespaces, and a client that is authenticated in `/`. */
async function givenDynamic(namespace: Required<SocketServerOptions>['namespace']) {
  const given = await givenApp({
    setup: app => {
      for (const [name, options] of [
        [undefined, {}],
        ['dynamic', {namespace}],
      ] as const) {
        SocketServer.get(app, name, options).auth(authenticateByToken);
      }
    },
  });
  const client = await RawClient.open(given.server.url);
  await client.send('40');
  await client.until('40');
  await client.send('420["authentication",{"token":"ok"}]');
  await client.until('430');
  const dispose = async () => {
    await client[Symbol.asyncDispose]();
    await given[Symbol.asyncDispose]();
  };
  return {
    client,
    io: given.app.getSync(SocketBindings.IO),
    get: (name: string) => given.get(name),
    server: given.server,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Authenticates in a namespace that a client has joined, and calls in `/` too. */
async function assertServed(client: RawClient, name: string): Promise<void> {
  await client.send(`42${name},1["authentication",{"token":"ok"}]`, '422["none"]');
  const packets = await client.until(`43${name},1`);
  if (!packets.some(packet => packet.startsWith('432'))) await client.until('432');
}

describe('a client that joins a child of a pattern again', {timeout: seconds(20)}, () => {
  for (const [title, frames] of [
    ['at once', ['40/room-1,', '40/room-1,']],
    ['at once, having left', ['40/room-1,', '41/room-1,', '40/room-1,']],
  ] as const) {
    it(`is in that child alone, joining ${title}`, async () => {
      await using given = await givenDynamic(/^\/room-\d$/);
      const {client, io} = given;
      await client.send(...frames);
      await client.until('40/room-1');
      const child = io.of('/room-1');
      await assertServed(client, '/room-1');
      await client.send(...frames);
      await client.until('40/room-1');
      await assertServed(client, '/room-1');
      assert.equal(io.of('/room-1'), child);
      assert.equal(child.sockets.size, 1);
      assert.equal(connectingSockets(child).size, 0);
      assert.equal(remainsOf(given.get('dynamic')).connections, 1);
      given.get('dynamic').emit('broadcast');
      await client.until('42/room-1,["broadcast"]');
    });
  }

  it('leaves no child when it has left', async () => {
    await using given = await givenDynamic(/^\/room-\d$/);
    const {client, io} = given;
    await client.send(
      '40/room-1,',
      '41/room-1,',
      '40/room-2,',
      '40/room-2,',
      '41/room-2,',
    );
    await client.send('40/room-3,');
    await client.until('40/room-3');
    assert.deepEqual([...io._nsps.keys()], ['/', '/room-3']);
  });
});

describe('a client that a namespace function decides on', {timeout: seconds(20)}, () => {
  for (const [title, frames, joined] of [
    ['joins again', ['40/slow,', '40/slow,'], true],
    ['leaves and joins again', ['40/slow,', '41/slow,', '40/slow,'], true],
    ['leaves', ['40/slow,', '41/slow,'], false],
  ] as const) {
    it(`is ${joined ? 'in' : 'not in'} the namespace when it ${title} meanwhile`, async () => {
      const asked = new Queue<() => void>();
      await using given = await givenDynamic((name, _auth, next) =>
        asked.push(() => next(null, name === '/slow')),
      );
      const {client, io} = given;
      await client.send(...frames);
      for (const frame of frames) if (frame.startsWith('40')) (await asked.next())();
      if (joined) {
        await client.until('40/slow');
        await assertServed(client, '/slow');
        assert.equal(io.of('/slow').sockets.size, 1);
      } else {
        await client.send('422["none"]');
        await client.until('432');
        assert.equal(io._nsps.has('/slow'), false);
      }
    });
  }

  it('is in the namespace once when decisions on it come in another order', async () => {
    const asked = new Queue<() => void>();
    await using given = await givenDynamic((_name, _auth, next) =>
      asked.push(() => next(null, true)),
    );
    const {client, io} = given;
    await client.send('40/slow,', '40/slow,');
    const [first, second] = [await asked.next(), await asked.next()];
    second();
    await client.until('40/slow');
    first();
    await assertServed(client, '/slow');
    assert.equal(io.of('/slow').sockets.size, 1);
  });

  it('may leave where another one has been let in meanwhile', async () => {
    const asked = new Queue<() => void>();
    await using given = await givenDynamic((_name, _auth, next) =>
      asked.push(() => next(null, true)),
    );
    const {client, io} = given;
    await client.send('40/slow,');
    const decide = await asked.next();
    await using other = await RawClient.open(given.server.url);
    await other.send('40/slow,');
    (await asked.next())();
    await other.until('40/slow');
    await client.send('41/slow,');
    decide();
    await client.send('422["none"]');
    await client.until('432');
    assert.equal(io.of('/slow').sockets.size, 1);
  });

  it('may leave and join again as many namespaces as it may be in unauthenticated', async () => {
    const asked = new Queue<() => void>();
    await using given = await givenDynamic((_name, _auth, next) =>
      asked.push(() => next(null, true)),
    );
    const {client} = given;
    const names = Array.from({length: 8}, (_, at) => `/slow-${at}`);
    await client.send(
      ...names.flatMap(name => [`40${name},`, `41${name},`, `40${name},`]),
    );
    for (const _ of [...names, ...names]) (await asked.next())();
    const packets = await client.until('40/slow-7');
    assert.deepEqual(
      packets.filter(packet => packet.startsWith('44')),
      [],
    );
  });

  it('may be another one than the one who leaves', async () => {
    const asked = new Queue<() => void>();
    await using given = await givenDynamic((_name, _auth, next) =>
      asked.push(() => next(null, true)),
    );
    const {client} = given;
    await using other = await RawClient.open(given.server.url);
    await other.send('40');
    await other.until('40');
    await other.send('40/slow,');
    const allow = await asked.next();
    await client.send('40/slow,', '41/slow,');
    (await asked.next())();
    allow();
    await other.until('40/slow');
    assert.equal(given.io.of('/slow').sockets.size, 1);
  });
});

const giveOnce = (_server: unknown, io: IoServer) => giveSessionsOnce(io);

describe('a recovered socket', {timeout: seconds(20)}, () => {
  for (const [recovered, recovery, setup] of [
    ['without middleware', {}, undefined],
    ['with middleware', {skipMiddlewares: false}, undefined],
    ['by an adapter that gives a session once', {}, giveOnce],
  ] as const) {
    for (const [title, leave] of [
      ['joins at once again', []],
      ['leaves and joins at once again', ['41']],
      ['leaves after it has joined and joins again', ['', '41']],
    ] as const) {
      it(`gives way to that of its client that ${title}, recovered ${recovered}`, async () => {
        await using given = await givenNamespace({recovery, setup});
        const [client, first] = await given.authenticated({reconnection: false});
        await using _client = client;
        await first.join('room');
        const {_pid: pid, _lastOffset: offset} = client.socket as unknown as Sessioned;
        const gone = once(first, 'disconnect');
        client.socket.io.engine.close();
        await gone;
        given.io.to('room').emit('missed', 1);
        await using raw = await RawClient.open(given.root);
        const join = `40${JSON.stringify({pid, offset})}`;
        const joined = leave.length === 2;
        if (joined) {
          await raw.send(join);
          await raw.until('40{');
        }
        await raw.send(...(joined ? ['41', join] : [join, ...leave, join]));
        const [ack] = (await raw.until('40{')).slice(-1);
        await raw.send('42["authentication"]');
        (await given.authentications.next()).succeed();
        const packets = await raw.until('42["authenticated"');
        // One who has left by itself starts afresh.
        const {sid} = JSON.parse(ack.slice(2)) as {sid: string};
        assert.equal(sid === first.id, !joined);
        assert.equal(packets[0].startsWith('42["missed",1'), !joined);
        assert.equal(given.io.sockets.sockets.size, 1);
        const [socket] = given.io.sockets.sockets.values();
        const rooms = joined ? [socket.id] : [first.id, 'room'];
        assert.deepEqual([...socket.rooms].sort(), rooms.sort());
        assert.equal(given.authentications.size, 0);
        assert.equal(remainsOf(given.server).connections, 1);
      });
    }
  }
});
