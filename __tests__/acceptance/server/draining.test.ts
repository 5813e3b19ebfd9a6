import {SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {fork} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {connect} from 'node:net';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import type {Server} from 'socket.io';
import {authenticateByToken} from '../../helpers/app';
import type {AppOptions, GivenApp} from '../../helpers/app';
import {once, seconds} from '../../helpers/awaited';
import {givenAuthenticated, givenClient, givenClients} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {get, tls} from '../../helpers/net';
import {RawClient} from '../../helpers/raw-client';
import {RawSocket} from '../../helpers/raw-socket';
import {givenServer} from '../../helpers/server';

const within = {timeout: seconds(10)};
/** Longer than a test may take, so that one that waits for it fails. */
const NEVER = 600_000;
const stayAway = {reconnection: false};
const ownPort = {port: 0, host: '127.0.0.1'};
const half = 'POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n';

interface Slow {
  readonly given: GivenApp;
  readonly called: Gate;
  readonly gate: Gate;
}

/** A server whose `slow` answers once the gate is open; authentication may hang. */
async function givenSlow(options: AppOptions = {}): Promise<Slow & AsyncDisposable> {
  const called = new Gate();
  const gate = new Gate();
  const given = await givenServer(
    server => {
      server.auth((socket, credentials) =>
        credentials?.hang
          ? new Promise(() => undefined)
          : authenticateByToken(socket, credentials),
      );
      server.defineMethod('ping', () => 'pong');
      server.defineMethod('slow', async () => {
        called.open();
        await gate.opened;
        return 'done';
      });
    },
    {timeout: false},
    {component: {drainTimeout: NEVER, ...options.component}, ...options},
  );
  return {
    given,
    called,
    gate,
    [Symbol.asyncDispose]: async () => {
      gate.open();
      await given[Symbol.asyncDispose]();
    },
  };
}

/** Whatever a client may be at when its server stops. */
const clients: Record<string, (url?: string) => Promise<AsyncDisposable>> = {
  'an authenticated client': url => givenAuthenticated(url, undefined, stayAway),
  'an authenticated polling client': url =>
    givenAuthenticated(url, undefined, {...stayAway, transports: ['polling']}),
  'a client that has not authenticated': async url => {
    const client = givenClient(url, stayAway);
    await client.next('connect');
    return client;
  },
  'a client whose authentication hangs': async url => {
    const client = givenClient(url, {...stayAway, auth: {hang: true}});
    await client.next('connect');
    return client;
  },
  'a polling client that does not poll': async url => {
    const raw = await RawClient.join(url);
    return {[Symbol.asyncDispose]: async () => void raw};
  },
  'a polling client that joined no namespace': async url => {
    const raw = await RawClient.open(url);
    return {[Symbol.asyncDispose]: async () => void raw};
  },
  'a websocket that never answers a close frame': url => RawSocket.authenticated(url),
  'a websocket that joined no namespace': url => RawSocket.upgrade(url),
  'a websocket that nobody serves': url => RawSocket.upgrade(url, '/elsewhere'),
  'a poll whose body never ends': async url => {
    const client = await RawClient.join(url);
    const {pathname, search} = new URL(client.url);
    const raw = await RawSocket.connect(url);
    raw.write(
      `POST ${pathname}${search} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n4`,
    );
    await get(`${url}/socket.io/socket.io.js`);
    return raw;
  },
  'a polling client in the middle of an upgrade': async url => {
    const {sid} = await RawClient.join(url);
    const path = `/socket.io/?EIO=4&transport=websocket&sid=${sid}`;
    const raw = await RawSocket.upgrade(url, path);
    raw.send('2probe');
    await raw.next('3probe');
    return raw;
  },
  'a request that engine middleware never lets through': async url => {
    const raw = await RawSocket.connect(url);
    raw.write(
      'GET /socket.io/?EIO=4&transport=polling&hang=1 HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    await get(`${url}/socket.io/socket.io.js`);
    return raw;
  },
  'an upgrade that engine middleware never lets through': async url => {
    const raw = await RawSocket.connect(url);
    raw.write(
      'GET /socket.io/?EIO=4&transport=websocket&hang=1 HTTP/1.1\r\nHost: a\r\n' +
        'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    await get(`${url}/socket.io/socket.io.js`);
    return raw;
  },
};

async function hangInMiddleware({app}: GivenApp): Promise<void> {
  const io = await app.get<Server>('socket.io');
  io.engine.use((request: {url: string}, _response: unknown, next: () => void) => {
    if (!request.url.includes('hang=1')) next();
  });
}

/** Options under which a stop must not wait for anybody. */
const servers: Record<string, AppOptions> = {
  "REST's port": {},
  "REST's port with a grace period": {rest: {gracePeriodForClose: NEVER}},
  'a port of its own': {plain: true, component: {http: ownPort, drainTimeout: NEVER}},
};

describe('stop', {concurrency: 8}, () => {
  for (const [place, options] of Object.entries(servers)) {
    for (const [who, connectClient] of Object.entries(clients)) {
      it(`waits for nobody on ${place}: ${who}`, within, async () => {
        await using slow = await givenSlow(options);
        await hangInMiddleware(slow.given);
        await using client = await connectClient(slow.given.server.url);
        await slow.given.app.stop();
        assert.equal(slow.given.app.state, 'stopped');
        void client;
      });
    }
  }

  it('waits for no half head of a request on a port of its own', within, async () => {
    await using slow = await givenSlow(servers['a port of its own']);
    await using raw = await RawSocket.connect(slow.given.server.url);
    raw.write(half);
    await get(`${slow.given.server.url}/socket.io/socket.io.js`);
    await slow.given.app.stop();
    await raw.ended;
  });

  it('waits for no half body of a request on a port of its own', within, async () => {
    await using slow = await givenSlow(servers['a port of its own']);
    await using raw = await RawSocket.connect(slow.given.server.url);
    raw.write(`${half}Content-Length: 100\r\n\r\n40`);
    await get(`${slow.given.server.url}/socket.io/socket.io.js`);
    await slow.given.app.stop();
    await raw.ended;
  });

  it('waits for no half TLS handshake on a port of its own', within, async () => {
    const http = {...ownPort, protocol: 'https', ...tls} as const;
    await using slow = await givenSlow({
      plain: true,
      component: {http, drainTimeout: NEVER},
    });
    const {hostname, port} = new URL(slow.given.server.url ?? '');
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    await once(socket, 'connect');
    await get(`${slow.given.server.url}/socket.io/socket.io.js`);
    try {
      await slow.given.app.stop();
    } finally {
      socket.destroy();
    }
  });
});

describe('draining', () => {
  for (const transport of ['websocket', 'polling']) {
    const options = {...stayAway, transports: [transport]};

    it(
      `answers calls in flight before it closes, over ${transport}`,
      within,
      async () => {
        await using slow = await givenSlow();
        const {given, gate} = slow;
        await using client = await givenAuthenticated(
          given.server.url,
          undefined,
          options,
        );
        const answers = [client.call('slow'), client.call('slow')];
        // Calls arrive in order, so both are in flight when this one is answered.
        await client.call('ping');
        const stopped = given.app.stop();
        const {error} = await client.call('ping');
        assert.equal(error.statusCode, 503);
        assert.equal(error.code, 'SHUTTING_DOWN');
        gate.open();
        assert.deepEqual(await Promise.all(answers), [
          {result: 'done'},
          {result: 'done'},
        ]);
        await stopped;
        assert.equal(await client.next('disconnect'), 'transport close');
      },
    );

    it(`serves no new client, over ${transport}`, within, async () => {
      await using slow = await givenSlow();
      const {given, called, gate} = slow;
      let authentications = 0;
      given.server.auth((socket, credentials) => {
        authentications++;
        return authenticateByToken(socket, credentials);
      });
      const {url} = given.server;
      await using client = await givenAuthenticated(url, undefined, options);
      const answer = client.call('slow');
      await called.opened;
      const stopped = given.app.stop();
      await using late = givenClient(url, {...options, auth: {token: 'ok'}});
      late.socket.emit('authentication', {token: 'ok'});
      await Promise.race([
        late.next('connect_error'),
        late.next('connect').then(() => late.call('ping')),
      ]);
      assert.equal(authentications, 1);
      gate.open();
      assert.deepEqual(await answer, {result: 'done'});
      await stopped;
      assert.equal(authentications, 1);
      assert.ok(!late.names.includes('authenticated'));
      assert.ok(!late.names.includes('unauthorized'));
    });
  }

  it('answers a call on a connection that another server shares', within, async () => {
    await using slow = await givenSlow({
      servers: {admin: {anonymous: true}},
      setup: app => SocketServer.get(app, 'admin').defineMethod('ping', () => 'pong'),
    });
    const {given, called, gate} = slow;
    const shared = givenClients(given.server.url, ['/', '/admin'], stayAway);
    const [client, admin] = shared;
    await client.authenticate();
    await admin.authenticate();
    const answer = client.call('slow');
    await called.opened;
    const stopped = given.app.stop();
    const {error} = await client.call('ping');
    assert.equal(error.code, 'SHUTTING_DOWN');
    gate.open();
    assert.deepEqual(await answer, {result: 'done'});
    await stopped;
    await closeAll(shared);
  });

  it('waits no longer than `drainTimeout` for a call', within, async () => {
    await using slow = await givenSlow({component: {drainTimeout: 50}});
    const {given, called} = slow;
    await using client = await givenAuthenticated(given.server.url, undefined, stayAway);
    client.socket.emit('slow');
    await called.opened;
    await given.app.stop();
    assert.equal(await client.next('disconnect'), 'transport close');
  });

  it('waits no longer than `drainTimeout` for a connected handler', within, async () => {
    const called = new Gate();
    await using slow = await givenSlow({component: {drainTimeout: 50}});
    const {given} = slow;
    given.server.onConnected(() => {
      called.open();
      return new Promise(() => undefined);
    });
    await using client = givenClient(given.server.url, stayAway);
    client.socket.emit('authentication', {token: 'ok'});
    await called.opened;
    await given.app.stop();
    await client.next('disconnect');
  });

  it('answers the calls that wait for an authentication that hangs', within, async () => {
    await using slow = await givenSlow();
    const {given} = slow;
    const hanging = {...stayAway, auth: {hang: true}};
    await using client = givenClient(given.server.url, hanging);
    const waiting = Array.from({length: 16}, () => client.call('ping'));
    assert.equal((await client.call('ping')).error?.statusCode, 429);
    await given.app.stop();
    for (const {error} of await Promise.all(waiting)) {
      assert.equal(error?.code, 'SHUTTING_DOWN');
    }
  });

  const leaving: Record<string, (url?: string) => Promise<AsyncDisposable>> = {
    websocket: url => givenAuthenticated(url, undefined, stayAway),
    polling: url =>
      givenAuthenticated(url, undefined, {...stayAway, transports: ['polling']}),
    'a websocket that never answers': url => RawSocket.authenticated(url),
    'polling that has ceased': async url => {
      const raw = await RawClient.join(url);
      await raw.send('42["authentication",{"token":"ok"}]');
      await raw.next();
      return {[Symbol.asyncDispose]: async () => undefined};
    },
  };
  for (const [transport, connectClient] of Object.entries(leaving)) {
    it(`waits for disconnected handlers, over ${transport}`, within, async () => {
      const events: string[] = [];
      const started = new Gate();
      const gate = new Gate();
      await using slow = await givenSlow();
      const {given} = slow;
      given.server.onDisconnected(async () => {
        started.open();
        await gate.opened;
        events.push('disconnected');
      });
      await using client = await connectClient(given.server.url);
      const stopped = given.app.stop().then(() => events.push('stopped'));
      await started.opened;
      assert.deepEqual(events, []);
      gate.open();
      await stopped;
      assert.deepEqual(events, ['disconnected', 'stopped']);
      void client;
    });
  }

  it(
    'waits for disconnected handlers also when a call outlasts `drainTimeout`',
    within,
    async () => {
      const events: string[] = [];
      await using slow = await givenSlow({component: {drainTimeout: 50}});
      const {given, called} = slow;
      const {url} = given.server;
      given.server.onDisconnected(async () => {
        await get(`${url}/`);
        events.push('disconnected');
      });
      await using client = await givenAuthenticated(
        given.server.url,
        undefined,
        stayAway,
      );
      client.socket.emit('slow');
      await called.opened;
      await given.app.stop();
      events.push('stopped');
      assert.deepEqual(events, ['disconnected', 'stopped']);
    },
  );
});

describe('a process', () => {
  async function givenProcess(rest: object = {}): Promise<Child> {
    const child = fork(
      join(__dirname, '../../fixtures/app-process.js'),
      [JSON.stringify(rest), '{}'],
      {execArgv: []},
    );
    const [url] = (await once(child, 'message')) as [string];
    return {
      child,
      url,
      [Symbol.asyncDispose]: async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }

  const graces: Record<string, object> = {
    'a grace period': {gracePeriodForClose: 5000},
    'no grace period': {},
  };
  for (const [title, rest] of Object.entries(graces)) {
    it(
      `ends by itself once the application has stopped, with ${title}`,
      within,
      async () => {
        await using given = await givenProcess(rest);
        await using all = await connectAll(given.url);
        const exit = once(given.child, 'exit');
        const resources = nextList(given.child);
        given.child.send('stop');
        assert.ok(!(await resources).includes('Timeout'));
        assert.deepEqual(await exit, [0, null]);
        void all;
      },
    );

    it(`ends by SIGTERM with clients connected, with ${title}`, within, async () => {
      await using given = await givenProcess(rest);
      await using all = await connectAll(given.url);
      const exit = once(given.child, 'exit');
      given.child.kill('SIGTERM');
      assert.deepEqual(await exit, [null, 'SIGTERM']);
      void all;
    });
  }
});

interface Child extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly url: string;
}

/** The next message that is a list. */
async function nextList(child: ChildProcess): Promise<string[]> {
  for (;;) {
    const [message] = await once(child, 'message');
    if (Array.isArray(message)) return message as string[];
  }
}

/** Every kind of client that the application's own middleware does not make. */
async function connectAll(url: string): Promise<AsyncDisposable> {
  const connecting = Object.entries(clients)
    .filter(([who]) => !who.includes('middleware'))
    .map(([, connectClient]) => connectClient(url));
  const all = await Promise.all(connecting);
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map(one => one[Symbol.asyncDispose]()));
    },
  };
}

async function closeAll(all: readonly TestClient[]): Promise<void> {
  for (const {socket} of all) socket.disconnect();
}
