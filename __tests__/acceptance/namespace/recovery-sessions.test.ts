import {SocketBindings, SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {Namespace, Socket} from 'socket.io';
import {Adapter} from 'socket.io-adapter';
import {authenticateByToken, givenApp} from '../../helpers/app';
import type {AppOptions} from '../../helpers/app';
import {once, seconds} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {LiveObjects} from '../../helpers/remains';

it('sessions go when they are over, and with them the empty children of a pattern', async t => {
  // socket.io looks once a minute which are over; here it looks more often.
  const {setInterval} = globalThis;
  t.after(() => Object.assign(globalThis, {setInterval}));
  // A mock would keep what it is called with.
  const often = (run: () => void) => setInterval(run, 20);
  Object.assign(globalThis, {setInterval: often});
  await using given = await givenApp({
    component: {io: {connectionStateRecovery: {maxDisconnectionDuration: 1}}},
    servers: {rooms: {namespace: /^\/room-\d$/}},
    setup: app => {
      SocketServer.get(app).auth(authenticateByToken);
      SocketServer.get(app, 'rooms').auth(authenticateByToken);
    },
  });
  const io = given.app.getSync(SocketBindings.IO);
  const live = new LiveObjects();
  let gone = Promise.resolve();
  given.get('rooms').io.on('connection', (socket: Socket) => {
    live.track(socket.nsp, socket.nsp.adapter);
    gone = once(socket, 'disconnect').then(() => undefined);
  });
  for (let round = 0; round < 10; round++) {
    const url = `${String(given.server.url)}/room-1`;
    await using client = await givenAuthenticated(url);
    client.socket.io.engine.close();
    await gone;
    await client.next('disconnect');
  }
  assert.ok(live.size >= 2);
  await live.gone();
  assert.deepEqual([...io._nsps.keys()], ['/']);
});

describe('a child of a pattern', {timeout: seconds(20)}, () => {
  const servers = {rooms: {namespace: /^\/room-\d$/}};

  /** An application whose default server and rooms authenticate by token. */
  const givenRooms = (component: AppOptions['component'] = {}) =>
    givenApp({
      component,
      servers,
      setup: app => {
        for (const name of [undefined, 'rooms'])
          SocketServer.get(app, name).auth(authenticateByToken);
      },
    });

  /** Settles when the last client of a namespace has left, and its child with it. */
  async function leave(client: TestClient, child: Namespace): Promise<void> {
    const [socket] = child.sockets.values();
    const gone = once(socket, 'disconnect');
    client.socket.disconnect();
    await gone;
    assert.ok(!child.server._nsps.has(child.name));
  }

  for (const [title, io] of [
    ['', {}],
    [', with connection state recovery', {connectionStateRecovery: {}}],
  ] as const) {
    it(`that the application holds is the one that clients join, however often it was empty${title}`, async () => {
      await using given = await givenRooms({io});
      const child = given.app.getSync(SocketBindings.IO).of('/room-1');
      const joined: string[] = [];
      child.on('connection', ({nsp}: Socket) => joined.push(nsp.name));
      for (let round = 1; round <= 3; round++) {
        await using client = await givenAuthenticated(`${given.server.url ?? ''}/room-1`);
        assert.equal(joined.length, round);
        assert.equal((await child.fetchSockets()).length, 1);
        child.emit('broadcast', 'by the child');
        given.get('rooms').emit('broadcast', 'by the server');
        assert.equal(await client.next('broadcast'), 'by the child');
        assert.equal(await client.next('broadcast'), 'by the server');
        await leave(client, child);
      }
    });
  }

  it('has an adapter that is open when it comes back', async () => {
    const open = new Set<Adapter>();
    class Closing extends Adapter {
      override init() {
        open.add(this);
      }

      override close() {
        open.delete(this);
      }
    }
    await using given = await givenRooms({io: {adapter: Closing}});
    const child = given.app.getSync(SocketBindings.IO).of('/room-1');
    for (let round = 0; round < 2; round++) {
      await using client = await givenAuthenticated(`${given.server.url ?? ''}/room-1`);
      assert.ok(open.has(child.adapter));
      child.emit('broadcast');
      await client.next('broadcast');
      await leave(client, child);
      assert.ok(!open.has(child.adapter));
    }
  });
});
