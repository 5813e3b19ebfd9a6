import assert from 'node:assert/strict';
import {it} from 'node:test';
import {authenticateByToken} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {remainsOf} from '../helpers/endpoint-remains';
import {Queue} from '../helpers/queue';
import {RawClient} from '../helpers/raw-client';
import {describeFrames, describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';

const within = {timeout: 10_000};

const SHUTTING_DOWN = {
  error: {
    statusCode: 503,
    name: 'Service Unavailable',
    message: 'The server is stopping.',
    code: 'SHUTTING_DOWN',
  },
};

/** The answer to `authentication`. */
const UNAUTHORIZED = {
  statusCode: 503,
  message: 'The server is stopping.',
  code: 'SHUTTING_DOWN',
};

describeSection('A server that stops', options => {
  it('answers calls in flight, refuses others, then closes the connection', async () => {
    const entered = new Gate();
    const gate = new Gate();
    await using given = await givenServer(server => {
      server.defineMethod('slow', async () => {
        entered.open();
        await gate.opened;
        return 'done';
      });
    });
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    const slow = client.call('slow');
    await entered.opened;
    const stopped = given.server.stop();
    client.socket.emit('authentication', {token: 'bad'});
    const {error} = await client.call('authentication', {token: 'bad'});
    assert.deepEqual(error, UNAUTHORIZED);
    assert.deepEqual(await client.call('slow'), SHUTTING_DOWN);
    gate.open();
    assert.deepEqual(await slow, {result: 'done'});
    assert.equal(await client.next('disconnect'), 'transport close');
    await stopped;
    assert.equal(client.socket.active, true, 'comes back by itself');
    assert.deepEqual(given.logged, []);
  });

  it('answers calls that wait for authentication', async () => {
    const entered = new Gate();
    const gate = new Gate();
    await using given = await givenServer(server => {
      server.auth(async (socket, credentials) => {
        await gate.opened;
        return authenticateByToken(socket, credentials);
      });
      server.defineMethod('ping', () => 'pong');
    });
    given.server.io.once('connection', socket => {
      socket.onAny(name => {
        if (name === 'ping') setImmediate(entered.open);
      });
    });
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {token: 'ok'});
    const call = client.call('ping');
    await entered.opened;
    const stopped = given.server.stop();
    assert.deepEqual(await call, SHUTTING_DOWN);
    gate.open();
    await stopped;
  });

  for (const [title, authenticate] of [
    ['at first', () => new Promise(() => undefined)],
    [
      'on renewal',
      (_socket: unknown, first: boolean) => first || new Promise(() => undefined),
    ],
  ] as const) {
    it(`answers an \`authentication\` that is under way ${title}`, async () => {
      const arrived = new Gate();
      await using given = await givenServer(
        server => server.auth(authenticate),
        {timeout: false},
        {component: {drainTimeout: 20}},
      );
      given.server.io.once('connection', socket => {
        let left = 2;
        socket.onAny((_name, first) => {
          if (first === false && --left === 0) setImmediate(arrived.open);
        });
      });
      await using client = givenClient(given.server.url, options);
      if (title === 'on renewal') await client.authenticate(true);
      const replies = Promise.all([
        client.call('authentication', false),
        client.call('authentication', false),
      ]);
      await arrived.opened;
      const stopped = given.app.stop();
      for (const {error} of await replies) assert.deepEqual(error, UNAUTHORIZED);
      assert.equal(await client.next('disconnect'), 'transport close');
      await stopped;
    });
  }

  it('waits no longer than `drainTimeout`', async () => {
    const entered = new Gate();
    await using given = await givenServer(
      server => {
        server.defineMethod('hang', () => {
          entered.open();
          return new Promise(() => undefined);
        });
      },
      {},
      {component: {drainTimeout: 20}},
    );
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    const answer = client.call('hang');
    await entered.opened;
    await given.server.stop();
    assert.equal((await answer).error.code, 'SHUTTING_DOWN');
    assert.equal(await client.next('disconnect'), 'transport close');
  });

  it('keeps nothing of calls that it has answered itself', within, async () => {
    const entered = new Queue<void>();
    await using given = await givenServer(
      server => {
        server.defineMethod('hang', () => {
          entered.push();
          return new Promise(() => undefined);
        });
      },
      {},
      {component: {drainTimeout: 20}},
    );
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    const answers = [1, 2, 3].map(() => client.call('hang'));
    for (const _answer of answers) await entered.next();
    await given.server.stop();
    for (const answer of answers) assert.deepEqual(await answer, SHUTTING_DOWN);
    assert.deepEqual(remainsOf(given.server), {connections: 0, running: 0});
  });

  for (const place of ['guard', 'limiter']) {
    it(
      `waits for no call of a client that has left, however many waited for a ${place}`,
      within,
      async () => {
        const waiting = new Queue<void>();
        const left = new Gate();
        const hang = () => {
          waiting.push();
          return new Promise<never>(() => undefined);
        };
        const limiter = {consume: hang};
        await using given = await givenServer(
          server => {
            server.defineMethod('ping', () => 'pong');
            server.onDisconnected(() => left.open());
          },
          place === 'limiter' ? {callLimiter: {limiter}} : {},
          {component: {drainTimeout: 3_600_000}},
        );
        if (place === 'guard') {
          given.server.io.on('connection', socket => socket.use(() => void hang()));
        }
        const client = await givenAuthenticated(given.server.url, undefined, options);
        for (let call = 0; call < 5; call++) client.socket.emit('ping', {});
        for (let call = 0; call < 5; call++) await waiting.next();
        await client[Symbol.asyncDispose]();
        await left.opened;
        await given.server.stop();
      },
    );
  }

  it('does not wait for a call whose guard has ended the connection', async () => {
    await using given = await givenServer(
      server => server.defineMethod('ping', () => 'pong'),
      {},
      {component: {drainTimeout: 3_600_000}},
    );
    given.server.io.on('connection', socket => {
      socket.use(() => void socket.disconnect());
    });
    await using client = await givenAuthenticated(given.server.url, undefined, options);
    client.socket.emit('ping', {});
    assert.equal(await client.next('disconnect'), 'io server disconnect');
    await given.server.stop();
  });
});

describeSection('draining', options => {
  it('is sent to authenticated clients, each told another time', async () => {
    await using given = await givenServer(
      server => {
        server.defineMethod('slow', () => gate.opened);
      },
      {},
      {component: {reconnectWindow: 60_000}},
    );
    const gate = new Gate();
    const {url} = given.server;
    await using silent = givenClient(url, options);
    await silent.next('connect');
    const clients = await Promise.all(
      Array.from({length: 10}, () => givenAuthenticated(url, undefined, options)),
    );
    const slow = clients[0].call('slow');
    await clients[0].call('none');
    const stopped = given.app.stop();
    const times = await Promise.all(
      clients.map(async client => {
        const {reconnectAfter} = await client.next('draining');
        return reconnectAfter as number;
      }),
    );
    // New ones are refused meanwhile.
    await using late = givenClient(url, options);
    await late.next('connect_error');
    gate.open();
    assert.deepEqual(await slow, {});
    await stopped;
    for (const time of times) assert.ok(time >= 0 && time <= 60_000, String(time));
    // Ten at random lie this close together about once in a million times.
    assert.ok(Math.max(...times) - Math.min(...times) > 5000, times.join());
    assert.equal(silent.names.includes('draining'), false);
    for (const client of [silent, ...clients]) {
      assert.equal(await client.next('disconnect'), 'transport close');
      await client[Symbol.asyncDispose]();
    }
  });
});

describeFrames('A server that stops', () => {
  // Frames that close the connection, with no request that could carry the server's goodbye.
  for (const [title, ...frames] of [
    ['never fetches the goodbye', '42[null]'],
    ['leaves before it could fetch the goodbye', '42[null]', '1'],
    ['joins twice and leaves before it could fetch the goodbye', '40', '1'],
  ]) {
    it(`does not wait for a polling client that ${title}`, async () => {
      const timers = () =>
        process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
      const before = timers();
      await using given = await givenServer(
        undefined,
        {},
        {component: {drainTimeout: 20}},
      );
      const client = await RawClient.join(given.server.url);
      await client.send(...frames);
      await given.app.stop();
      assert.equal(timers(), before);
    });
  }
});
