import {SocketBindings, SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {it} from 'node:test';
import type {Socket} from 'socket.io';
import {authenticateByToken, givenApp} from '../helpers/app';
import {givenAuthenticated} from '../helpers/client';
import {LiveObjects} from '../helpers/remains';

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
  assert.deepEqual([...io._nsps.keys()], ['/']);
  assert.equal(live.size, 20);
  await live.gone();
});
