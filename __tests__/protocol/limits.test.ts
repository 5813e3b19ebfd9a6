import {RestBindings} from '@loopback/rest';
import {securityId} from '@loopback/security';
import type {RateLimiter, SocketServerOptions} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import {RateLimiterMemory} from 'rate-limiter-flexible';
import type {AppOptions, GivenApp} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';
import {remainsOf} from '../helpers/endpoint-remains';
import {Gate} from '../helpers/gate';
import {RawClient} from '../helpers/raw-client';
import {RawSocket, upgradeRequest} from '../helpers/raw-socket';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const tooMany = (message: string, details?: object) => ({
  error: {
    statusCode: 429,
    name: 'TooManyRequestsError',
    message,
    code: 'TOO_MANY_REQUESTS',
    ...(details && {details}),
  },
});

interface GivenSlow extends AsyncDisposable {
  readonly given: GivenApp;
  readonly gate: Gate;
}

/** A server with a method that waits for a gate; a user's id is what credentials say. */
async function givenSlow(
  options: SocketServerOptions = {},
  appOptions: AppOptions = {},
): Promise<GivenSlow> {
  const gate = new Gate();
  const given = await givenServer(
    server => {
      server.auth((_socket, {id}: {id: string}) => ({[securityId]: id}));
      server.defineMethod('ping', () => 'pong');
      server.defineMethod('slow', () => gate.opened);
    },
    options,
    appOptions,
  );
  return {given, gate, [Symbol.asyncDispose]: () => given[Symbol.asyncDispose]()};
}

/** Adds an asynchronous guard to each socket. */
function guard({server}: GivenApp, wait: (name: string) => Promise<unknown>): void {
  server.io.on('connection', socket =>
    socket.use(([name], next) => {
      wait(name).then(() => next(), next);
    }),
  );
}

/** Status of an attempt to open a websocket. */
async function upgradeStatus(url: string | undefined): Promise<number> {
  await using raw = await RawSocket.connect(url);
  raw.write(upgradeRequest('/socket.io/?EIO=4&transport=websocket'));
  return Number((await raw.head()).split(' ')[1]);
}

describeSection('Limits', options => {
  it('of calls in flight hold for each socket', async () => {
    await using slow = await givenSlow({maxCallsInFlight: 3});
    const {given, gate} = slow;
    await using one = await givenAuthenticated(given.server.url, {id: '1'}, options);
    await using two = await givenAuthenticated(given.server.url, {id: '1'}, options);
    const calls = [1, 2, 3].map(() => one.call('slow'));
    assert.deepEqual(await one.call('slow'), tooMany('Too many calls in flight.'));
    assert.deepEqual(await one.call('ping'), tooMany('Too many calls in flight.'));
    assert.deepEqual(await two.call('ping'), {result: 'pong'});
    gate.open();
    for (const call of calls) assert.deepEqual(await call, {});
    assert.deepEqual(await one.call('ping'), {result: 'pong'});
    assert.deepEqual(given.logged, []);
  });

  it('of calls in flight are 256 by default, and may be taken away', async () => {
    for (const [expected, limits] of [
      [256, {}],
      [300, {maxCallsInFlight: false}],
    ] as const) {
      await using slow = await givenSlow(limits);
      const {given, gate} = slow;
      await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
      const calls = Array.from({length: 300}, () => client.call('slow'));
      await Promise.race([client.call('ping'), calls.at(-1)]);
      gate.open();
      const answers = await Promise.all(calls);
      assert.equal(answers.filter(({error}) => error === undefined).length, expected);
    }
  });

  it('of calls in flight count those that were answered but have not ended', async () => {
    await using slow = await givenSlow({maxCallsInFlight: 1});
    const {given, gate} = slow;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    const {error} = await client.call('slow', null, {$call: {timeout: 5}});
    assert.equal(error.code, 'CALL_TIMEOUT');
    assert.deepEqual(await client.call('ping'), tooMany('Too many calls in flight.'));
    gate.open();
  });

  it('of calls that wait for authentication can be configured', async () => {
    const gate = new Gate();
    await using given = await givenServer(
      server => {
        server.auth(() => gate.opened.then(() => true));
        server.defineMethod('ping', () => 'pong');
      },
      {maxWaitingCalls: 2},
    );
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication');
    const calls = [1, 2].map(() => client.call('ping'));
    const message = 'Too many calls wait for authentication.';
    assert.deepEqual(await client.call('ping'), tooMany(message));
    gate.open();
    for (const call of calls) assert.deepEqual(await call, {result: 'pong'});
  });

  it('of calls in flight hold those that wait for a guard', async () => {
    await using slow = await givenSlow({maxCallsInFlight: 2});
    const {given, gate} = slow;
    let guarded = 0;
    guard(given, () => (guarded++, gate.opened));
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    const calls = [1, 2].map(() => client.call('ping'));
    for (const name of ['ping', 'none', 'ping']) {
      assert.deepEqual(await client.call(name), tooMany('Too many calls in flight.'));
    }
    assert.equal(guarded, 2);
    // They came before the stop, so they are run and answered.
    const stopped = given.app.stop();
    await client.next('draining');
    gate.open();
    for (const call of calls) assert.deepEqual(await call, {result: 'pong'});
    await stopped;
    assert.deepEqual(given.logged, []);
  });

  it('of calls in flight are free again when a guard has refused, or a listener has run', async () => {
    await using slow = await givenSlow({maxCallsInFlight: 1});
    const {given} = slow;
    guard(given, async name => {
      await new Promise(setImmediate);
      if (name === 'refused') throw new Error('refused');
    });
    given.server.io.on('connection', socket =>
      socket.on('event', (ack: (reply: string) => void) => ack('heard')),
    );
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    for (let round = 0; round < 2; round++) {
      assert.equal((await client.call('refused')).error.statusCode, 500);
      assert.equal(await client.call('event'), 'heard');
      assert.equal((await client.call('none')).error.statusCode, 404);
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
    }
  });

  const ends = {
    AUTHENTICATION_REVOKED: ({server}: GivenApp) => server.disconnectUser('1'),
    SHUTTING_DOWN: ({app}: GivenApp) => app.stop(),
  };
  for (const [code, end] of Object.entries(ends)) {
    it(`of calls in flight: one that a guard never lets through is answered ${code}`, async () => {
      await using slow = await givenSlow({}, {component: {drainTimeout: 50}});
      const {given} = slow;
      const asked = new Gate();
      guard(given, () => {
        asked.open();
        return new Promise(() => undefined);
      });
      await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
      const call = client.call('ping');
      await asked.opened;
      await end(given);
      assert.equal((await call).error.code, code);
      assert.deepEqual(remainsOf(given.server), {connections: 0, running: 0});
    });
  }

  it('of how often a user makes calls hold over all namespaces of a pattern', async () => {
    const limiter = new RateLimiterMemory({points: 2, duration: 60});
    const namespace = /^\/room-\d$/;
    await using slow = await givenSlow({callLimiter: {limiter}, namespace});
    const root = slow.given.app.getSync(RestBindings.SERVER).url;
    await using one = await givenAuthenticated(`${root}/room-1`, {id: '1'}, options);
    await using away = await givenAuthenticated(`${root}/room-2`, {id: '1'}, options);
    await using other = await givenAuthenticated(`${root}/room-2`, {id: '2'}, options);
    for (const client of [one, away]) {
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
    }
    for (const client of [one, away]) {
      assert.equal((await client.call('ping')).error.code, 'TOO_MANY_REQUESTS');
    }
    assert.deepEqual(await other.call('ping'), {result: 'pong'});
  });

  for (const by of [undefined, 'user', 'socket'] as const) {
    it(`of how often calls are made hold for each ${by ?? 'user by default'}`, async () => {
      const limiter = new RateLimiterMemory({points: 2, duration: 60});
      await using slow = await givenSlow({callLimiter: {limiter, ...(by && {by})}});
      const {url} = slow.given.server;
      await using one = await givenAuthenticated(url, {id: '1'}, options);
      await using same = await givenAuthenticated(url, {id: '1'}, options);
      await using other = await givenAuthenticated(url, {id: '2'}, options);
      for (const client of [one, other]) {
        for (let call = 0; call < 2; call++) {
          assert.deepEqual(await client.call('ping'), {result: 'pong'});
        }
      }
      const {error} = await one.call('ping');
      const {retryAfter} = error.details;
      assert.ok(retryAfter > 50_000 && retryAfter <= 60_000, retryAfter);
      assert.deepEqual({error}, tooMany('Too many calls.', {retryAfter}));
      const answer = await same.call('ping');
      assert.equal('error' in answer, by !== 'socket');
    });
  }

  it('of how often calls are made hold calls in flight while they are asked', async () => {
    const asked = new Gate();
    const allowed = new Gate();
    const limiter: RateLimiter = {
      consume: async () => {
        asked.open();
        await allowed.opened;
      },
    };
    await using slow = await givenSlow({callLimiter: {limiter}, maxCallsInFlight: 2});
    const {given} = slow;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    const calls = [1, 2].map(() => client.call('ping'));
    assert.deepEqual(await client.call('ping'), tooMany('Too many calls in flight.'));
    await asked.opened;
    // They came before the stop, so they are run and answered.
    const stopped = given.app.stop();
    await client.next('draining');
    allowed.open();
    for (const call of calls) assert.deepEqual(await call, {result: 'pong'});
    await stopped;
    assert.deepEqual(given.logged, []);
  });

  it('of how often calls are made that are never told do not hold up a stop', async () => {
    const limiter: RateLimiter = {consume: () => new Promise(() => undefined)};
    await using slow = await givenSlow(
      {callLimiter: {limiter}},
      {component: {drainTimeout: 50}},
    );
    const {given} = slow;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    const call = client.call('ping');
    await client.call('none');
    await given.app.stop();
    assert.equal((await call).error.code, 'SHUTTING_DOWN');
  });

  it('of how often calls are made that cannot be told fail the call, and are logged', async () => {
    const limiter: RateLimiter = {
      consume: () => Promise.reject(new Error('Redis is gone.')),
    };
    await using slow = await givenSlow({callLimiter: {limiter}});
    const {given} = slow;
    await using client = await givenAuthenticated(given.server.url, {id: '1'}, options);
    assert.deepEqual(await client.call('ping'), {
      error: {statusCode: 500, message: 'Internal Server Error'},
    });
    assert.deepEqual(
      given.logged.map(([error]) => (error as Error).message),
      ['Redis is gone.'],
    );
  });

  it('of unauthenticated connections hold in all, and refused clients come back', async () => {
    await using slow = await givenSlow(
      {timeout: 10_000},
      {component: {maxUnauthenticated: 2}},
    );
    const {url} = slow.given.server;
    await using one = givenClient(url, options);
    await using two = givenClient(url, options);
    await Promise.all([one.next('connect'), two.next('connect')]);
    await using three = givenClient(url, {...options, reconnectionDelay: 10});
    await three.next('connect_error');
    if (options.transports?.[0] === 'polling') {
      assert.equal(await RawClient.tryOpen(url, 4), 403);
    } else {
      assert.equal(await upgradeStatus(url), 400);
    }
    await one.authenticate({id: '1'});
    await three.next('connect');
    await two[Symbol.asyncDispose]();
    await using four = givenClient(url, {...options, reconnectionDelay: 10});
    await four.next('connect');
    await three.authenticate({id: '1'});
  });

  it('of connections from one address hold, by what REST trusts proxies to say', async () => {
    await using slow = await givenSlow(
      {},
      {
        component: {maxConnectionsPerAddress: 1},
        rest: {expressSettings: {'trust proxy': 1}},
      },
    );
    const {url} = slow.given.server;
    const from = (address: string) => ({
      ...options,
      reconnectionDelay: 10,
      extraHeaders: {'X-Forwarded-For': address},
    });
    await using one = givenClient(url, from('192.0.2.1'));
    await one.next('connect');
    await using other = givenClient(url, from('192.0.2.2'));
    await other.next('connect');
    await using same = givenClient(url, from('198.51.100.7, 192.0.2.1'));
    await same.next('connect_error');
    await one[Symbol.asyncDispose]();
    await same.next('connect');
  });

  for (const failing of [1, 2]) {
    it(`of connections from one address outlive that proxies cannot be told, asked ${failing} times`, async () => {
      let asked = 0;
      await using slow = await givenSlow(
        {},
        {
          component: {maxConnectionsPerAddress: 1},
          rest: {
            expressSettings: {
              'trust proxy': () => {
                if (++asked === failing) throw new Error('Who is that?');
                return true;
              },
            },
          },
        },
      );
      const {logged, server} = slow.given;
      await using client = givenClient(server.url, {
        ...options,
        reconnectionDelay: 10,
        extraHeaders: {'X-Forwarded-For': '192.0.2.1'},
      });
      await client.authenticate({id: '1'});
      assert.equal(client.names.includes('connect_error'), failing === 1);
      assert.deepEqual(
        logged.map(([error]) => (error as Error).message),
        ['Who is that?'],
      );
    });
  }
});
