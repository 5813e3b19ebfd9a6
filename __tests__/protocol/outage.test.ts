import {authenticate} from '@loopback/authentication';
import {HttpErrors} from '@loopback/rest';
import {securityId} from '@loopback/security';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import {socketAuth} from 'loopback4-socket';
import type {SocketServer, SocketServerOptions} from 'loopback4-socket';
import type {GivenApp} from '../helpers/app';
import {givenApp} from '../helpers/app';
import {givenAuthenticated, givenClient, givenClients} from '../helpers/client';
import type {TestClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {Queue} from '../helpers/queue';
import {describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';
import {addTokenStrategy} from '../helpers/token-strategy';

const UNAVAILABLE = {
  message: 'Authentication is not available. Try again later.',
  statusCode: 503,
  code: 'AUTHENTICATION_UNAVAILABLE',
};

const coded = (code: string, more: object = {}) =>
  Object.assign(new Error('secret'), {code, ...more});

/** Errors that say nothing about credentials. */
const OUTAGES: Readonly<Record<string, unknown>> = {
  'a 5xx error': new HttpErrors.ServiceUnavailable('10.0.0.1 is down'),
  'an exposed 5xx error': Object.assign(new HttpErrors.BadGateway('Back at noon.'), {
    expose: true,
  }),
  'a plain object with a 5xx status': {status: 500},
  'a refused connection': coded('ECONNREFUSED'),
  'a host that is not found': coded('ENOTFOUND', {syscall: 'getaddrinfo'}),
  'a Unix socket that is not there': coded('ENOENT', {syscall: 'connect'}),
  'too many open files': coded('EMFILE', {syscall: 'open'}),
  'a connection that every address has refused': Object.assign(
    new AggregateError([coded('ECONNREFUSED')]),
    {code: 'ECONNREFUSED'},
  ),
  'a failed fetch': new TypeError('fetch failed', {cause: coded('ECONNRESET')}),
  'a fetch that took too long': new TypeError('fetch failed', {
    cause: coded('UND_ERR_CONNECT_TIMEOUT'),
  }),
  'what the option isOutage recognises': coded('P1001'),
};

/** Errors that refuse credentials nevertheless. */
const REFUSALS: Readonly<Record<string, [thrown: unknown, told: object]>> = {
  'a 4xx error because of a system error': [
    Object.assign(new HttpErrors.Unauthorized('No.'), {cause: coded('ECONNREFUSED')}),
    {message: 'No.'},
  ],
  'a 429 error': [
    new HttpErrors.TooManyRequests('Later.'),
    {message: 'Later.', statusCode: 429},
  ],
  'a missing file': [coded('ENOENT', {syscall: 'open'}), {}],
  'a plain Error': [new Error('secret'), {}],
};

const isOutage: SocketServerOptions['isOutage'] = error =>
  (error as {code?: unknown} | undefined)?.code === 'P1001';

/** Opens the gate when a server's next socket has sent that many packets. */
function openAfter({server}: GivenApp, packets: number, gate: Gate): void {
  server.io.once('connection', socket => {
    let arrived = 0;
    socket.onAny(() => {
      if (++arrived === packets) gate.open();
    });
  });
}

/** Sends `authentication` and a call, and holds what comes of them against an outage. */
async function assertAbandoned(client: TestClient, error: object): Promise<void> {
  const [authentication, call] = await Promise.all([
    client.call('authentication', {token: 'ok'}),
    client.call('ping'),
  ]);
  assert.deepEqual(authentication, {error});
  const {statusCode, code} = call.error;
  const expected = error as typeof call.error;
  assert.deepEqual([statusCode, code], [expected.statusCode, expected.code]);
  assert.equal(await client.next('disconnect'), 'transport close');
  assert.ok(client.socket.active, 'comes back by itself');
  assert.deepEqual(client.names, ['connect', 'disconnect']);
}

describeSection('Outage', options => {
  const staying = {...options, reconnection: false};

  const handlers: Record<string, (server: SocketServer, fail: () => unknown) => void> = {
    'the authentication handler': (server, fail) => server.auth(fail),
    'a connected handler': (server, fail) => server.onConnected(fail),
  };
  for (const [handler, define] of Object.entries(handlers)) {
    for (const [title, thrown] of Object.entries(OUTAGES)) {
      it(`is ${title}, thrown by ${handler}`, async () => {
        const gate = new Gate();
        await using given = await givenServer(
          server => {
            define(server, async () => {
              await gate.opened;
              throw thrown;
            });
            server.defineMethod('ping', () => 'pong');
          },
          {isOutage},
        );
        openAfter(given, 2, gate);
        await using client = givenClient(given.server.url, staying);
        await assertAbandoned(client, UNAVAILABLE);
        assert.deepEqual(
          given.logged.map(([error, status]) => [error, status]),
          [[thrown, 503]],
        );
      });
    }

    for (const [title, [thrown, told]] of Object.entries(REFUSALS)) {
      it(`is not ${title}, thrown by ${handler}`, async () => {
        await using given = await givenServer(
          server =>
            define(server, () => {
              throw thrown;
            }),
          {isOutage},
        );
        await using client = givenClient(given.server.url, staying);
        client.socket.emit('authentication', {token: 'ok'});
        assert.deepEqual(await client.next('unauthorized'), {
          message: 'Authentication failed.',
          statusCode: 401,
          code: 'AUTHENTICATION_FAILED',
          ...told,
        });
        assert.equal(await client.next('disconnect'), 'io server disconnect');
      });
    }
  }

  class AdminController {
    @authenticate('token')
    @socketAuth()
    authenticate() {
      return assert.fail('It must not run.');
    }
  }
  const strategies = {
    'of a server': {servers: {'': {authentication: 'token'}}},
    'of @authenticate': {controllers: [AdminController]},
  };
  for (const [title, app] of Object.entries(strategies)) {
    it(`is what a strategy ${title} throws that REST answers with 5xx`, async () => {
      const gateway = new HttpErrors.BadGateway();
      for (const thrown of [new Error('secret'), 'text', undefined, gateway]) {
        await using given = await givenApp({
          ...app,
          setup: one => addTokenStrategy(one, () => Promise.reject(thrown)),
        });
        await using client = givenClient(given.server.url, staying);
        const reply = await client.call('authentication', 'ana');
        assert.deepEqual(reply, {error: UNAVAILABLE});
        assert.equal(await client.next('disconnect'), 'transport close');
        assert.deepEqual(
          given.logged.map(([error]) => error),
          [thrown],
        );
      }
    });
  }

  it('is over for a client that connects again by itself', async () => {
    let attempts = 0;
    await using given = await givenServer(server => {
      server.auth(() => {
        if (++attempts < 3) throw coded('ECONNREFUSED');
        return {name: 'ana'};
      });
      server.defineMethod('ping', () => 'pong');
    });
    await using client = givenClient(given.server.url, {
      ...options,
      auth: {token: 'ok'},
      reconnectionDelay: 10,
    });
    await client.next('authenticated');
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    assert.equal(client.names.includes('unauthorized'), false);
    assert.equal(given.logged.length, 2);
  });

  for (const [title, recognise] of [
    ['throws', () => assert.fail('a fault')],
    ['rejects', () => Promise.reject(new Error('a fault'))],
    ['answers with what is not true', () => 1],
  ] as const) {
    it(`is not recognised by an option isOutage that ${title}`, async () => {
      await using given = await givenServer(
        server =>
          server.auth(() => {
            throw new Error('secret');
          }),
        {isOutage: recognise as unknown as () => boolean},
      );
      await using client = givenClient(given.server.url, staying);
      client.socket.emit('authentication', {});
      assert.equal((await client.next('unauthorized')).code, 'AUTHENTICATION_FAILED');
      const messages = given.logged.map(([error]) => (error as Error).message).sort();
      const fault = title.startsWith('answers') ? [] : ['a fault'];
      assert.deepEqual(messages, [...fault, 'secret']);
    });
  }

  /** Servers `/` and `/admin`, on which credentials say what becomes of them. */
  async function givenTwo(gate = new Gate()) {
    const check = async (_socket: unknown, {wait, fail}: Record<string, boolean>) => {
      if (wait) await gate.opened;
      if (fail) throw coded('ECONNREFUSED');
      return {name: 'ana'};
    };
    const given = await givenServer(
      server => {
        server.auth(check);
        server.defineMethod('ping', () => 'pong');
      },
      {},
      {servers: {admin: {}}, start: false},
    );
    given.get('admin').auth(check);
    await given.app.start();
    return given;
  }

  it('leaves another namespace of the connection alone that is authenticated', async () => {
    await using given = await givenTwo();
    const [root, admin] = givenClients(given.server.url, ['/', '/admin'], staying);
    await using _root = root;
    await root.authenticate({});
    admin.socket.emit('authentication', {fail: true});
    assert.equal(await admin.next('disconnect'), 'io server disconnect');
    assert.equal(admin.names.includes('unauthorized'), false);
    assert.deepEqual(await root.call('ping'), {result: 'pong'});
    admin.socket.connect();
    await admin.authenticate({});
  });

  it('closes the connection when all of its namespaces have one', async () => {
    await using given = await givenTwo();
    const clients = givenClients(given.server.url, ['/', '/admin'], staying);
    await using _root = clients[0];
    await Promise.all(clients.map(client => client.next('connect')));
    for (const {socket} of clients) socket.emit('authentication', {fail: true});
    for (const client of clients) {
      assert.equal(await client.next('disconnect'), 'transport close');
      assert.ok(client.socket.active);
    }
  });

  it('waits for the outcome of another namespace of the connection', async () => {
    const gate = new Gate();
    await using given = await givenTwo(gate);
    const [root, admin] = givenClients(given.server.url, ['/', '/admin'], staying);
    await using _root = root;
    await Promise.all([root.next('connect'), admin.next('connect')]);
    root.socket.emit('authentication', {wait: true});
    assert.deepEqual(await admin.call('authentication', {fail: true}), {
      error: UNAVAILABLE,
    });
    gate.open();
    await root.next('authenticated');
    assert.equal(await admin.next('disconnect'), 'io server disconnect');
    assert.deepEqual(await root.call('ping'), {result: 'pong'});
  });

  it('keeps a socket that waits for another out of its rooms', async () => {
    const gate = new Gate();
    await using given = await givenTwo(gate);
    const admin = given.get('admin');
    admin.onConnected(async socket => {
      await socket.join('room');
      throw coded('ECONNREFUSED');
    });
    const [root, other] = givenClients(given.server.url, ['/', '/admin'], staying);
    await using _root = root;
    await Promise.all([root.next('connect'), other.next('connect')]);
    root.socket.emit('authentication', {wait: true});
    await other.call('authentication', {});
    assert.equal((await admin.io.fetchSockets()).length, 0);
    admin.emit('news');
    admin.to('room').emit('news');
    gate.open();
    await other.next('disconnect');
    assert.equal(other.names.includes('news'), false);
  });

  it('on renewal leaves the old authentication as it is, until that ends', async () => {
    let broken = false;
    await using given = await givenServer(
      server => {
        server.auth((_socket, {name}: {name: string}) => {
          if (broken) throw coded('ECONNREFUSED');
          return {[securityId]: '1', name, expiresAt: Date.now() + 500};
        });
        server.defineMethod('who', (_socket, {name}: {name: string}) => name);
      },
      {expiryNotice: 10_000},
    );
    await using client = await givenAuthenticated(
      given.server.url,
      {name: 'ana'},
      staying,
    );
    broken = true;
    for (let times = 0; times < 2; times++) {
      const reply = await client.call('authentication', {name: 'eva'});
      assert.deepEqual(reply, {error: UNAVAILABLE});
      assert.deepEqual(await client.call('who'), {result: 'ana'});
    }
    broken = false;
    assert.deepEqual(await client.call('authentication', {name: 'eva'}), {result: true});
    assert.deepEqual(await client.call('who'), {result: 'eva'});
    broken = true;
    await client.call('authentication', {name: 'ana'});
    assert.equal((await client.next('unauthorized')).code, 'AUTHENTICATION_EXPIRED');
    assert.equal(given.logged.length, 3);
  });
});

describeSection('Turns', options => {
  const staying = {...options, reconnection: false};

  /** A server that authenticates when it is told to; those that it has begun are in `begun`. */
  async function givenTurns(
    concurrent: number | false,
    timeout: number | false = 10_000,
  ) {
    const begun = new Queue<{name: string; decide: (user: unknown) => void}>();
    const given = await givenServer(
      server => {
        server.auth(
          (_socket, {name}: {name: string}) =>
            new Promise(decide => begun.push({name, decide})),
        );
        server.defineMethod('ping', () => 'pong');
      },
      {timeout},
      {component: {authentications: {concurrent}}},
    );
    /** Sends credentials, and waits until they have arrived. */
    const send = async (client: TestClient, name: string) => {
      await client.next('connect');
      const arrived = new Promise<void>(resolve => {
        given.server.io.sockets.get(client.socket.id!)?.onAny(() => resolve());
      });
      client.socket.emit('authentication', {name});
      await arrived;
    };
    return {given, begun, send};
  }

  it('are taken in order, no more than so many at once', async () => {
    const {given, begun, send} = await givenTurns(2);
    await using _given = given;
    const names = ['a', 'b', 'c', 'd', 'e'];
    const clients = names.map(() => givenClient(given.server.url, staying));
    for (const [at, client] of clients.entries()) await send(client, names[at]);
    const order: string[] = [];
    for (let running = [await begun.next(), await begun.next()]; ;) {
      assert.equal(begun.size, 0, 'more at once than two');
      const [first, ...others] = running;
      order.push(first.name);
      first.decide({});
      if (order.length === names.length) break;
      running = order.length < 4 ? [...others, await begun.next()] : others;
    }
    assert.deepEqual(order, names);
    for (const client of clients) {
      await client.next('authenticated');
      await client[Symbol.asyncDispose]();
    }
  });

  it('are not taken where there is no limit', async () => {
    const {given, begun, send} = await givenTurns(false);
    await using _given = given;
    const clients = Array.from({length: 60}, () =>
      givenClient(given.server.url, staying),
    );
    await Promise.all(clients.map(client => send(client, 'any')));
    for (let count = 0; count < clients.length; count++) (await begun.next()).decide({});
    for (const client of clients) {
      await client.next('authenticated');
      await client[Symbol.asyncDispose]();
    }
  });

  it('start the time that an authentication may take', async () => {
    const {given, begun, send} = await givenTurns(1, 250);
    await using _given = given;
    // Two that hang, after which the third one has waited for longer than its time.
    await using first = givenClient(given.server.url, staying);
    await send(first, 'first');
    await using second = givenClient(given.server.url, staying);
    await send(second, 'second');
    await using third = givenClient(given.server.url, staying);
    await send(third, 'third');
    const turns = [await begun.next(), await begun.next(), await begun.next()];
    assert.deepEqual(
      turns.map(({name}) => name),
      ['first', 'second', 'third'],
    );
    turns[2].decide({});
    await third.next('authenticated');
    for (const client of [first, second]) {
      assert.equal(await client.next('disconnect'), 'transport close');
    }
  });

  it('go on when a client leaves that waits, or whose handler hangs', async () => {
    const {given, begun, send} = await givenTurns(1, 200);
    await using _given = given;
    await using hanging = givenClient(given.server.url, staying);
    await send(hanging, 'hangs');
    await begun.next();
    const waiting = givenClient(given.server.url, staying);
    await send(waiting, 'leaves');
    const [socket] = [...given.server.io.sockets.values()].slice(-1);
    const left = new Promise(resolve => socket.once('disconnect', resolve));
    await waiting[Symbol.asyncDispose]();
    await left;
    await using next = givenClient(given.server.url, staying);
    await send(next, 'next');
    const {name, decide} = await begun.next();
    assert.equal(name, 'next');
    decide({});
    await next.next('authenticated');
    assert.equal(await hanging.next('disconnect'), 'transport close');
  });

  it('are taken by renewals too', async () => {
    const {given, begun, send} = await givenTurns(1);
    await using _given = given;
    await using client = givenClient(given.server.url, staying);
    await send(client, 'ana');
    (await begun.next()).decide({name: 'ana'});
    await client.next('authenticated');
    await using other = givenClient(given.server.url, staying);
    await send(other, 'ben');
    const {decide} = await begun.next();
    const renewal = client.call('authentication', {name: 'ana'});
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    assert.equal(begun.size, 0);
    decide({name: 'ben'});
    (await begun.next()).decide({name: 'ana'});
    assert.deepEqual(await renewal, {result: true});
  });
});
