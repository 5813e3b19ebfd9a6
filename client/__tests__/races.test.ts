import {securityId} from '@loopback/security';
import {SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {followController} from '../../__tests__/helpers/follow-controller';
import {Gate} from '../../__tests__/helpers/gate';
import {Queue} from '../../__tests__/helpers/queue';
import {givenServer} from '../../__tests__/helpers/server';
import {failureOf, givenClient} from './helpers/client';

const LOST = {statusCode: 503, code: 'DISCONNECTED', sent: true};

/** Signals of the calls that run. */
const started = new Queue<AbortSignal>();

const FollowController = followController(started);

interface Claim {
  id: string;
  for?: number;
}

/** A server that believes its clients, and methods that a test holds up. */
async function givenRaces() {
  const claims = new Queue<Claim>();
  const called = new Queue<string>();
  const gate = new Gate();
  const authentication = {ready: Promise.resolve() as Promise<unknown>};
  const accept = async (_socket: unknown, claim: Claim) => {
    claims.push(claim);
    await authentication.ready;
    return {
      [securityId]: claim.id,
      ...(claim.for !== undefined && {expiresAt: Date.now() + claim.for}),
    };
  };
  const given = await givenServer(
    server => {
      server.auth(accept);
      server.defineMethod('ping', () => 'pong');
      server.defineMethod('slow', async (_socket, _credentials, name) => {
        called.push(name);
        await gate.opened;
        return 'done';
      });
    },
    {},
    {
      controllers: [FollowController],
      setup: app => {
        const admin = SocketServer.get(app, 'admin');
        admin.auth(accept);
        admin.defineMethod('ping', () => 'pong');
      },
    },
  );
  const {io, url = ''} = given.server;
  return {
    given,
    io,
    url,
    claims,
    started,
    called,
    gate,
    authentication,
    drop() {
      for (const {conn} of io.sockets.values()) conn.close();
    },
    [Symbol.asyncDispose]: async () => {
      gate.open();
      await given[Symbol.asyncDispose]();
    },
  };
}

describe('A promise of connect', () => {
  it('rejects when the client is disconnected between two attempts', async () => {
    await using one = givenClient('http://127.0.0.1:1', {
      io: {reconnectionDelay: 60_000, reconnectionDelayMax: 60_000},
    });
    const connected = one.client.connect();
    await one.until('disconnected');
    one.client.disconnect();
    assert.deepEqual(await settled(connected), {...LOST, sent: false});
  });
});

describe('A released client', () => {
  it('whose last call is lost with its connection does not come back', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    const {client, states} = one;
    client.retain();
    const call = client.call.slow('a');
    await tested.called.next();
    client.release();
    await new Promise(setImmediate);
    tested.drop();
    assert.deepEqual(await failureOf(call), LOST);
    assert.equal(client.state, 'idle');
    await pause();
    assert.deepEqual(states.slice(4), ['idle']);
  });

  it('whose last call cannot be sent becomes idle, and connects again', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    const {client} = one;
    client.retain();
    const call = client.call.ping(1n);
    client.release();
    assert.deepEqual(await failureOf(call), {
      statusCode: 400,
      code: 'NOT_SENDABLE',
      sent: false,
    });
    assert.equal(client.state, 'idle');
    assert.equal(await client.call.ping(undefined, {timeout: 2000}), 'pong');
  });
});

describe('A listener of the state', () => {
  it('may disconnect a client whose connection is lost; it stays away', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    const {client, states} = one;
    await client.connect();
    let left = false;
    client.subscribe(() => {
      if (client.state !== 'disconnected' || left) return;
      left = true;
      client.disconnect();
    });
    tested.drop();
    await one.until('disconnected');
    await pause();
    assert.equal(states.includes('connecting', 4), false);
    await client.connect();
  });

  it('may disconnect a client that has just been authenticated', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    const {client} = one;
    const stop = client.subscribe(() => {
      if (client.state === 'authenticated') client.disconnect();
    });
    const unsent = {...LOST, sent: false};
    assert.deepEqual(await failureOf(client.call.ping()), unsent);
    assert.equal(client.state, 'disconnected');
    stop();
    void client.connect();
    assert.equal(await client.call.ping(undefined, {timeout: 2000}), 'pong');
  });

  for (const state of ['connecting', 'authenticating']) {
    it(`may disconnect a client that is ${state}`, async () => {
      await using tested = await givenRaces();
      await using one = givenClient(tested.url, {credentials: {id: 'a'}});
      const {client} = one;
      const stop = client.subscribe(() => {
        if (client.state === state) client.disconnect();
      });
      const unsent = {...LOST, sent: false};
      assert.deepEqual(await failureOf(client.connect()), unsent);
      stop();
      await pause();
      assert.equal(client.state, 'disconnected');
      assert.equal(tested.claims.size, 0);
      await client.authenticate({id: 'b'});
      assert.deepEqual(await tested.claims.next(), {id: 'b'});
      assert.equal(tested.claims.size, 0);
    });
  }

  it('that throws disturbs neither the client nor other listeners', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    const {client} = one;
    const thrown: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', error => thrown.push(error));
    try {
      const stop = client.subscribe(() => {
        throw new Error(client.state);
      });
      const later: string[] = [];
      client.subscribe(() => later.push(client.state));
      assert.equal(await client.call.ping(undefined, {timeout: 2000}), 'pong');
      tested.drop();
      await one.until('disconnected');
      assert.equal(await client.call.ping(undefined, {timeout: 2000}), 'pong');
      stop();
      assert.deepEqual(later, one.states.slice(1));
      await new Promise(setImmediate);
      assert.deepEqual(
        thrown.map(error => (error as Error).message),
        later,
      );
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });
});

describe('Credentials that are made slowly', () => {
  it('are made again after disconnect, as for another user', async () => {
    await using tested = await givenRaces();
    const ready = new Gate();
    let id = 'a';
    await using one = givenClient(tested.url, {
      credentials: async () => {
        const own = id;
        if (own === 'a') await ready.opened;
        return {id: own};
      },
    });
    const {client} = one;
    void client.connect();
    await one.until('authenticating');
    client.disconnect();
    id = 'b';
    void client.connect();
    await one.until('authenticating');
    ready.open();
    await client.connect();
    assert.deepEqual(await tested.claims.next(), {id: 'b'});
    assert.equal(tested.claims.size, 0);
  });
});

describe('Credentials that are replaced', () => {
  it('are not followed by old ones that were made slowly', async () => {
    await using tested = await givenRaces();
    const {claims, io} = tested;
    const asked = new Gate();
    const ready = new Gate();
    await using one = givenClient(tested.url, {
      credentials: async reason => {
        if (reason === 'expiring') {
          asked.open();
          await ready.opened;
        }
        return {id: 'a', for: 60_000};
      },
    });
    const {client} = one;
    await client.connect();
    await claims.next();
    io.emit('expiring', {expiresAt: Date.now() + 1000});
    await asked.opened;
    await client.authenticate({id: 'a', for: 90_000});
    assert.deepEqual(await claims.next(), {id: 'a', for: 90_000});
    ready.open();
    await client.call.ping();
    await client.call.ping();
    assert.equal(claims.size, 0);
  });

  it('are not followed by a failure of old ones', async () => {
    await using tested = await givenRaces();
    const asked = new Gate();
    const ready = new Gate();
    await using one = givenClient(tested.url, {
      credentials: async reason => {
        if (reason === 'connect') return {id: 'a'};
        asked.open();
        await ready.opened;
        throw Object.assign(new Error('Logged out.'), {statusCode: 401});
      },
    });
    const {client} = one;
    await client.connect();
    const renewal = client.authenticate();
    await asked.opened;
    await client.authenticate({id: 'a', for: 90_000});
    ready.open();
    await renewal;
    assert.equal(await client.call.ping(), 'pong');
  });

  it('while the server checks others are checked after them', async () => {
    await using tested = await givenRaces();
    const {claims, authentication} = tested;
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    const {client} = one;
    await client.connect();
    await claims.next();
    const ready = new Gate();
    authentication.ready = ready.opened;
    const first = client.authenticate({id: 'a', for: 60_000});
    assert.deepEqual(await claims.next(), {id: 'a', for: 60_000});
    const second = client.authenticate({id: 'b'});
    await client.call.ping();
    ready.open();
    await first;
    const {statusCode} = (await failureOf(second)) as {statusCode: number};
    assert.equal(statusCode, 401);
    assert.deepEqual(await claims.next(), {id: 'b'});
  });
});

describe('A clock that is set', () => {
  /** Runs a function while the clock is an hour ahead. */
  function inAnHour<Result>(run: () => Result): Result {
    const {now} = Date;
    Date.now = () => now() + 3_600_000;
    try {
      return run();
    } finally {
      Date.now = now;
    }
  }

  it('does not shorten the time of a call', async () => {
    await using tested = await givenRaces();
    const {authentication} = tested;
    const ready = new Gate();
    authentication.ready = ready.opened;
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    const {client} = one;
    const call = client.call.slow('a', {timeout: 10_000});
    await tested.claims.next();
    const {now} = Date;
    Date.now = () => now() + 15_000;
    try {
      ready.open();
      await one.until('authenticated');
    } finally {
      Date.now = now;
    }
    await tested.called.next();
    // The server would take 1 ms for the limit.
    await pause();
    tested.gate.open();
    assert.equal(await Promise.race([call, failureOf(call)]), 'done');
  });

  it('like a machine that has slept ends no call with an id; it runs once', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    const {client} = one;
    await client.connect();
    // socket.io-client takes the connection for lost.
    const call = inAnHour(() => client.call.slow('a', {id: true, timeout: 5000}));
    tested.gate.open();
    assert.equal(await call, 'done');
    assert.deepEqual(one.states.slice(4, 5), ['disconnected']);
    assert.equal(await tested.called.next(), 'a');
    assert.equal(tested.called.size, 0);
  });

  it('like a machine that has slept leaves nothing that is sent after disconnect', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    const {client} = one;
    await client.connect();
    const events: string[] = [];
    tested.io.on('connection', socket => {
      socket.onAny(name => events.push(name));
    });
    const call = inAnHour(() => client.call.slow('a'));
    client.disconnect();
    assert.deepEqual(await failureOf(call), {...LOST, sent: false});
    await client.authenticate({id: 'b'});
    assert.equal(await client.call.ping(), 'pong');
    assert.deepEqual(events, ['authentication', 'ping']);
  });

  it('like a machine that has slept leaves no renewal pending', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: () => ({id: 'a'})});
    const {client} = one;
    await client.connect();
    const {now} = Date;
    Date.now = () => now() + 3_600_000;
    let renewal;
    try {
      renewal = client.authenticate();
      await one.until('disconnected');
      client.disconnect();
    } finally {
      Date.now = now;
    }
    assert.deepEqual(await settled(renewal), {...LOST, sent: false});
  });
});

describe('An abort', () => {
  for (const slow of ['client', 'server']) {
    it(`while the ${slow} is slow to authenticate again reaches a call with an id`, async () => {
      await using tested = await givenRaces();
      const {authentication, claims, started} = tested;
      const ready = new Gate();
      const asked = new Queue<unknown>();
      let makes = Promise.resolve();
      await using one = givenClient(tested.url, {
        credentials: async () => {
          asked.push(undefined);
          await makes;
          return {id: 'a'};
        },
      });
      const {client} = one;
      const abort = new AbortController();
      const call = client.call.follow('a', {id: true, signal: abort.signal});
      const signal = await started.next();
      await claims.next();
      await asked.next();
      if (slow === 'client') makes = ready.opened;
      else authentication.ready = ready.opened;
      tested.drop();
      await asked.next();
      if (slow === 'server') await claims.next();
      const answered = new Promise(resolve => {
        for (const {conn} of tested.io.sockets.values()) conn.once('data', resolve);
      });
      abort.abort();
      assert.deepEqual(await failureOf(call), {
        statusCode: 499,
        code: 'CALL_CANCELLED',
        sent: true,
      });
      await Promise.race([answered, pause()]);
      assert.equal(signal.aborted, false);
      ready.open();
      assert.equal(await client.call.ping(), 'pong');
      assert.equal(signal.aborted, true);
    });
  }
});

describe('A client that shares a connection', () => {
  it('is not refused by a message to its socket before', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    await using admin = givenClient(`${tested.url}/admin`, {credentials: {id: 'a'}});
    await Promise.all([one.client.connect(), admin.client.connect()]);
    const {client} = admin;
    tested.io.server
      .of('/admin')
      .emit('unauthorized', {statusCode: 401, message: 'Late.'});
    client.disconnect();
    await client.connect();
    assert.equal(client.state, 'authenticated');
    assert.equal(admin.states.includes('unauthorized'), false);
  });

  it('may authenticate at once after it was refused', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    await using admin = givenClient(`${tested.url}/admin`, {
      credentials: {id: 'a', for: -1},
      io: {reconnectionDelay: 60_000, reconnectionDelayMax: 60_000},
    });
    await one.client.connect();
    const {client} = admin;
    const authenticated = new Promise(resolve => {
      client.subscribe(() => {
        if (client.state === 'unauthorized') resolve(client.authenticate({id: 'a'}));
      });
    });
    void client.connect();
    assert.equal(await settled(authenticated), 'resolved');
    assert.equal(tested.io.server.engine.clientsCount, 1);
  });

  it('has one of its own with forceNew', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    await using admin = givenClient(`${tested.url}/admin`, {
      credentials: {id: 'a'},
      io: {forceNew: true},
    });
    await Promise.all([one.client.connect(), admin.client.connect()]);
    assert.equal(tested.io.server.engine.clientsCount, 2);
    await using third = givenClient(`${tested.url}/admin`, {credentials: {id: 'a'}});
    await third.client.connect();
    assert.equal(tested.io.server.engine.clientsCount, 2);
  });
});

describe('A namespace', () => {
  it('may have letters that a URL encodes', async () => {
    await using given = await givenServer(
      () => undefined,
      {},
      {
        setup: app => {
          const server = SocketServer.get(app, 'rooms', {
            anonymous: true,
            namespace: /^\/räume\/.+$/,
          });
          server.defineMethod('name', socket => socket.nsp.name);
        },
      },
    );
    await using one = givenClient(`${given.server.url}/räume/{a b}?x=1`);
    assert.equal(await one.client.call.name(null, {timeout: 2000}), '/räume/{a b}');
  });
});

describe('A call without a limit', () => {
  it('is sent without one', async () => {
    await using tested = await givenRaces();
    await using one = givenClient(tested.url, {credentials: {id: 'a'}});
    assert.equal(await one.client.call.ping(null, {timeout: Infinity}), 'pong');
  });
});

/** The outcome of a promise that may be pending for good. */
function settled(promise: Promise<unknown>): Promise<unknown> {
  const outcome = promise.then(
    () => 'resolved',
    () => failureOf(promise),
  );
  const late = new Promise(resolve => setTimeout(resolve, 2000, 'pending'));
  return Promise.race([outcome, late]);
}

/** Longer than each delay of a client that comes back. */
function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 60));
}
