import {inject} from '@loopback/core';
import type {Application} from '@loopback/core';
import {get as getOperation, RestServer} from '@loopback/rest';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import type {RequestListener} from 'node:http';
import {createServer as createHttpsServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {describe, it} from 'node:test';
import {givenApp} from '../../helpers/app';
import type {AppOptions, GivenApp} from '../../helpers/app';
import {once, seconds} from '../../helpers/awaited';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import type {ClientOptions} from '../../helpers/client';
import {freePort, get, givenHttp, tls} from '../../helpers/net';
import {RawSocket, upgradeRequest} from '../../helpers/raw-socket';
import {givenServer} from '../../helpers/server';

/** Fails a test instead of the whole file where something never comes. */
const prompt = {timeout: seconds(10)};
const ownPort = {port: 0, host: '127.0.0.1'};
const httpsOptions = {protocol: 'https', ...tls} as const;

class GreetingController {
  @getOperation('/hello')
  hello() {
    return 'hello';
  }
}

/** An application whose default server answers `ping`. */
function givenPing(options: AppOptions = {}): Promise<GivenApp> {
  return givenServer(server => server.defineMethod('ping', () => 'pong'), {}, options);
}

/** Calls `ping` over each transport. */
async function assertServed(url?: string, options: ClientOptions = {}): Promise<void> {
  for (const transport of ['websocket', 'polling']) {
    const all = {...options, transports: [transport]};
    await using client = await givenAuthenticated(url, undefined, all);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
  }
  await using client = await givenAuthenticated(url, undefined, {
    ...options,
    transports: ['polling', 'websocket'],
  });
  assert.deepEqual(await client.call('ping'), {result: 'pong'});
}

async function restUrlOf(app: Application): Promise<string> {
  const {url} = await app.getServer(RestServer);
  if (url === undefined) throw new Error('The REST server does not listen.');
  return url;
}

function portOf(server: {address(): unknown}): number {
  return (server.address() as AddressInfo).port;
}

describe('where a server listens', () => {
  describe("on REST's port", () => {
    it('shares the port, and REST answers its routes', async () => {
      await using given = await givenPing({controllers: [GreetingController]});
      assert.equal(given.server.url, await restUrlOf(given.app));
      await assertServed(given.server.url);
      const {status, body} = await get(`${given.server.url}/hello`);
      assert.deepEqual([status, body], [200, 'hello']);
    });

    it('leaves to REST a path that only begins like its own', async () => {
      await using given = await givenPing();
      const {body, status} = await get(`${given.server.url}/socket.iox`);
      assert.equal(status, 404);
      assert.equal(JSON.parse(body).error.name, 'NotFoundError');
    });

    it('serves the client script', async () => {
      await using given = await givenPing();
      const {status, type} = await get(`${given.server.url}/socket.io/socket.io.js`);
      assert.equal(status, 200);
      assert.match(type, /javascript/);
    });

    it('serves no client script with `serveClient: false`', async () => {
      await using given = await givenPing({component: {io: {serveClient: false}}});
      const {status} = await get(`${given.server.url}/socket.io/socket.io.js`);
      assert.notEqual(status, 200);
      await assertServed(given.server.url);
    });

    it("takes no part in REST's base path", async () => {
      await using given = await givenPing({
        controllers: [GreetingController],
        rest: {basePath: '/api'},
      });
      await assertServed(given.server.url);
      assert.equal((await get(`${given.server.url}/api/hello`)).body, 'hello');
      assert.equal((await get(`${given.server.url}/hello`)).status, 404);
    });

    it('works over https', async () => {
      await using given = await givenPing({rest: httpsOptions});
      assert.match(given.server.url ?? '', /^https:\/\/127\.0\.0\.1:\d+$/);
      await assertServed(given.server.url, {ca: tls.cert});
    });

    it('serves at the path that `io.path` names, and leaves the usual one to REST', async () => {
      await using given = await givenPing({component: {io: {path: '/live'}}});
      await assertServed(given.server.url, {path: '/live'});
      const query = '?EIO=4&transport=polling';
      const {body} = await get(`${given.server.url}/socket.io/${query}`);
      assert.equal(JSON.parse(body).error.name, 'NotFoundError');
    });

    it(
      'answers 404 to an upgrade that nobody serves, and ends the connection',
      prompt,
      async () => {
        await using given = await givenPing();
        await using raw = await RawSocket.connect(given.server.url);
        raw.write(upgradeRequest('/elsewhere'));
        assert.match(await raw.head(), /^HTTP\/1\.1 404 /);
        await raw.ended;
      },
    );

    it('survives an upgrade that nobody serves and whose client cuts the connection', async () => {
      await using given = await givenPing();
      for (let i = 0; i < 20; i++) {
        await using raw = await RawSocket.connect(given.server.url);
        raw.write(upgradeRequest('/elsewhere'));
        await raw.head();
        raw.reset();
      }
      await assertServed(given.server.url);
    });

    it('attaches nothing while all servers are idle', async () => {
      await using given = await givenApp();
      const query = '?EIO=4&transport=polling';
      const {body} = await get(`${await restUrlOf(given.app)}/socket.io/${query}`);
      assert.equal(JSON.parse(body).error.name, 'NotFoundError');
      assert.equal(given.server.listening, false);
      assert.equal(given.server.url, undefined);
    });

    it('attaches nothing to a REST server that does not listen', async () => {
      await using given = await givenPing({rest: {listenOnStart: false}});
      assert.equal(given.server.listening, false);
      assert.equal(given.server.url, undefined);
    });

    it('lets the application attach the socket.io server where REST does not listen', async () => {
      await using other = givenHttp();
      await using given = await givenPing({rest: {listenOnStart: false}});
      (await given.app.get(SocketBindings.IO)).attach(other.http);
      await other.listen();
      const url = `http://127.0.0.1:${portOf(other.http)}`;
      for (let i = 0; i < 3; i++) {
        assert.equal(given.server.url, url);
        await assertServed(url);
        await using client = await givenAuthenticated(url, undefined, {
          reconnection: false,
        });
        await given.app.stop();
        await client.next('disconnect');
        assert.equal(given.server.url, undefined);
        assert.equal(other.http.listening, true);
        await given.app.start();
      }
    });
  });

  describe('on a port of its own', () => {
    it('serves a plain application', async () => {
      await using given = await givenPing({plain: true, component: {http: ownPort}});
      assert.match(given.server.url ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
      await assertServed(given.server.url);
    });

    it('serves a plain application over https', async () => {
      const http = {...ownPort, ...httpsOptions};
      await using given = await givenPing({plain: true, component: {http}});
      assert.match(given.server.url ?? '', /^https:\/\/127\.0\.0\.1:\d+$/);
      await assertServed(given.server.url, {ca: tls.cert});
    });

    it('names an address that clients can reach where it listens on all', async () => {
      const http = {port: 0, host: '0.0.0.0'};
      await using given = await givenPing({plain: true, component: {http}});
      assert.match(given.server.url ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
      await assertServed(given.server.url);
    });

    it('answers 404 to anything else', async () => {
      await using given = await givenPing({plain: true, component: {http: ownPort}});
      assert.equal((await get(`${given.server.url}/hello`)).status, 404);
    });

    it(
      'answers 404 to what is no path, where `io.path` is all of them',
      prompt,
      async () => {
        const component = {http: ownPort, io: {path: '/'}};
        await using given = await givenPing({plain: true, component});
        const {url} = given.server;
        assert.equal((await get(`${url}//`)).status, 404);
        const raw = await RawSocket.connect(url);
        raw.write(upgradeRequest('//'));
        assert.match(await raw.head(), /^HTTP\/1.1 404 /);
        await raw.ended;
        await assertServed(url, {path: '/'});
      },
    );

    it('leaves the port of REST to REST', async () => {
      await using given = await givenPing({
        controllers: [GreetingController],
        component: {http: ownPort},
      });
      const restUrl = await restUrlOf(given.app);
      assert.notEqual(given.server.url, restUrl);
      await assertServed(given.server.url);
      assert.equal((await get(`${restUrl}/hello`)).body, 'hello');
      assert.equal((await get(`${restUrl}/socket.io/socket.io.js`)).status, 404);
    });

    it('serves where REST does not listen', async () => {
      await using given = await givenPing({
        rest: {listenOnStart: false},
        component: {http: ownPort},
      });
      await assertServed(given.server.url);
    });

    it('is needed in a plain application', async () => {
      await assert.rejects(
        givenPing({plain: true}),
        /no REST server to share a port with.*Configure `http`/s,
      );
    });

    it('is not needed in a plain application whose servers are idle', async () => {
      await using given = await givenApp({plain: true});
      assert.equal(given.server.listening, false);
    });
  });

  describe('on a given http.Server', () => {
    it('serves one that listens already, beside what it answers itself', async () => {
      await using own = givenHttp();
      await own.listen();
      await using given = await givenPing({plain: true, component: {http: own.http}});
      assert.equal(given.server.url, `http://127.0.0.1:${portOf(own.http)}`);
      await assertServed(given.server.url);
      assert.equal((await get(`${given.server.url}/`)).body, 'mine');
    });

    it('serves one that listens only later', async () => {
      await using own = givenHttp();
      await using given = await givenPing({plain: true, component: {http: own.http}});
      assert.equal(given.server.listening, false);
      assert.equal(given.server.url, undefined);
      await own.listen();
      assert.equal(given.server.listening, true);
      await assertServed(given.server.url);
    });

    it('serves an https.Server', async () => {
      const http = createHttpsServer(tls).listen(0, '127.0.0.1');
      await once(http, 'listening');
      try {
        await using given = await givenPing({plain: true, component: {http}});
        assert.match(given.server.url ?? '', /^https:/);
        await assertServed(given.server.url, {ca: tls.cert});
      } finally {
        http.close();
        http.closeAllConnections();
      }
    });

    for (const [kind, later] of Object.entries({
      function: <T>(value: T) => value,
      'function of a promise': <T>(value: T) => Promise.resolve(value),
    })) {
      it(`takes it from a ${kind}, called at start`, async () => {
        await using own = givenHttp();
        await own.listen();
        let calls = 0;
        const http = () => {
          calls++;
          return later(own.http);
        };
        await using given = await givenPing({
          plain: true,
          component: {http: http as () => typeof own.http},
          start: false,
        });
        await given.app.init();
        assert.equal(calls, 0);
        await given.app.start();
        assert.equal(calls, 1);
        await assertServed(given.server.url);
      });

      it(`refuses to start when a ${kind} returns nothing`, async () => {
        const http = () => later(undefined) as never;
        await assert.rejects(
          givenPing({plain: true, component: {http}}),
          /function given as `http` returned no http\.Server/,
        );
      });
    }

    it('leaves upgrades for other paths to the other listeners', async () => {
      await using own = givenHttp();
      await own.listen();
      own.http.on('upgrade', (request, socket) => {
        if (request.url === '/mine') socket.end('HTTP/1.1 418 Mine\r\n\r\n');
      });
      await using given = await givenPing({plain: true, component: {http: own.http}});
      await using raw = await RawSocket.connect(given.server.url);
      raw.write(upgradeRequest('/mine'));
      assert.match(await raw.head(), /^HTTP\/1\.1 418 /);
      await assertServed(given.server.url);
    });

    it('is shared by two applications that use different paths', async () => {
      await using own = givenHttp();
      await own.listen();
      const http = own.http;
      await using one = await givenPing({plain: true, component: {http}});
      await using two = await givenPing({
        plain: true,
        component: {http, io: {path: '/two'}},
      });
      await assertServed(one.server.url);
      await assertServed(two.server.url, {path: '/two'});
    });

    it('is left as it was when two applications that share it stop in any order', async () => {
      await using own = givenHttp();
      await own.listen();
      const before = listenersOf(own.http);
      const http = own.http;
      const component = {http, io: {path: '/two'}};
      await using one = await givenPing({plain: true, component: {http}});
      await using two = await givenPing({plain: true, component});
      await one.app.stop();
      await assertServed(two.server.url, {path: '/two'});
      await two.app.stop();
      assert.deepEqual(listenersOf(own.http), before);
      assert.equal((await get(`http://127.0.0.1:${portOf(http)}/`)).body, 'mine');
    });

    it('hands on all requests once it has stopped, whoever still calls it', async () => {
      await using own = givenHttp();
      await own.listen();
      await using given = await givenPing({plain: true, component: {http: own.http}});
      const ours = own.http.listeners('request') as RequestListener[];
      own.http.removeAllListeners('request');
      own.http.on('request', (request, response) => ours[0](request, response));
      await assertServed(given.server.url);
      await given.app.stop();
      const url = `http://127.0.0.1:${portOf(own.http)}`;
      assert.equal((await get(`${url}/socket.io/?EIO=4&transport=polling`)).body, 'mine');
    });

    it('keeps listeners that came while the application ran', async () => {
      await using own = givenHttp();
      await own.listen();
      await using given = await givenPing({plain: true, component: {http: own.http}});
      const seen: unknown[] = [];
      const watch = (request: {url?: string}) => seen.push(request.url);
      own.http.on('request', watch);
      await given.app.stop();
      assert.equal((await get(`http://127.0.0.1:${portOf(own.http)}/x`)).body, 'mine');
      assert.deepEqual(seen, ['/x']);
      assert.ok(own.http.listeners('request').includes(watch));
    });

    for (const path of ['/socket.io', '/socket.io/nested']) {
      it(`refuses ${path} beside /socket.io, and leaves no listener behind`, async () => {
        await using own = givenHttp();
        await own.listen();
        const http = own.http;
        await using given = await givenPing({plain: true, component: {http}});
        const before = listenersOf(http);
        await assert.rejects(
          givenPing({plain: true, component: {http, io: {path}}}),
          /overlaps with "\/socket\.io".*`io\.path`/,
        );
        assert.deepEqual(listenersOf(http), before);
        await assertServed(given.server.url);
      });
    }
  });

  it('finds its port free again when another application has used and left it', async () => {
    const port = await freePort();
    for (let i = 0; i < 3; i++) {
      const http = {...ownPort, port};
      await using given = await givenPing({plain: true, component: {http}});
      assert.equal(given.server.url, `http://127.0.0.1:${port}`);
      await assertServed(given.server.url);
    }
  });
});

describe('how a server is reached', () => {
  class Reader {
    constructor(@inject(SocketBindings.server('admin')) readonly admin: SocketServer) {}

    @getOperation('/admin-url')
    url() {
      return this.admin.url;
    }
  }

  const admin = {
    servers: {admin: {anonymous: true}},
    setup: (app: Application) => {
      SocketServer.get(app, 'admin').defineMethod('whoami', () => 'admin');
    },
  };

  it('has a url that ends in its namespace', async () => {
    await using given = await givenPing(admin);
    const url = given.get('admin').url;
    assert.equal(url, `${given.server.url}/admin`);
    await using client = await givenAuthenticated(url, {});
    assert.deepEqual(await client.call('whoami'), {result: 'admin'});
  });

  it('has no url when its namespace is a pattern', async () => {
    await using given = await givenPing({
      ...admin,
      servers: {admin: {anonymous: true, namespace: /^\/room-\d+$/}},
    });
    assert.equal(given.get('admin').url, undefined);
    assert.equal(given.get('admin').listening, true);
    await using client = await givenAuthenticated(`${given.server.url}/room-1`, {});
    assert.deepEqual(await client.call('whoami'), {result: 'admin'});
  });

  it('is injected into a REST controller', async () => {
    await using given = await givenPing({...admin, controllers: [Reader]});
    const {body} = await get(`${given.server.url}/admin-url`);
    assert.equal(body, given.get('admin').url);
  });

  it('is found by name and by class', async () => {
    await using given = await givenPing(admin);
    assert.equal(await given.app.getServer('admin'), given.get('admin'));
    assert.equal(await given.app.getServer(SocketServer), given.server);
    assert.equal(given.server.name, 'SocketServer');
    assert.equal(given.get('admin').name, 'admin');
  });

  it('is not created by configuration alone', async () => {
    await using given = await givenPing({servers: {admin: {timeout: 100}}});
    assert.equal(given.app.isBound(SocketBindings.server('admin')), false);
    await assert.rejects(given.app.getServer('admin'));
  });

  it('has no namespace before `init()`, and one from then on', async () => {
    await using given = await givenPing({...admin, start: false});
    const server = given.get('admin');
    assert.throws(() => server.io, /Use it after app\.init\(\)/);
    await assert.rejects(given.app.get(SocketBindings.IO));
    assert.equal(server.listening, false);
    assert.equal(server.url, undefined);

    await given.app.init();
    const {io} = server;
    const all = await given.app.get(SocketBindings.IO);
    assert.equal(io, all.of('/admin'));
    assert.equal(given.server.io, all.of('/'));
    assert.equal(server.listening, false);
    assert.equal(server.url, undefined);

    await given.app.start();
    assert.equal(server.io, io);
    assert.equal(await given.app.get(SocketBindings.IO), all);
    assert.equal(server.listening, true);

    await given.app.stop();
    assert.equal(server.io, io);
    assert.equal(await given.app.get(SocketBindings.IO), all);
    assert.equal(server.listening, false);
    assert.equal(server.url, undefined);
  });

  it('keeps middleware that was set between `init()` and `start()`, restarted or not', async () => {
    await using given = await givenPing({...admin, start: false});
    await given.app.init();
    const seen: string[] = [];
    const io = await given.app.get(SocketBindings.IO);
    io.engine.use((_request: unknown, _response: unknown, next: () => void) => {
      seen.push('engine');
      next();
    });
    given.server.io.use((socket, next) => {
      seen.push('namespace');
      next(socket.handshake.query.refuse ? new Error('refused') : undefined);
    });
    given.get('admin').io.use((_socket, next) => next(new Error('never')));
    for (let i = 0; i < 2; i++) {
      seen.length = 0;
      await given.app.start();
      await using client = await givenAuthenticated(given.server.url);
      assert.deepEqual(seen, ['engine', 'namespace']);
      await using refused = givenClient(given.server.url, {query: {refuse: '1'}});
      assert.equal((await refused.next('connect_error')).message, 'refused');
      await using never = givenClient(given.get('admin').url);
      assert.equal((await never.next('connect_error')).message, 'never');
      await client[Symbol.asyncDispose]();
      await given.app.stop();
    }
  });

  it('does not listen while it is idle, also when its namespace was asked for', async () => {
    await using given = await givenPing();
    const idle = given.get('idle');
    assert.equal(idle.io.name, '/idle');
    assert.equal(idle.listening, false);
    assert.equal(idle.url, undefined);
    await using client = givenClient(`${given.server.url}/idle`);
    assert.equal((await client.next('connect_error')).message, 'Invalid namespace');
  });

  it('takes configuration that is made between `init()` and `start()`', async () => {
    await using given = await givenPing({...admin, start: false});
    await given.app.init();
    given.app
      .configure(SocketBindings.server('admin'))
      .to({anonymous: true, namespace: '/late'});
    await given.app.start();
    assert.equal(given.get('admin').url, `${given.server.url}/late`);
    await using client = await givenAuthenticated(given.get('admin').url, {});
    assert.deepEqual(await client.call('whoami'), {result: 'admin'});
  });

  it('refuses another namespace once the first was asked for', async () => {
    await using given = await givenPing({...admin, start: false});
    await given.app.init();
    assert.equal(given.get('admin').io.name, '/admin');
    given.app
      .configure(SocketBindings.server('admin'))
      .to({anonymous: true, namespace: '/late'});
    await assert.rejects(given.app.start(), /"admin".*`namespace`.*before/);
    await (await given.app.getServer(RestServer)).stop();
  });

  it('refuses other socket.io options once its server exists', async () => {
    await using given = await givenPing({...admin, start: false});
    await given.app.init();
    given.app.configure(SocketBindings.COMPONENT).to({io: {path: '/late'}});
    await assert.rejects(given.app.start(), /`io`.*before/);
    await (await given.app.getServer(RestServer)).stop();
  });
});

function listenersOf(server: NodeJS.EventEmitter): unknown {
  return ['request', 'upgrade'].map(name => server.rawListeners(name));
}
