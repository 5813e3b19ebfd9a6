import {BindingScope, ContextView, filterByTag, inject, intercept} from '@loopback/core';
import type {Application, Context, Getter, Interceptor} from '@loopback/core';
import {SecurityBindings} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {
  onSocketConnected,
  onSocketDisconnected,
  SocketBindings,
  SocketServer,
  socketAuth,
  socketMethod,
} from 'loopback4-socket';
import type {SocketCall, SocketCallback} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {Server as IoServer, Socket} from 'socket.io';
import {givenApp} from '../../helpers/app';
import type {GivenApp} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';
import type {Credentials} from '../../helpers/auth-controller';
import {once} from '../../helpers/awaited';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {RawClient} from '../../helpers/raw-client';
import {RawSocket} from '../../helpers/raw-socket';
import {countRemains, heapUsed, LiveObjects} from '../../helpers/remains';
import {givenServer} from '../../helpers/server';

const PLUGINS = filterByTag('plugin');

/** The objects made for each call and for each connection. */
class Live {
  readonly ofCalls = new LiveObjects();
  readonly ofConnections = new LiveObjects();
}

/** Uses all that has to be given back. */
class BusyController extends AuthController {
  constructor(
    @inject.view(PLUGINS) private readonly plugins: ContextView<string>,
    @inject('request.own') private readonly own: {id: number},
    @inject.getter(SecurityBindings.USER) private readonly user: Getter<UserProfile>,
    @inject('live') live: Live,
    @inject.context() context: Context,
  ) {
    super();
    live.ofCalls.track(this, context, plugins);
    live.ofConnections.track(context.parent);
  }

  @onSocketConnected()
  async connected(socket: Socket, @inject.view(PLUGINS) view: ContextView<string>) {
    await socket.join(['members', `room ${socket.id}`]);
    await view.values();
  }

  @onSocketDisconnected()
  async gone(
    _socket: Socket,
    reason: string,
    @inject.view(PLUGINS) view: ContextView<string>,
  ) {
    await view.values();
  }

  @socketMethod()
  plain() {
    return 'plain';
  }

  @socketMethod()
  scoped(@inject('request.own') own: {id: number}) {
    assert.equal(own, this.own);
    return own.id;
  }

  @socketMethod()
  async viewed(
    @inject.view(PLUGINS) view: ContextView<string>,
    @inject.tag('plugin') all: string[],
  ) {
    return [await view.values(), await this.plugins.values(), all];
  }

  @socketMethod()
  async got(@inject.getter('request.own') own: Getter<{id: number}>) {
    return [(await own()).id, (await this.user()).name];
  }

  @intercept(async (invocation, next) => {
    invocation.bind('noted').to(true);
    await invocation.createView(PLUGINS).values();
    return next();
  })
  @socketMethod()
  intercepted(
    @inject('noted') noted: boolean,
    @inject(SocketBindings.SIGNAL) signal: AbortSignal,
  ) {
    return [noted, signal.aborted];
  }

  @socketMethod()
  failing() {
    throw 'failing';
  }

  @socketMethod()
  async failingLater(@inject.view(PLUGINS) view: ContextView<string>) {
    await view.values();
    throw 'failing';
  }

  @socketMethod()
  missing(@inject('nowhere') nowhere: string) {
    return nowhere;
  }

  @socketMethod()
  called(_socket: Socket, _credentials: Credentials, args: unknown, cb: SocketCallback) {
    setImmediate(() => cb(null, args));
  }
}

const FAILING = ['failing', 'failingLater', 'missing', 'unknown'];
const METHODS = ['plain', 'scoped', 'viewed', 'got', 'intercepted', 'called', ...FAILING];

async function givenBusy(): Promise<GivenApp & {live: Live}> {
  const live = new Live();
  const given = await givenApp({
    controllers: [BusyController],
    setup: app => {
      let made = 0;
      const own = app.bind('request.own').toDynamicValue(() => ({id: ++made}));
      own.inScope(BindingScope.REQUEST);
      app.bind('plugins.one').to('one').tag('plugin');
      app.bind('live').to(live);
      app.bind(SocketBindings.LOG_ERROR).to(() => undefined);
      const track: Interceptor = (invocation, next) => {
        const call = invocation.source?.value as SocketCall & {caller: object};
        live.ofCalls.track(invocation, call);
        live.ofConnections.track(call.caller, call.socket);
        const owner = call.event === 'connection' ? live.ofConnections : live.ofCalls;
        owner.track(call.signal);
        return next();
      };
      app.interceptor(track, {global: true, name: 'track'});
    },
  });
  return Object.assign(given, {live});
}

/** Waits until the server has no connection, and what follows from that has been done. */
function watchConnections(app: Application): {none(): Promise<void>} {
  const io: IoServer = app.getSync(SocketBindings.IO);
  let open = 0;
  let closed = new Gate();
  io.engine.on('connection', (connection: Socket['conn']) => {
    open++;
    connection.once('close', () => {
      if (--open > 0) return;
      closed.open();
      closed = new Gate();
    });
  });
  return {
    async none() {
      if (open > 0) await closed.opened;
      // Disconnected handlers run on for a few turns.
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    },
  };
}

/** Calls of a batch: each of four clients calls each method ten times. */
const BATCH = 400;

/** Connections at a time. */
const AT_ONCE = 100;

describe('nothing is left', () => {
  it('of 10,000 calls of every kind, neither while their connections last nor after', async () => {
    await using given = await givenBusy();
    const connections = watchConnections(given.app);
    const counted: Record<string, number>[] = [];
    for (const calls of [BATCH, 10_000]) {
      const clients = await Promise.all(
        ['Ann', 'Bob', 'Cleo', 'Dan'].map(name =>
          givenAuthenticated(given.server.url, {token: 'ok', name}),
        ),
      );
      let failed = 0;
      try {
        for (let done = 0; done < calls; done += BATCH) {
          const batch = Array.from({length: BATCH}, async (_, at) => {
            const method = METHODS[Math.floor(at / 4) % METHODS.length];
            const {error} = await clients[at % 4].call(method, at);
            if (error) failed++;
          });
          await Promise.all(batch);
        }
        counted.push(countRemains(given.app));
        const ofCalls = given.live.ofCalls.size;
        assert.ok(ofCalls >= 4 * calls, `${ofCalls} objects of ${calls} calls`);
        await given.live.ofCalls.gone();
        const ofConnections = await given.live.ofConnections.survivors();
        assert.equal(ofConnections.length, 4 * clients.length);
      } finally {
        for (const client of clients) await client[Symbol.asyncDispose]();
      }
      assert.equal(failed, calls * (FAILING.length / METHODS.length));
      await connections.none();
      counted.push(countRemains(given.app));
      await given.live.ofConnections.gone();
      await given.live.ofCalls.gone();
    }
    const [openBefore, before, openAfter, after] = counted;
    assert.deepEqual(openAfter, openBefore);
    assert.deepEqual(after, before);
    assert.equal(after['sockets of /'], 0);
  });

  it('of 1,000 connections, however they end', async () => {
    await using given = await givenBusy();
    const {url} = given.server;
    const connections = watchConnections(given.app);
    const ends: (() => Promise<void>)[] = [
      async () => {
        await using raw = await RawSocket.authenticated(url);
        raw.reset();
      },
      async () => {
        await using raw = await RawSocket.authenticated(url);
        raw.send('420["viewed"]');
        await raw.next('430');
      },
      // Calls in flight.
      async () => {
        await using raw = await RawSocket.authenticated(url);
        for (const method of METHODS) raw.send(`420["${method}"]`);
        await raw.next('430');
      },
      // Leaves the namespace first.
      async () => {
        await using raw = await RawSocket.authenticated(url);
        raw.send('41');
      },
      async () => {
        await using raw = await RawSocket.upgrade(url);
        raw.send('40');
        await raw.next('40');
        raw.send('42["authentication",{"token":"wrong"}]');
        await raw.next('42["unauthorized"');
      },
      // Gone while it authenticates.
      async () => {
        await using raw = await RawSocket.upgrade(url);
        raw.send('40');
        await raw.next('40');
        raw.send('42["authentication",{"token":"ok"}]');
      },
      // Never authenticates.
      async () => {
        await using raw = await RawSocket.upgrade(url);
        raw.send('40');
        await raw.next('40');
      },
      async () => {
        await using client = await givenAuthenticated(url);
        await client.call('got');
      },
    ];
    const counted: Record<string, number>[] = [];
    for (const count of [AT_ONCE, 1_000]) {
      let next = 0;
      const work = async () => {
        while (next < count) await ends[next++ % ends.length]();
      };
      await Promise.all(Array.from({length: AT_ONCE}, work));
      await connections.none();
      counted.push(countRemains(given.app));
      const ofConnections = given.live.ofConnections.size;
      assert.ok(ofConnections >= 3 * count, `${ofConnections} objects of ${count}`);
      await given.live.ofConnections.gone();
      await given.live.ofCalls.gone();
    }
    const [before, after] = counted;
    assert.deepEqual(after, before);
    assert.equal(after['sockets of /'], 0);
  });

  it('of an authentication that needed a context, while its connection lasts', async () => {
    const contexts = new LiveObjects();
    class ContextController extends AuthController {
      @onSocketConnected()
      connected(_socket: Socket, @inject.context() context: Context) {
        contexts.track(context, context.parent);
      }

      @socketMethod()
      socketId(@inject(SocketBindings.SOCKET) socket: Socket) {
        return socket.id;
      }
    }
    await using given = await givenApp({controllers: [ContextController]});
    await using client = await givenAuthenticated(given.server.url);
    assert.equal(contexts.size, 2);
    await contexts.gone();
    assert.deepEqual(await client.call('socketId'), {result: client.socket.id});
  });

  it('of calls and renewals that listen to their signal, while their connection lasts', async () => {
    const live = new LiveObjects();
    const listen = (signal: AbortSignal) => {
      const kept = {};
      live.track(signal, kept);
      signal.addEventListener('abort', () => assert.ok(kept));
    };
    class ListeningController {
      @socketAuth()
      authenticate(
        _socket: Socket,
        _credentials: Credentials,
        @inject(SocketBindings.SIGNAL) signal: AbortSignal,
      ) {
        listen(signal);
        return {name: 'Ann'};
      }

      @socketMethod()
      listen(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
        listen(signal);
      }

      @socketMethod()
      listenLater(@inject.getter(SocketBindings.SIGNAL) get: Getter<AbortSignal>) {
        setImmediate(() => void get().then(listen));
      }

      @socketMethod()
      async listenAndWait(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
        listen(signal);
        await new Promise(setImmediate);
      }
    }
    await using given = await givenApp({controllers: [ListeningController]});
    await using client = await givenAuthenticated(given.server.url);
    for (let at = 0; at < 100; at++) {
      const renewed = await client.call('authentication', {token: 'ok'});
      assert.deepEqual(renewed, {result: true});
      for (const options of [{}, {timeout: 60_000}, {id: `${at}`}]) {
        for (const method of ['listen', 'listenLater', 'listenAndWait']) {
          const answer = await client.call(method, at, {$call: options});
          assert.deepEqual(answer, {});
        }
      }
    }
    assert.equal(live.size, 2 * (1 + 100 + 900));
    await live.gone();
    assert.deepEqual(await client.call('listen'), {});
  });

  it('of calls and authentications that outlive their connection', async () => {
    let reached = new Gate();
    let goOn = new Gate();
    let done = new Gate();
    const late = async (name: string, context: Context) => {
      reached.open();
      await goOn.opened;
      const view = context.createView(PLUGINS);
      const bound = once(view, 'bind');
      context.bind(`plugins.${name}`).to(name).tag('plugin');
      await bound;
      assert.deepEqual(await view.values(), [name, 'one']);
      done.open();
    };

    class LateController {
      @socketAuth()
      async authenticate(
        _socket: Socket,
        {name}: Credentials,
        @inject.context() context: Context,
      ) {
        if (name === 'authentication') await late(name, context);
        return {name};
      }

      @socketMethod()
      async call(@inject.context() context: Context) {
        await late('call', context);
      }
    }
    await using given = await givenApp({
      controllers: [LateController],
      setup: app => void app.bind('plugins.one').to('one').tag('plugin'),
    });
    const connections = watchConnections(given.app);
    const counted: Record<string, number>[] = [];
    for (const name of ['call', 'authentication', 'call', 'authentication']) {
      [reached, goOn, done] = [new Gate(), new Gate(), new Gate()];
      {
        await using client = givenClient(given.server.url);
        client.socket.emit('authentication', {name});
        if (name === 'call') await client.next('authenticated');
        client.socket.emit('call');
        await reached.opened;
      }
      await connections.none();
      goOn.open();
      await done.opened;
      await connections.none();
      counted.push(countRemains(given.app));
    }
    const [first, ...others] = counted;
    for (const other of others) assert.deepEqual(other, first);
    assert.deepEqual(given.logged, []);
  });

  it('of what a socket was sent in one tick, once that has left', async () => {
    await using given = await givenServer();
    await using client = await givenAuthenticated(given.server.url);
    const [socket] = given.server.io.sockets.values();
    const packets = new LiveObjects();
    socket.conn.on('packetCreate', packet => packets.track(packet));
    for (let at = 0; at < 20; at++) socket.emit('event', at);
    socket.emit('end');
    await client.next('end');
    assert.equal(packets.size, 21);
    await packets.gone();
  });

  it('of namespaces that a living connection has left, however long their names are', async () => {
    await using given = await givenServer(
      server => server.defineMethod('ping', () => 'pong'),
      {},
      {
        setup: app => {
          const options = {namespace: /^\/tenant-/};
          SocketServer.get(app, 'tenants', options).auth(() => false);
        },
      },
    );
    await using client = await RawClient.join(given.server.url);
    await client.send('42["authentication",{"token":"ok"}]');
    assert.equal(await client.next(), '42["authenticated",true]');
    const length = 400_000;
    const leave = async (at: number) => {
      const name = `/tenant-${at}-${'x'.repeat(length)}`;
      await client.send(`40${name},{"token":"bad"}`);
      while (!(await client.next())?.startsWith('41'));
      // Sent before the client could know.
      await client.send(`42${name},["ping"]`);
    };
    await leave(0);
    const before = await heapUsed();
    const cycles = 50;
    for (let at = 1; at <= cycles; at++) await leave(at);
    const grown = (await heapUsed()) - before;
    assert.ok(grown < (cycles * length) / 4, `${grown} bytes more`);
    await client.send('421["ping"]');
    assert.deepEqual(await client.answerTo(1), {result: 'pong'});
  });
});
