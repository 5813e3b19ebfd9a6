import {RestServer} from '@loopback/rest';
import assert from 'node:assert/strict';
import {fork} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {once} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import type {Answer, TestClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {freePort, get} from '../../helpers/net';
import {givenServer} from '../../helpers/server';
import {slowHandlers} from '../../helpers/slow-handlers';

const SOCKETS = 8;
/** Calls of each socket: those that end in time, and those that do not. */
const SOON = 22;
const NEVER = 3;
const REQUESTS = 5;
const IN_FLIGHT = SOCKETS * (SOON + NEVER);
/** Entered calls and requests. */
const ALL = IN_FLIGHT + REQUESTS;

interface Load extends AsyncDisposable {
  readonly clients: TestClient[];
  readonly soon: Promise<Answer>[];
  readonly never: Promise<Answer>[];
  readonly requests: Promise<{status: number; body: string}>[];
}

/** Clients by each transport, with calls and requests that are under way. */
async function givenLoad(url: string | undefined, rest: string): Promise<Load> {
  const connecting = Array.from({length: SOCKETS}, (_, at) =>
    givenAuthenticated(url, undefined, {
      transports: [at % 2 === 0 ? 'websocket' : 'polling'],
      reconnectionDelay: 1,
    }),
  );
  const clients = await Promise.all(connecting);
  const call = (client: TestClient, name: string, count: number) =>
    Array.from({length: count}, (_, at) => client.call(name, at));
  return {
    clients,
    soon: clients.flatMap(client => call(client, 'soon', SOON)),
    never: clients.flatMap(client => call(client, 'never', NEVER)),
    requests: Array.from({length: REQUESTS}, (_, at) => get(`${rest}/soon?n=${at}`)),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map(client => client[Symbol.asyncDispose]()));
    },
  };
}

/** The outcomes. */
async function checkAnswers({clients, soon, never, requests}: Load): Promise<void> {
  const done = (await Promise.all(soon)).map(({result}) => result);
  const expected = clients.flatMap(() => Array.from({length: SOON}, (_, at) => at));
  assert.deepEqual(done, expected);
  const codes = (await Promise.all(never)).map(({error}) => error.code);
  assert.deepEqual(codes, Array(SOCKETS * NEVER).fill('SHUTTING_DOWN'));
  const bodies = (await Promise.all(requests)).map(
    ({status, body}) => `${status} ${body}`,
  );
  assert.deepEqual(
    bodies,
    requests.map((_, at) => `200 ${at}`),
  );
}

describe('clients of a server that stops', () => {
  it('come back by themselves, spread over the window', async () => {
    const rest = {port: await freePort()};
    const component = {reconnectWindow: 2000};
    await using given = await givenServer(undefined, {}, {rest, component});
    const connecting = Array.from({length: 30}, async (_, at) => {
      const client = await givenAuthenticated(given.server.url, undefined, {
        transports: [at % 2 === 0 ? 'websocket' : 'polling'],
      });
      const {socket} = client;
      socket.on('connect', () => socket.emit('authentication', {token: 'ok'}));
      // The two lines of docs/operations.md.
      socket.on('draining', ({reconnectAfter}) =>
        socket.io.reconnectionDelay(reconnectAfter),
      );
      socket.on('authenticated', () => socket.io.reconnectionDelay(1000));
      return client;
    });
    const clients = await Promise.all(connecting);
    await given.app.stop();
    await using again = await givenServer(undefined, {}, {rest});
    const times = await Promise.all(
      clients.map(async client => {
        await client.next('authenticated');
        return performance.now();
      }),
    );
    const spread = Math.max(...times) - Math.min(...times);
    console.log(`30 clients came back within ${spread.toFixed()} ms of each other`);
    // All together they would be within some ten.
    assert.ok(spread > 500, `${spread} ms`);
    assert.equal((await again.server.io.fetchSockets()).length, 30);
    await Promise.all(clients.map(client => client[Symbol.asyncDispose]()));
  });
});

describe('a stop loses nothing', () => {
  it(`of ${IN_FLIGHT} calls and ${REQUESTS} requests in flight`, async () => {
    const entered = new Gate();
    const gate = new Gate();
    let count = 0;
    const enter = () => {
      if (++count === ALL) entered.open();
    };
    const {controller, define} = slowHandlers(gate, enter);
    await using given = await givenServer(
      define,
      {},
      {controllers: [controller], component: {drainTimeout: 1500}},
    );
    const {url} = await given.app.getServer(RestServer);
    await using load = await givenLoad(given.server.url, url ?? '');
    await entered.opened;
    const stopped = given.app.stop();
    const late = await Promise.all(
      load.clients.map(async client => {
        await client.next('draining');
        return client.call('soon');
      }),
    );
    for (const {error} of late) assert.equal(error.code, 'SHUTTING_DOWN');
    gate.open();
    await checkAnswers(load);
    await stopped;
    for (const client of load.clients) {
      assert.equal(await client.next('disconnect'), 'transport close');
      // Nobody told it to stay away.
      assert.equal(client.socket.active, true);
    }
  });

  it('of a process that is told to end by SIGTERM, as `lb4 app` makes it', async () => {
    const child: ChildProcess = fork(
      join(__dirname, '../../fixtures/generated-process.js'),
      [String(ALL)],
      {execArgv: [], env: {...process.env, PORT: '0', HOST: '127.0.0.1'}},
    );
    const exited = once(child, 'exit');
    try {
      const [url] = (await once(child, 'message')) as [string];
      const entered = once(child, 'message');
      await using load = await givenLoad(url, url);
      assert.deepEqual(await entered, ['entered', undefined]);
      child.kill('SIGTERM');
      await Promise.all(load.clients.map(client => client.next('draining')));
      child.send('open');
      await checkAnswers(load);
      for (const client of load.clients) {
        assert.equal(await client.next('disconnect'), 'transport close');
        assert.equal(client.socket.active, true);
      }
      // LoopBack has stopped the application, and sends itself the signal again.
      assert.deepEqual(await exited, [null, 'SIGTERM']);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
