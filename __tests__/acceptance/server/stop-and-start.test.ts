import {SocketServer} from 'loopback4-socket';
import type {SocketComponentOptions} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {AppOptions, GivenApp} from '../../helpers/app';
import {givenAuthenticated, givenClient, givenClients} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {freePort, givenHttp, isListening} from '../../helpers/net';
import {RawSocket} from '../../helpers/raw-socket';
import {givenServer} from '../../helpers/server';

/** So that a client comes back soon. */
const soon = {reconnectionDelay: 10, reconnectionDelayMax: 20};
const within = {timeout: 15_000};

function givenPing(options: AppOptions = {}): Promise<GivenApp> {
  return givenServer(server => server.defineMethod('ping', () => 'pong'), {}, options);
}

function listenersOf(server: NodeJS.EventEmitter): unknown {
  return new Set(server.eventNames().map(name => [name, server.rawListeners(name)]));
}

/** The places to listen on that outlive a restart. */
const places: Record<string, () => Promise<AppOptions & AsyncDisposable>> = {
  "REST's port": async () => disposable({}),
  "REST's port with a grace period": async () =>
    disposable({rest: {gracePeriodForClose: 5000}}),
  'a port of its own': async () => {
    const http = {port: await freePort(), host: '127.0.0.1'};
    return disposable({plain: true, component: {http}});
  },
  'a given http.Server': async () => {
    const own = givenHttp((_request, response) => response.writeHead(404).end());
    await own.listen();
    return disposable({plain: true, component: {http: own.http}}, own);
  },
  'a given http.Server, by function': async () => {
    const own = givenHttp((_request, response) => response.writeHead(404).end());
    await own.listen();
    return disposable({plain: true, component: {http: () => own.http}}, own);
  },
};

function disposable(options: AppOptions, own?: AsyncDisposable) {
  return {
    ...options,
    [Symbol.asyncDispose]: async () => own?.[Symbol.asyncDispose](),
  };
}

describe('stop and start', () => {
  for (const [place, givenPlace] of Object.entries(places)) {
    for (const transport of ['websocket', 'polling']) {
      it(
        `works again and again on ${place}, and ${transport} clients come back`,
        within,
        async () => {
          await using options = await givenPlace();
          await using given = await givenPing(options);
          const {url} = given.server;
          await using client = await givenAuthenticated(url, undefined, {
            ...soon,
            transports: [transport],
          });
          await using silent = givenClient(url, {...soon, transports: [transport]});
          await silent.next('connect');
          await client.next('connect');
          for (let i = 0; i < 3; i++) {
            await given.app.stop();
            assert.equal(given.server.listening, false);
            assert.equal(given.server.url, undefined);
            assert.equal(await client.next('disconnect'), 'transport close');
            await given.app.start();
            assert.equal(given.server.url, url);
            await client.next('connect');
            await silent.next('connect');
            await client.authenticate();
            assert.deepEqual(await client.call('ping'), {result: 'pong'});
            await using other = await givenAuthenticated(url);
            assert.deepEqual(await other.call('ping'), {result: 'pong'});
          }
          assert.deepEqual(given.logged, []);
        },
      );
    }
  }

  it('leaves a given http.Server as it was', within, async () => {
    await using own = givenHttp();
    await own.listen();
    own.http.on('upgrade', () => undefined);
    const before = listenersOf(own.http);
    await using given = await givenPing({
      plain: true,
      component: {http: own.http},
      start: false,
    });
    await given.app.init();
    assert.deepEqual(listenersOf(own.http), before);
    for (let i = 0; i < 3; i++) {
      await given.app.start();
      assert.notDeepEqual(listenersOf(own.http), before);
      await using client = await givenAuthenticated(given.server.url);
      await client.call('ping');
      await given.app.stop();
      assert.deepEqual(listenersOf(own.http), before);
      assert.equal(own.http.listening, true);
    }
  });

  it('brings back all that one connection carries', within, async () => {
    await using given = await givenPing({
      servers: {rooms: {anonymous: true, namespace: /^\/room-\d+$/}},
      setup: app => {
        const rooms = SocketServer.get(app, 'rooms');
        rooms.defineMethod('where', socket => socket.nsp.name);
      },
    });
    const names = ['/', '/room-1', '/room-2'];
    const clients = givenClients(given.server.url, names, soon);
    await using _first = clients[0];
    for (let i = 0; i < 3; i++) {
      for (const client of clients) {
        await client.next('connect');
        await client.authenticate();
      }
      const [root, ...rooms] = clients;
      assert.deepEqual(await root.call('ping'), {result: 'pong'});
      for (const [at, room] of rooms.entries()) {
        assert.deepEqual(await room.call('where'), {result: names[at + 1]});
      }
      await given.app.stop();
      for (const client of clients) {
        assert.equal(await client.next('disconnect'), 'transport close');
      }
      await given.app.start();
    }
  });

  it('keeps clients coming back however long another server drains', within, async () => {
    const gate = new Gate();
    const called = new Gate();
    await using given = await givenPing({
      servers: {admin: {anonymous: true}},
      setup: app => {
        SocketServer.get(app, 'admin').defineMethod('slow', async () => {
          called.open();
          await gate.opened;
        });
      },
    });
    const {url} = given.server;
    await using admin = await givenAuthenticated(given.get('admin').url, {}, soon);
    await using client = await givenAuthenticated(url, undefined, soon);
    await client.next('connect');
    const answer = admin.call('slow');
    await called.opened;
    const stopped = given.app.stop();
    // It tries to come back while the other server still waits for its call.
    const attempt = nextAttempt(client);
    client.socket.io.engine.close();
    await attempt;
    gate.open();
    assert.deepEqual(await answer, {});
    await stopped;
    await given.app.start();
    await untilConnected(client);
    client.socket.emit('authentication', {token: 'ok'});
    await client.next('authenticated');
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
  });
});

describe('stop and start of one server', () => {
  const withAdmin: AppOptions = {
    servers: {admin: {anonymous: true}},
    setup: app => SocketServer.get(app, 'admin').defineMethod('whoami', () => 'admin'),
  };

  it('ends and serves its clients alone', within, async () => {
    await using given = await givenPing(withAdmin);
    const admin = given.get('admin');
    const {url} = admin;
    await using other = await givenAuthenticated(given.server.url);
    for (let i = 0; i < 3; i++) {
      await using client = await givenAuthenticated(url, {}, {reconnection: false});
      await admin.stop();
      await client.next('disconnect');
      assert.equal(admin.listening, false);
      assert.equal(admin.url, undefined);
      assert.equal(given.server.listening, true);
      await using refused = givenClient(url);
      assert.equal((await refused.next('connect_error')).message, 'Invalid namespace');
      await admin.start();
      assert.equal(admin.url, url);
      await using again = await givenAuthenticated(url, {});
      assert.deepEqual(await again.call('whoami'), {result: 'admin'});
    }
    assert.deepEqual(await other.call('ping'), {result: 'pong'});
    assert.ok(!other.names.includes('disconnect'));
  });

  it('leaves alone what the same connection carries for another', within, async () => {
    await using given = await givenPing(withAdmin);
    const [client, admin] = givenClients(given.server.url, ['/', '/admin']);
    await using _first = client;
    await client.authenticate();
    await admin.authenticate();
    assert.deepEqual(await admin.call('whoami'), {result: 'admin'});
    await given.get('admin').stop();
    await admin.next('disconnect');
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    assert.ok(!client.names.includes('disconnect'));
  });

  it('ends a client that connects while its server drains', within, async () => {
    const leaving = new Gate();
    const gate = new Gate();
    await using given = await givenPing(withAdmin);
    const admin = given.get('admin');
    admin.onDisconnected(async () => {
      leaving.open();
      await gate.opened;
    });
    const {url} = admin;
    await using client = await givenAuthenticated(url, {}, {reconnection: false});
    const stopped = admin.stop();
    await leaving.opened;
    await using late = givenClient(url, {reconnection: false});
    const outcome = await nextAttempt(late);
    gate.open();
    await stopped;
    if (outcome === 'connected') await late.next('disconnect');
    assert.equal(admin.io.sockets.size, 0);
    assert.ok(!late.names.includes('authenticated'));
    await client.next('disconnect');
  });

  it('does nothing when it runs already, or does not run', within, async () => {
    await using given = await givenPing(withAdmin);
    const admin = given.get('admin');
    const {url} = admin;
    await admin.start();
    assert.equal(admin.url, url);
    await using client = await givenAuthenticated(url, {});
    assert.deepEqual(await client.call('whoami'), {result: 'admin'});
    await admin.stop();
    await admin.stop();
    assert.equal(admin.listening, false);
    await admin.start();
    assert.equal(admin.url, url);
  });

  it('works before the application starts, on a port of its own', within, async () => {
    const http = {port: 0, host: '127.0.0.1'};
    await using given = await givenPing({plain: true, component: {http}, start: false});
    await given.server.start();
    try {
      await using client = await givenAuthenticated(given.server.url);
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
      const {url} = given.server;
      await given.app.start();
      assert.equal(given.server.url, url);
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
    } finally {
      await given.server.stop();
      await given.app.stop();
    }
  });

  it(
    'can be tried before REST listens, and the application still starts',
    within,
    async () => {
      await using given = await givenPing({start: false});
      await assert.rejects(given.server.start(), /REST server does not listen yet/);
      assert.equal(given.server.listening, false);
      await given.app.start();
      await using client = await givenAuthenticated(given.server.url);
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
    },
  );

  it(
    'closes and opens the port when all servers stop and one starts',
    within,
    async () => {
      const component: SocketComponentOptions = {
        http: {port: await freePort(), host: '127.0.0.1'},
      };
      await using given = await givenPing({...withAdmin, plain: true, component});
      const {url} = given.server;
      await given.server.stop();
      assert.equal(given.get('admin').listening, true);
      await given.get('admin').stop();
      assert.equal(given.get('admin').listening, false);
      await given.server.start();
      assert.equal(given.server.url, url);
      assert.equal(given.get('admin').listening, false);
      await using client = await givenAuthenticated(url);
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
    },
  );

  it('closes the port when all servers stop at once', within, async () => {
    const port = await freePort();
    const component = {http: {port, host: '127.0.0.1'}};
    await using given = await givenPing({...withAdmin, plain: true, component});
    const {url} = given.server;
    for (let i = 0; i < 2; i++) {
      await using client = await givenAuthenticated(url);
      await using silent = await RawSocket.authenticated(url);
      await Promise.all([given.server.stop(), given.get('admin').stop()]);
      await client.next('disconnect');
      await silent.ended;
      assert.equal(await isListening(port), false);
      await Promise.all([given.server.start(), given.get('admin').start()]);
      assert.equal(given.server.url, url);
      assert.equal(given.get('admin').url, `${url}/admin`);
    }
  });

  it('is started as the application starts again', within, async () => {
    await using given = await givenPing(withAdmin);
    await given.get('admin').stop();
    await given.app.stop();
    await given.app.start();
    await using client = await givenAuthenticated(given.get('admin').url, {});
    assert.deepEqual(await client.call('whoami'), {result: 'admin'});
  });

  it('stops once when stopped twice at a time', within, async () => {
    const gate = new Gate();
    const called = new Gate();
    await using given = await givenPing();
    given.server.defineMethod('slow', async () => {
      called.open();
      await gate.opened;
      return 1;
    });
    await using client = await givenAuthenticated(given.server.url);
    const answer = client.call('slow');
    await called.opened;
    let stopped = 0;
    const both = [given.server.stop(), given.server.stop()].map(one =>
      one.then(() => stopped++),
    );
    assert.equal((await client.call('ping')).error?.statusCode, 503);
    assert.equal(stopped, 0);
    gate.open();
    assert.deepEqual(await answer, {result: 1});
    await Promise.all(both);
  });

  it('answers its calls when the application stops meanwhile', within, async () => {
    const gate = new Gate();
    const called = new Gate();
    await using given = await givenPing();
    given.server.defineMethod('slow', async () => {
      called.open();
      await gate.opened;
      return 1;
    });
    await using client = await givenAuthenticated(given.server.url);
    const answer = client.call('slow');
    await called.opened;
    const stopped = Promise.all([given.server.stop(), given.app.stop()]);
    assert.equal((await client.call('ping')).error?.statusCode, 503);
    gate.open();
    assert.deepEqual(await answer, {result: 1});
    await stopped;
    assert.equal(given.app.state, 'stopped');
  });

  it(
    'answers its calls when the last other server is done before it',
    within,
    async () => {
      const gate = new Gate();
      const called = new Gate();
      await using given = await givenPing(withAdmin);
      given.server.defineMethod('slow', async () => {
        called.open();
        await gate.opened;
        return 1;
      });
      await using client = await givenAuthenticated(given.server.url);
      await using other = await givenAuthenticated(given.get('admin').url, {});
      const answer = client.call('slow');
      await called.opened;
      const own = given.server.stop();
      const others = given.get('admin').stop();
      await other.next('disconnect');
      assert.equal((await client.call('ping')).error?.statusCode, 503);
      gate.open();
      assert.deepEqual(await answer, {result: 1});
      await Promise.all([own, others]);
      assert.equal(given.server.listening, false);
    },
  );
});

/** The outcome of the next attempt to connect. */
function nextAttempt({socket}: TestClient): Promise<'connected' | 'refused'> {
  return new Promise(resolve => {
    socket.once('connect', () => resolve('connected'));
    socket.once('connect_error', () => resolve('refused'));
  });
}

async function untilConnected({socket}: TestClient): Promise<void> {
  if (socket.connected) return;
  await new Promise<void>(resolve => socket.once('connect', resolve));
}
