import assert from 'node:assert/strict';
import {it} from 'node:test';
import {setTimeout as delay} from 'node:timers/promises';
import {once} from '../../helpers/awaited';
import {givenClient} from '../../helpers/client';
import {givenServer} from '../../helpers/server';

const CLIENTS = 150;
/** The time of one lookup of a user, in ms. Only one runs at a time. */
const LOOKUP = 4;

it('all clients are served that come back at once, though their lookups take longer than the time of each', async () => {
  let lookups = Promise.resolve();
  let slow = false;
  await using given = await givenServer(
    server =>
      server.auth(async () => {
        if (slow) await (lookups = lookups.then(() => delay(LOOKUP)));
        return true;
      }),
    {timeout: (CLIENTS * LOOKUP) / 2},
    {component: {authentications: {concurrent: 10}}},
  );
  const clients = Array.from({length: CLIENTS}, () =>
    givenClient(given.server.url, {auth: {token: 'ok'}, reconnectionDelay: 20}),
  );
  await using _clients = {
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map(client => client[Symbol.asyncDispose]()));
    },
  };
  await Promise.all(clients.map(client => client.next('authenticated')));
  slow = true;
  const sockets = [...given.server.io.sockets.values()];
  const gone = sockets.map(socket => once(socket, 'disconnect'));
  for (const {conn} of sockets) conn.close();
  await Promise.all(gone);
  await Promise.all(clients.map(client => client.next('authenticated')));
  for (const {names} of clients) assert.equal(names.includes('unauthorized'), false);
});
