import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {SocketServer} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import type {GivenApp} from '../../helpers/app';
import {once} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {givenServer} from '../../helpers/server';

const CALL = {$call: {id: 'x'}};

interface GivenCounter extends AsyncDisposable {
  readonly given: GivenApp;
  readonly client: TestClient;
  readonly runs: unknown[];
}

/** A client that has made a call with an id, of a user without one, and whose session can be recovered. */
async function givenCall(maxDisconnectionDuration: number): Promise<GivenCounter> {
  const runs: unknown[] = [];
  const given = await givenServer(
    server => server.defineMethod('count', () => runs.push('run')),
    {},
    {component: {io: {connectionStateRecovery: {maxDisconnectionDuration}}}},
  );
  const client = await givenAuthenticated(given.server.url, undefined, {
    reconnection: false,
  });
  assert.deepEqual(await client.call('count', null, CALL), {result: 1});
  assert.equal(usersOf(given.server).size, 1);
  return {
    given,
    client,
    runs,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await given[Symbol.asyncDispose]();
    },
  };
}

/** Those whose answers are kept. */
function usersOf(server: SocketServer): ReadonlyMap<string, unknown> {
  const {recent} = server['endpoint'] as unknown as {
    recent: {users: ReadonlyMap<string, unknown>};
  };
  return recent.users;
}

async function cut({given, client}: GivenCounter): Promise<void> {
  const [socket] = given.server.io.sockets.values();
  const gone = once(socket, 'disconnect');
  client.socket.io.engine.close();
  await gone;
  await client.next('disconnect');
}

async function comeBack({client, given}: GivenCounter): Promise<void> {
  const connected = once(given.server.io, 'connection') as Promise<[Socket]>;
  client.socket.connect();
  const [socket] = await connected;
  assert.ok(socket.recovered);
  await client.authenticate();
}

describe('answers to a user without an id, where sessions are recovered,', () => {
  it('are kept for the connection that recovers the session', async () => {
    await using counter = await givenCall(60_000);
    for (let time = 0; time < 2; time++) {
      await cut(counter);
      await comeBack(counter);
      assert.deepEqual(await counter.client.call('count', null, CALL), {result: 1});
    }
    assert.deepEqual(counter.runs, ['run']);
  });

  for (const [reason, leave] of Object.entries({
    'the client has left': ({client}: GivenCounter) => client.socket.disconnect(),
    'the server has disconnected it': ({given}: GivenCounter) =>
      given.server.io.disconnectSockets(),
  })) {
    it(`are forgotten when ${reason}`, async () => {
      await using counter = await givenCall(60_000);
      const [socket] = counter.given.server.io.sockets.values();
      const gone = once(socket, 'disconnect');
      leave(counter);
      await gone;
      assert.equal(usersOf(counter.given.server).size, 0);
    });
  }

  it('are forgotten when its session has ended', async () => {
    await using counter = await givenCall(20);
    await cut(counter);
    const count = () => usersOf(counter.given.server).size;
    assert.equal(count(), 1);
    while (count() > 0) await new Promise(setImmediate);
  });
});
