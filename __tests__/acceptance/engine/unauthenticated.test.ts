import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import type {Socket, SocketServerOptions} from 'loopback4-socket';
import type {Server as IoServer} from 'socket.io';
import {Decoder, Encoder} from 'socket.io-parser';
import {childrenOf, connectingSockets} from '../../../dist/engine/internals';
import {authenticateByToken, givenApp} from '../../helpers/app';
import type {GivenApp} from '../../helpers/app';
import {once} from '../../helpers/awaited';
import {
  givenAuthenticated,
  givenClient,
  givenClients,
  TestClient,
} from '../../helpers/client';
import {RawClient} from '../../helpers/raw-client';
import {Queue} from '../../helpers/queue';
import {RawSocket, upgradeRequest} from '../../helpers/raw-socket';
import {givenServer} from '../../helpers/server';

const TIMEOUT = 100;
/** The limit of unauthenticated connections. */
const MOST = 3;
const COUNTED = {component: {maxUnauthenticated: MOST}};
const TRANSPORTS = ['websocket', 'polling'] as const;
const ROOMS: SocketServerOptions['namespace'] = /^\/room-\d+$/;
const NEVER = new Promise<never>(() => undefined);

interface Given extends AsyncDisposable {
  readonly app: GivenApp;
  readonly url: string;
  /** The engine's side of each connection, as it comes. */
  readonly connections: Queue<Socket['conn']>;
}

/** Servers `/`, `/room-…` and `/function-…`, all of which give their clients `TIMEOUT` ms. */
async function givenServers(
  setup: (server: SocketServer, rooms: SocketServer) => void = () => undefined,
): Promise<Given> {
  const connections = new Queue<Socket['conn']>();
  const options = {timeout: TIMEOUT};
  const app = await givenApp({
    setup: async loopback => {
      const server = SocketServer.get(loopback, undefined, options);
      const rooms = SocketServer.get(loopback, 'rooms', {...options, namespace: ROOMS});
      const functions = SocketServer.get(loopback, 'functions', {
        ...options,
        namespace: (name, auth, next) => {
          if (!auth.hang) next(null, name.startsWith('/function'));
        },
      });
      for (const one of [server, rooms, functions]) {
        one.auth((socket, credentials) =>
          credentials?.hang ? NEVER : authenticateByToken(socket, credentials),
        );
      }
      server.defineMethod('ping', () => 'pong');
      await loopback.init();
      setup(server, rooms);
      const io: IoServer = await loopback.get(SocketBindings.IO);
      io.engine.on('connection', connection => connections.push(connection));
    },
  });
  return {
    app,
    url: app.server.url ?? '',
    connections,
    [Symbol.asyncDispose]: () => Promise.resolve(app[Symbol.asyncDispose]()),
  };
}

/** Settles once the server has let go of the next connection. */
async function gone({connections}: Given): Promise<void> {
  const connection = await connections.next();
  if (connection.readyState !== 'closed') await once(connection, 'close');
}

for (const transport of TRANSPORTS) {
  const transports = {transports: [transport], reconnection: false};

  describe(`an unauthenticated client over ${transport}`, () => {
    it('is gone when it never sends credentials', async () => {
      await using given = await givenServers();
      await using client = givenClient(given.url, transports);
      await gone(given);
      assert.equal((await client.next('unauthorized')).statusCode, 408);
      assert.equal(await client.next('disconnect'), 'io server disconnect');
    });

    it('is gone when its authentication hangs, whatever comes of it', async () => {
      let settle!: (user: object) => void;
      await using given = await givenServers();
      given.app.server.auth(() => new Promise(resolve => (settle = resolve)));
      await using client = givenClient(given.url, {...transports, auth: {token: 'ok'}});
      await gone(given);
      assert.equal(await client.next('disconnect'), 'transport close');
      settle({});
      given.app.server.auth(authenticateByToken);
      await using other = await givenAuthenticated(given.url);
      assert.equal((await given.app.server.io.fetchSockets()).length, 1);
      assert.deepEqual(client.names, ['connect', 'disconnect']);
      void other;
    });

    it('is gone when a middleware never calls next', async () => {
      await using given = await givenServers(server => server.io.use(() => undefined));
      await using client = givenClient(given.url, transports);
      await gone(given);
      assert.ok(!client.names.includes('connect'));
      assert.equal(connectingSockets(given.app.server.io).size, 0);
    });

    it('is gone when a namespace function never answers', async () => {
      await using given = await givenServers();
      const auth = {hang: true};
      await using client = givenClient(`${given.url}/function`, {...transports, auth});
      await gone(given);
      assert.ok(!client.names.includes('connect'));
    });

    it('is gone when it has left the namespace', async () => {
      await using given = await givenServers();
      const [client, other] = givenClients(given.url, ['/', '/room-1'], transports);
      await using _client = client;
      await Promise.all([client.next('connect'), other.next('connect')]);
      client.socket.disconnect();
      other.socket.disconnect();
      await gone(given);
    });

    it('is gone when it left while another namespace hangs', async () => {
      await using given = await givenServers();
      const [client, other] = givenClients(given.url, ['/', '/function'], {
        ...transports,
        auth: {hang: true},
      });
      await using _client = client;
      await client.next('connect');
      client.socket.disconnect();
      await gone(given);
      assert.ok(!other.names.includes('connect'));
    });

    it('is gone when it goes from one namespace to the next', async () => {
      await using given = await givenServers();
      await using client = givenClient(`${given.url}/room-0`, transports);
      await client.next('connect');
      const {io} = client.socket;
      let room = 0;
      const hop = () => {
        const socket = io.socket(`/room-${++room}`);
        socket.on('connect', () => {
          hop();
          socket.disconnect();
        });
        socket.on('connect_error', hop);
      };
      hop();
      await gone(given);
      assert.ok(room > 1);
      io.reconnection(false);
    });

    it('is gone when it has opened several; the ninth is refused', async () => {
      await using given = await givenServers();
      const names = Array.from({length: 9}, (_, at) => `/room-${at}`);
      const clients = givenClients(given.url, names, transports);
      await using _first = clients[0];
      const refusal = await clients[8].next('connect_error');
      assert.deepEqual(refusal.data, {
        message: 'Authenticate before joining more namespaces.',
        statusCode: 429,
        code: 'TOO_MANY_REQUESTS',
      });
      await Promise.all(clients.slice(0, 8).map(client => client.next('connect')));
      // One that is left makes room for another.
      clients[0].socket.disconnect();
      await given.connections.next().then(connection => once(connection, 'close'));
    });

    it('may open more once a socket of its is authenticated', async () => {
      await using given = await givenServers();
      await using client = await givenAuthenticated(given.url, undefined, transports);
      for (let room = 0; room < 20; room++) {
        const socket = client.socket.io.socket(`/room-${room}`, {auth: {token: 'ok'}});
        await new Promise(resolve => socket.once('authenticated', resolve));
      }
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
    });

    it('may not open more than eight at a time even then', async () => {
      await using given = await givenServers();
      await using client = await givenAuthenticated(given.url, undefined, transports);
      const {io} = client.socket;
      const sockets = Array.from({length: 9}, (_, room) =>
        io.socket(`/room-${room}`, {auth: {hang: true}}),
      );
      const refusal = await new Promise<Error & {data?: {code: string}}>(resolve =>
        sockets[8].once('connect_error', resolve),
      );
      assert.equal(refusal.data?.code, 'TOO_MANY_REQUESTS');
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
    });

    it('may send 64 KiB at once, and more when it is authenticated', async () => {
      await using given = await givenServers();
      const long = 'x'.repeat(64 * 1024);
      await using client = givenClient(given.url, transports);
      await client.next('connect');
      client.socket.emit('authentication', {token: 'ok', long});
      const ends = ['disconnect', 'authenticated'].map(name => client.next<string>(name));
      assert.match(await Promise.race(ends), /^transport/);
      await using other = await givenAuthenticated(given.url, undefined, transports);
      assert.deepEqual(await other.call('ping', long), {result: 'pong'});
    });

    it('that is authenticated in time stays', async () => {
      await using given = await givenServers();
      await using client = await givenAuthenticated(given.url, undefined, transports);
      await using other = givenClient(given.url, transports);
      await other.next('unauthorized');
      await other.next('disconnect');
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
    });
  });
}

describe('an unauthenticated client', () => {
  it('has no time left in a namespace that gives it less than it has had', async t => {
    await using given = await givenApp({
      setup: async loopback => {
        SocketServer.get(loopback, undefined, {timeout: 5000}).auth(() => true);
        const brief = {timeout: 20, namespace: '/brief'};
        SocketServer.get(loopback, 'brief', brief).auth(() => true);
        await loopback.init();
      },
    });
    const url = given.server.url ?? '';
    await using client = givenClient(url, {reconnection: false});
    await client.next('connect');
    const joined = performance.now();
    while (performance.now() - joined < 40) await client.call('any');
    const {mock} = t.mock.method(globalThis, 'setTimeout');
    await using brief = new TestClient(client.socket.io.socket('/brief'));
    assert.equal((await brief.next('unauthorized')).code, 'AUTHENTICATION_TIMEOUT');
    const delays = mock.calls.map(({arguments: [, delay]}) => delay ?? 0);
    // Node 22 warns of it on the process's standard error.
    assert.deepEqual(
      delays.filter(delay => !(delay >= 0)),
      [],
    );
    mock.restore();
  });
});

describe('an unauthenticated client by hand', () => {
  it('is gone when it only opens a websocket', async () => {
    await using given = await givenServers();
    await using raw = await RawSocket.upgrade(given.url);
    await gone(given);
    await raw.ended;
  });

  it('is gone when it joins, and answers no close handshake', async () => {
    await using given = await givenServers();
    await using raw = await RawSocket.upgrade(given.url);
    raw.send('40');
    await gone(given);
    await raw.ended;
  });

  it('is gone when it leaves and joins again and again', async () => {
    await using given = await givenServers();
    await using raw = await RawSocket.upgrade(given.url);
    const state = {ended: false};
    const end = raw.ended.then(() => (state.ended = true));
    while (!state.ended) {
      for (const frame of ['40', '41', '40/room-1,', '41/room-1,']) raw.send(frame);
      await new Promise(setImmediate);
    }
    await end;
    await gone(given);
  });

  for (const [title, frames] of [
    ['probes an upgrade, and never upgrades', ['2probe']],
    ['opens a websocket to upgrade, and says nothing', []],
  ] as const) {
    it(`is gone when it ${title}`, async () => {
      await using given = await givenServers();
      await using client = await RawClient.open(given.url);
      const upgrade = `/socket.io/?EIO=4&transport=websocket&sid=${client.sid}`;
      await using raw = await RawSocket.upgrade(given.url, upgrade);
      for (const frame of frames) raw.send(frame);
      // One more is turned away, and must not stay either.
      await using other = await RawSocket.upgrade(given.url, upgrade);
      await gone(given);
      await Promise.all([raw.ended, other.ended]);
    });
  }

  for (const [title, length, sent] of [
    ['is small', 1000, 1],
    ['is too large', 10_000_000, 100_000],
  ] as const) {
    it(`is gone when it never sends the rest of a request that ${title}`, async () => {
      await using given = await givenServers();
      await using client = await RawClient.open(given.url);
      await using raw = await RawSocket.connect(given.url);
      const {pathname, search} = new URL(client.url);
      raw.write(
        `POST ${pathname}${search} HTTP/1.1\r\nHost: localhost\r\n` +
          `Content-Length: ${length}\r\n\r\n${'x'.repeat(sent)}`,
      );
      await gone(given);
      await raw.ended;
    });
  }

  it('is gone when it was authenticated, while another’s namespace function never answers', async () => {
    await using given = await givenServers();
    await using client = await RawClient.join(given.url);
    await client.send('42["authentication",{"token":"ok"}]');
    assert.equal(await client.next(), '42["authenticated",true]');
    await using other = await RawClient.open(given.url);
    await other.send('40/function,{"hang":true}');
    given.app.server.io.disconnectSockets();
    assert.equal(await client.next(), '41');
    assert.equal(await client.next(), undefined);
  });

  it('is gone when it opens a polling transport and never polls', async () => {
    await using given = await givenServers();
    await using client = await RawClient.open(given.url);
    await gone(given);
    assert.equal(await client.isOpen(), false);
  });

  it('is gone when it joins by polling and never polls again', async () => {
    await using given = await givenServers();
    await using client = await RawClient.open(given.url);
    await client.send('40');
    await gone(given);
    assert.equal(await client.isOpen(), false);
  });

  it('is counted until it is gone, though socket.io is done with it', async () => {
    await using app = await givenServer(() => undefined, {timeout: TIMEOUT}, COUNTED);
    const url = app.server.url ?? '';
    const {engine} = await app.app.get(SocketBindings.IO);
    const opened: Promise<unknown>[] = [];
    engine.on('connection', (connection: Socket['conn']) =>
      opened.push(once(connection, 'close')),
    );
    for (let count = 0; count < MOST; count++) {
      const client = await RawClient.open(url);
      await client.send('40');
      // A namespace that it has not joined, which socket.io takes for a protocol error.
      await client.send('42/nowhere,["x"]');
    }
    assert.equal(await RawClient.tryOpen(url, 4), 403);
    await Promise.all(opened);
    assert.equal(await RawClient.tryOpen(url, 4), 200);
  });

  it('is not counted when a listener of the application’s closes it at once', async () => {
    const component = {
      ...COUNTED.component,
      maxConnectionsPerAddress: MOST,
      // socket.io keeps this timer of a connection that is closed before it sees it.
      io: {connectTimeout: 100},
    };
    await using app = await givenServer(() => undefined, {}, {component});
    const {engine} = await app.app.get(SocketBindings.IO);
    const close = (connection: Socket['conn']) => connection.close(true);
    engine.prependListener('connection', close);
    for (let count = 0; count <= MOST; count++) {
      const raw = await RawSocket.upgrade(app.server.url);
      raw.reset();
    }
    engine.off('connection', close);
    await using _client = await givenAuthenticated(app.server.url);
  });

  it('does not hold up a stop when its upgrade was refused', async () => {
    await using app = await givenServer();
    await using raw = await RawSocket.connect(app.server.url);
    const request = upgradeRequest('/socket.io/?EIO=4&transport=websocket');
    raw.write(request.replace('dGhlIHNhbXBsZSBub25jZQ==', 'short'));
    assert.match(await raw.head(), /^HTTP\/1\.1 400 /);
    raw.reset();
    await app.app.stop();
  });

  it('is not counted any more when it is gone, whatever decodes its packets', async () => {
    class OwnDecoder extends Decoder {
      override destroy = () => Decoder.prototype.destroy.call(this);
      readonly connection = 'own';
    }
    const parser = {Encoder, Decoder: OwnDecoder};
    const component = {...COUNTED.component, io: {parser}};
    await using app = await givenServer(() => undefined, {}, {component});
    const {engine} = await app.app.get(SocketBindings.IO);
    for (let count = 0; count <= MOST; count++) {
      const connected = once(engine, 'connection') as Promise<[Socket['conn']]>;
      await using raw = await RawSocket.upgrade(app.server.url);
      const [connection] = await connected;
      const closed = once(connection, 'close');
      raw.reset();
      await closed;
    }
    await using _client = await givenAuthenticated(app.server.url);
  });

  it('is gone when it has left by polling and never polls again', async () => {
    await using given = await givenServers();
    await using client = await RawClient.open(given.url);
    await client.send('40', '41');
    await gone(given);
    assert.equal(await client.isOpen(), false);
  });

  for (const [title, frame] of [
    ['says goodbye', '1'],
    ['sends what is no packet', 'X'],
  ]) {
    it(`leaves nothing in a middleware when it joins and ${title} at once`, async () => {
      await using given = await givenServers((server, rooms) => {
        for (const {io} of [server, rooms]) io.use(() => undefined);
      });
      for (const join of ['40', '40/room-1,']) {
        await using client = await RawClient.open(given.url);
        await client.send(join, frame);
        await gone(given);
      }
      assert.equal(connectingSockets(given.app.server.io).size, 0);
      assert.equal(childrenOf(given.app.get('rooms').io)?.size, 0);
    });
  }
});
