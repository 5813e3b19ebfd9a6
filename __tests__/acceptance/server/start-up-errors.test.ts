import {Application} from '@loopback/core';
import type {ControllerClass, Server} from '@loopback/core';
import {
  onSocketConnected,
  onSocketDisconnected,
  RESERVED_EVENTS,
  SocketBindings,
  SocketServer,
  socketAuth,
  socketController,
  socketMethod,
} from 'loopback4-socket';
import type {SocketComponentOptions, SocketServerOptions} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import type {Server as HttpServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, it} from 'node:test';
import {givenApp} from '../../helpers/app';
import type {AppOptions, GivenApp, Logged} from '../../helpers/app';
import {once} from '../../helpers/awaited';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import {callUntil, isMissing, isResult} from '../../helpers/retry';
import {assertStartFails} from '../../helpers/start-up-errors';

class AuthController {
  @socketAuth()
  authenticate(): unknown {
    return true;
  }

  @socketMethod()
  ping() {
    return 'pong';
  }
}

class AnotherAuthController {
  @socketAuth()
  login() {
    return true;
  }
}

class AnotherPingController {
  @socketMethod('ping')
  reply() {
    return 'another';
  }
}

class MethodController {
  @socketMethod()
  unguarded() {
    return 'unguarded';
  }
}

/** Changes that an application must notice while it starts, and the proof of each. */
class MarkerController {
  @socketMethod()
  marker() {
    return 'seen';
  }
}

/** An application that runs, with one client, and takes controllers. */
async function givenRunning(options: AppOptions = {}) {
  const given = await givenApp({controllers: [AuthController], ...options});
  const client = await givenAuthenticated(given.server.url);
  const dispose = async () => {
    await client[Symbol.asyncDispose]();
    await given[Symbol.asyncDispose]();
  };
  /** Adds controllers, and waits until they have been looked at. */
  const add = async (...controllers: ControllerClass[]) => {
    const bindings = controllers.map(controller => given.app.controller(controller));
    given.app.controller(MarkerController);
    await callUntil(client, isResult, 'marker');
    return bindings;
  };
  return {given, client, add, [Symbol.asyncDispose]: dispose};
}

/** One problem was logged, in words that a pattern each matches. */
function assertLogged({logged}: GivenApp, ...patterns: RegExp[]): void {
  const messages = logged.map(([error]: Logged) => (error as Error).message);
  assert.equal(logged.length, 1, messages.join('\n'));
  for (const pattern of patterns) assert.match(messages[0], pattern);
}

describe('an option', () => {
  const misfits: Record<keyof SocketComponentOptions, unknown[]> = {
    io: ['/socket.io', 3000, null, []],
    http: ['localhost', 3000, null, true],
    coalesceWrites: ['yes', 1, 0, null, {}],
    jsonp: ['yes', 1, 0, null, {}],
    asyncApi: ['yes', 1, 0, null, {}],
    maxQueuedBytes: ['1 MB', 0, -1, 1.5, NaN, Infinity, null, true],
    maxUnauthenticated: ['1000', 0, -1, 1.5, NaN, Infinity, null, true],
    maxSockets: ['10', 0, -1, 1.5, NaN, Infinity, null, true],
    maxConnectionsPerAddress: ['10', 0, -1, 1.5, NaN, Infinity, null, true],
    authentications: [
      50,
      false,
      null,
      [],
      {concurrent: 0},
      {concurrent: '50'},
      {most: 1},
    ],
    reconnectWindow: ['5000', -1, NaN, Infinity, null, false],
    drainTimeout: ['5000', -1, NaN, Infinity, null, false],
  };
  for (const [option, values] of Object.entries(misfits)) {
    it(`${option} of the component that is of a bad type stops the start`, async () => {
      for (const value of values) {
        const component = {[option]: value} as SocketComponentOptions;
        const expected = new RegExp(`SocketComponent: option "${option}" must be .+`);
        await assertStartFails({component, controllers: [AuthController]}, expected);
      }
    });
  }

  const serverMisfits: Record<keyof SocketServerOptions, unknown[]> = {
    namespace: ['admin', '', 3000, null, {}, /^\/x/g, /^\/x/y],
    isOutage: [true, 'ECONNREFUSED', null, {}],
    timeout: ['3000', 0, -1, NaN, Infinity, true, null],
    callTimeout: ['3000', 0, -1, NaN, Infinity, true, null],
    credentials: ['query', '', true, null, {}],
    anonymous: ['yes', 1, 0, null, {}],
    authentication: [
      '',
      1,
      null,
      [],
      {name: 'jwt'},
      {strategy: 1},
      {applyCredentials: 1},
    ],
    userId: ['id', 1, null, {}],
    maxCallsInFlight: ['256', 0, -1, 1.5, NaN, Infinity, null, true],
    maxStreams: ['256', 0, -1, 1.5, NaN, Infinity, null, true],
    streamTimeout: ['3000', 0, -1, NaN, Infinity, true, null],
    maxWaitingCalls: ['16', -1, 1.5, NaN, Infinity, null, false],
    emitFailed: ['yes', 1, 0, null, {}],
    callLimiter: [
      'memory',
      1,
      null,
      {},
      {limiter: {}},
      {limiter: {consume: 1}},
      {limiter: {consume: async () => undefined}, by: 'address'},
      {limiter: {consume: async () => undefined}, to: 'user'},
    ],
    retryWindow: [
      'long',
      1000,
      true,
      null,
      {},
      {time: 1000},
      {time: 0, calls: 1},
      {time: 1000, calls: 0},
      {time: 1000, calls: 1, size: 1},
      {time: 1000, calls: 1, bytes: 0},
    ],
    expiresAt: ['tomorrow', 1, null, {}],
    expiryNotice: ['60000', -1, NaN, Infinity, null, false],
  };
  for (const [option, values] of Object.entries(serverMisfits)) {
    it(`${option} of a server that is of a bad type stops the start`, async () => {
      for (const value of values) {
        const options = {[option]: value} as SocketServerOptions;
        await assertStartFails(
          {servers: {'': options}, controllers: [AuthController]},
          new RegExp(`Server "SocketServer": option "${option}" must be .+`),
        );
      }
    });
  }

  it('that is unknown stops the start', async () => {
    await assertStartFails(
      {component: {drainTimeOut: 1} as SocketComponentOptions},
      /SocketComponent: unknown option "drainTimeOut"/,
      /drainTimeout/,
    );
    await assertStartFails(
      {servers: {'': {timeOut: 1} as SocketServerOptions}},
      /Server "SocketServer": unknown option "timeOut"/,
      /timeout/,
    );
    for (const name of ['constructor', 'toString']) {
      const component = {[name]: 1} as SocketComponentOptions;
      await assertStartFails({component}, new RegExp(`unknown option "${name}"`));
    }
  });

  it('of a named server names that server, however it was given', async () => {
    const pattern = /Server "admin": unknown option "timeOut"/;
    const wrong = {timeOut: 1} as SocketServerOptions;
    @socketController({server: 'admin'})
    class AdminController extends AuthController {}
    await assertStartFails(
      {servers: {admin: wrong}, controllers: [AdminController]},
      pattern,
    );
    await assertStartFails(
      {setup: app => void SocketServer.get(app, 'admin', wrong)},
      pattern,
    );
  });

  it('that is no object at all stops the start', async () => {
    await assertStartFails(
      {component: 3000 as SocketComponentOptions},
      /SocketComponent: the configuration must be an object/,
    );
    await assertStartFails(
      {servers: {'': [] as SocketServerOptions}},
      /Server "SocketServer": the configuration must be an object/,
    );
  });

  it('that is undefined counts as not given', async () => {
    await using given = await givenApp({
      controllers: [AuthController],
      component: {io: undefined, http: undefined, drainTimeout: undefined},
      servers: {
        '': {
          namespace: undefined,
          timeout: undefined,
          credentials: undefined,
          anonymous: undefined,
        },
      },
    });
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
  });

  it('that is wrong is logged when its server comes at run time, and the others go on', async () => {
    @socketController({server: 'late'})
    class LateController extends AuthController {}
    await using running = await givenRunning({
      servers: {late: {timeOut: 1} as SocketServerOptions},
    });
    await running.add(LateController);
    assertLogged(running.given, /Server "late": unknown option "timeOut"/);
    assert.deepEqual(await running.client.call('ping'), {result: 'pong'});
  });
});

describe('two authentications of one server', () => {
  it('stop the start, naming both', async () => {
    await assertStartFails(
      {controllers: [AuthController, AnotherAuthController]},
      /AnotherAuthController\.login/,
      /[^r]AuthController\.authenticate/,
      /Remove one @socketAuth/,
    );
  });

  it('stop the start within one class', async () => {
    class DoubleController {
      @socketAuth()
      one() {
        return true;
      }

      @socketAuth()
      other() {
        return true;
      }
    }
    await assertStartFails(
      {controllers: [DoubleController]},
      /DoubleController\.one/,
      /DoubleController\.other/,
      /Remove one @socketAuth/,
    );
  });

  it('stop the start where one overrides what both have inherited', async () => {
    class InheritingController extends AuthController {}
    class OverridingController extends AuthController {
      override authenticate() {
        return undefined;
      }
    }
    await assertStartFails(
      {controllers: [InheritingController, OverridingController]},
      /OverridingController\.authenticate/,
      /InheritingController\.authenticate/,
      /Remove one @socketAuth/,
    );
  });

  it('are fine on two servers', async () => {
    @socketController({server: 'admin'})
    class AdminController extends AuthController {}
    await using given = await givenApp({
      controllers: [AnotherAuthController, AdminController],
    });
    await using client = await givenAuthenticated(given.get('admin').url);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
  });

  it('are logged at run time, and the first stays', async () => {
    class RefusingController {
      @socketAuth()
      login() {
        return false;
      }
    }
    await using running = await givenRunning();
    await running.add(RefusingController);
    assertLogged(
      running.given,
      /RefusingController\.login/,
      /AuthController\.authenticate/,
      /Remove one @socketAuth/,
    );
    await using client = await givenAuthenticated(running.given.server.url);
    assert.ok(client.socket.connected);
  });
});

describe('anonymous beside authentication', () => {
  it('stops the start, whether decorated or by hand', async () => {
    const servers = {'': {anonymous: true}};
    const remove = /"SocketServer" is anonymous.*Remove `anonymous`/;
    await assertStartFails(
      {servers, controllers: [AuthController]},
      remove,
      /AuthController\.authenticate/,
    );
    const byHand = () => true;
    await assertStartFails(
      {servers, setup: app => SocketServer.get(app).auth(byHand)},
      remove,
      /byHand/,
    );
  });

  it('is logged at run time, and the server stays anonymous', async () => {
    class RefusingController {
      @socketAuth()
      login() {
        return false;
      }
    }
    await using running = await givenRunning({
      controllers: [MethodController],
      servers: {'': {anonymous: true}},
    });
    await running.add(RefusingController);
    assertLogged(
      running.given,
      /"SocketServer" is anonymous/,
      /RefusingController\.login/,
    );
    await using client = await givenAuthenticated(running.given.server.url);
    assert.deepEqual(await client.call('unguarded'), {result: 'unguarded'});
  });
});

describe('two methods of one name', () => {
  it('stop the start, naming both', async () => {
    await assertStartFails(
      {controllers: [AuthController, AnotherPingController]},
      /AnotherPingController\.reply/,
      /[^r]AuthController\.ping/,
      /"ping"/,
      /Give one of them another name/,
    );
  });

  it('stop the start within one class', async () => {
    class DoubleController extends AuthController {
      @socketMethod('same')
      one() {
        return 1;
      }

      @socketMethod('same')
      other() {
        return 2;
      }
    }
    await assertStartFails(
      {controllers: [DoubleController]},
      /DoubleController\.one/,
      /DoubleController\.other/,
      /"same"/,
    );
  });

  it('stop the start between two subclasses of one class', async () => {
    class OneController extends MethodController {}
    class OtherController extends MethodController {}
    await assertStartFails(
      {controllers: [AuthController, OneController, OtherController]},
      /OneController\.unguarded/,
      /OtherController\.unguarded/,
    );
  });

  it('are fine on two servers, and where one is defined by hand', async () => {
    @socketController({server: 'admin'})
    class AdminController extends AuthController {}
    await using given = await givenApp({
      controllers: [AuthController, AdminController],
      setup: app => SocketServer.get(app).defineMethod('ping', () => 'by hand'),
    });
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('ping'), {result: 'by hand'});
  });

  it('are logged once at run time, and the first stays until it goes', async () => {
    await using running = await givenRunning();
    await running.add(AnotherPingController);
    assert.deepEqual(await running.client.call('ping'), {result: 'pong'});
    running.given.app.unbind('controllers.MarkerController');
    await callUntil(running.client, isMissing, 'marker');
    assertLogged(running.given, /AnotherPingController\.reply/, /AuthController\.ping/);

    class OnlyAuthController {
      @socketAuth()
      authenticate() {
        return true;
      }
    }
    running.given.app.unbind('controllers.AuthController');
    running.given.app.controller(OnlyAuthController);
    await callUntil(running.client, ({result}) => result === 'another', 'ping');
  });
});

describe('two servers on one namespace', () => {
  @socketController({server: 'one'})
  class OneController extends AuthController {}
  @socketController({server: 'two'})
  class TwoController extends AuthController {
    override ping() {
      return 'pong of two';
    }
  }
  const controllers = [OneController, TwoController];
  const another = /Configure another `namespace`/;

  it('stop the start, naming both', async () => {
    const matches = () => true;
    for (const namespace of ['/same', /^\/same/, matches]) {
      await assertStartFails(
        {controllers, servers: {one: {namespace}, two: {namespace}}},
        /"one"/,
        /"two"/,
        another,
      );
    }
    await assertStartFails(
      {controllers, servers: {one: {namespace: /^\/a/i}, two: {namespace: /^\/a/i}}},
      /"one" and "two"/,
    );
  });

  it('stop the start where one has it by its name', async () => {
    await assertStartFails(
      {controllers, servers: {two: {namespace: '/one'}}},
      /"one" and "two"/,
      another,
    );
    await assertStartFails(
      {controllers: [AuthController, OneController], servers: {one: {namespace: '/'}}},
      /"SocketServer" and "one"|"one" and "SocketServer"/,
      another,
    );
  });

  it('are fine where one is idle', async () => {
    await using given = await givenApp({
      controllers: [OneController],
      servers: {one: {namespace: '/'}},
    });
    await using client = await givenAuthenticated(given.get('one').url);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
  });

  it('are logged at run time; the first stays, and others are served', async () => {
    @socketController({server: 'three'})
    class ThreeController extends AuthController {
      override ping() {
        return 'pong of three';
      }
    }
    await using running = await givenRunning({
      controllers: [AuthController, OneController],
      servers: {two: {namespace: '/one'}},
    });
    const {given} = running;
    await running.add(TwoController, ThreeController);
    assertLogged(given, /"one"/, /"two"/, /another `namespace`/);
    await using client = await givenAuthenticated(given.get('one').url);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    assert.equal(given.get('two').listening, false);
    await using third = await givenAuthenticated(given.get('three').url);
    assert.deepEqual(await third.call('ping'), {result: 'pong of three'});
  });
});

describe('a reserved event name', () => {
  it('stops the start, naming the method', async () => {
    for (const name of [...RESERVED_EVENTS, '']) {
      class ReservedController extends AuthController {
        @socketMethod(name)
        member() {
          return true;
        }
      }
      await assertStartFails(
        {controllers: [ReservedController]},
        /ReservedController\.member/,
        new RegExp(`"${name.replace('$', '\\$')}" is reserved`),
        /Give the method another/,
      );
    }
  });

  it('stops the start where it is the name of the method itself', async () => {
    class ReservedController extends AuthController {
      @socketMethod()
      disconnect() {
        return true;
      }
    }
    await assertStartFails(
      {controllers: [ReservedController]},
      /ReservedController\.disconnect: the event name "disconnect" is reserved/,
    );
  });

  it('is refused by defineMethod at once', async () => {
    await using given = await givenApp({start: false});
    for (const name of [...RESERVED_EVENTS, '']) {
      assert.throws(() => given.server.defineMethod(name, () => true), /is reserved/);
    }
  });

  it('is logged at run time, and changes nothing', async () => {
    class ReservedController {
      @socketMethod('authentication')
      member() {
        return true;
      }

      @socketMethod()
      fine() {
        return 'fine';
      }
    }
    await using running = await givenRunning();
    await running.add(ReservedController);
    assertLogged(
      running.given,
      /ReservedController\.member/,
      /"authentication" is reserved/,
    );
    assert.deepEqual(await running.client.call('fine'), {result: 'fine'});
    await using client = await givenAuthenticated(running.given.server.url);
    assert.ok(client.socket.connected);
  });
});

describe('methods without authentication', () => {
  const either = /Decorate .*@socketAuth.*`anonymous: true`/;

  it('stop the start', async () => {
    await assertStartFails(
      {controllers: [MethodController]},
      /Server "SocketServer"/,
      /MethodController\.unguarded/,
      either,
    );
    const byHand = () => true;
    await assertStartFails(
      {setup: app => SocketServer.get(app, 'admin').defineMethod('ping', byHand)},
      /Server "admin"/,
      /byHand/,
      either,
    );
  });

  it('stop the start where another server has one', async () => {
    @socketController({server: 'admin'})
    class AdminController {
      @socketMethod()
      member() {
        return true;
      }
    }
    await assertStartFails(
      {controllers: [AuthController, AdminController]},
      /Server "admin" has AdminController\.member/,
      either,
    );
  });

  it('stop the start for connected and disconnected handlers as well', async () => {
    class ConnectedController {
      @onSocketConnected()
      member() {
        return true;
      }
    }
    class DisconnectedController {
      @onSocketDisconnected()
      member() {
        return true;
      }
    }
    await assertStartFails(
      {controllers: [ConnectedController]},
      /ConnectedController\.member/,
      either,
    );
    await assertStartFails(
      {controllers: [DisconnectedController]},
      /DisconnectedController\.member/,
      either,
    );
  });

  it('are fine on an anonymous server', async () => {
    await using given = await givenApp({
      controllers: [MethodController],
      servers: {'': {anonymous: true}},
    });
    await using client = await givenAuthenticated(given.server.url, undefined);
    assert.deepEqual(await client.call('unguarded'), {result: 'unguarded'});
  });

  it('are logged at run time, and nobody can call them', async () => {
    @socketController({server: 'late'})
    class LateController {
      @socketMethod()
      member() {
        return true;
      }
    }
    await using running = await givenRunning();
    await running.add(LateController);
    assertLogged(running.given, /Server "late" has LateController\.member/, either);
    await using client = givenClient(`${running.given.server.url}/late`);
    client.socket.emit('authentication', {token: 'ok'});
    const refused = await Promise.race([
      client.next<unknown>('unauthorized'),
      client.next<unknown>('connect_error'),
    ]);
    assert.ok(refused);
    assert.ok(!client.names.includes('authenticated'));
  });
});

describe('a name that another class holds under `servers.`', () => {
  class ForeignServer implements Server {
    readonly listening = false;
    async start() {
      // It has nothing to start.
    }
    async stop() {
      // Nor to stop.
    }
  }

  @socketController({server: 'ForeignServer'})
  class ForeignController extends AuthController {}

  it('is refused by SocketServer.get', async () => {
    await using given = await givenApp({
      start: false,
      setup: app => void app.bind('servers.mqtt').toClass(ForeignServer),
    });
    for (const name of ['mqtt', 'RestServer']) {
      assert.throws(
        () => SocketServer.get(given.app, name),
        (error: Error) => {
          assert.match(error.message, new RegExp(`servers\\.${name}`));
          assert.match(error.message, /Choose another name/);
          return true;
        },
      );
    }
  });

  it('stops the start where a controller names it, naming the class', async () => {
    await assertStartFails(
      {
        controllers: [ForeignController],
        setup: app => void app.bind('servers.ForeignServer').toClass(ForeignServer),
      },
      /servers\.ForeignServer/,
      /ForeignController/,
      /Choose another name/,
    );
    @socketController({server: 'RestServer'})
    class RestController extends AuthController {}
    await assertStartFails(
      {controllers: [RestController]},
      /servers\.RestServer/,
      /RestController/,
      /Choose another name/,
    );
  });

  it('is logged at run time, and other controllers are taken', async () => {
    await using running = await givenRunning({
      setup: app => void app.bind('servers.ForeignServer').toClass(ForeignServer),
    });
    await running.add(ForeignController);
    assertLogged(running.given, /servers\.ForeignServer/, /Choose another name/);
    assert.deepEqual(await running.client.call('ping'), {result: 'pong'});
  });
});

describe('SocketServer.get without the component', () => {
  it('throws and says how to add it', () => {
    const app = new Application();
    const add = /app\.component\(SocketComponent\)/;
    assert.throws(() => SocketServer.get(app), add);
    assert.throws(() => SocketServer.get(app, 'admin', {timeout: 1}), add);
    assert.equal(app.isBound(SocketBindings.server('admin')), false);
  });
});

describe('a decorated static method', () => {
  it('throws when it is declared, naming the class, the method and the decorator', () => {
    const instead = /Remove `static`/;
    const declarations: Record<string, () => unknown> = {
      '@socketAuth': () => {
        class StaticController {
          readonly used = true;
          @socketAuth()
          static member() {
            return true;
          }
        }
        return StaticController;
      },
      '@socketMethod': () => {
        class StaticController {
          readonly used = true;
          @socketMethod()
          static member() {
            return true;
          }
        }
        return StaticController;
      },
      '@onSocketConnected': () => {
        class StaticController {
          readonly used = true;
          @onSocketConnected()
          static member() {
            return true;
          }
        }
        return StaticController;
      },
      '@onSocketDisconnected': () => {
        class StaticController {
          readonly used = true;
          @onSocketDisconnected()
          static member() {
            return true;
          }
        }
        return StaticController;
      },
    };
    for (const [decorator, declare] of Object.entries(declarations)) {
      assert.throws(declare, (error: Error) => {
        assert.match(error.message, new RegExp(decorator));
        assert.match(error.message, /StaticController\.member/);
        assert.match(error.message, instead);
        return true;
      });
    }
  });
});

describe('several mistakes', () => {
  it('are told at once', async () => {
    @socketController({server: 'admin'})
    class AdminController {
      @socketMethod()
      member() {
        return true;
      }
    }
    await assertStartFails(
      {
        controllers: [
          AuthController,
          AnotherAuthController,
          AnotherPingController,
          AdminController,
        ],
      },
      /AnotherAuthController\.login/,
      /AnotherPingController\.reply/,
      /AdminController\.member/,
    );
  });
});

describe('several applications on one http server', () => {
  async function givenHttp(): Promise<{http: HttpServer; url: string} & AsyncDisposable> {
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const dispose = async () => {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    };
    return {http, url, [Symbol.asyncDispose]: dispose};
  }

  const givenOn = (http: HttpServer, path: string | undefined, start = true) =>
    givenApp({
      plain: true,
      controllers: [AuthController],
      component: {http, io: path === undefined ? {} : {path}},
      start,
    });

  it('are refused where their socket.io paths overlap', async () => {
    for (const [one, other] of [
      [undefined, undefined],
      ['/live', '/live'],
      ['/live', '/live/'],
      ['/live', '/live/inner'],
      ['/live/inner', '/live'],
      ['/socket.io/inner', undefined],
    ]) {
      await using own = await givenHttp();
      await using first = await givenOn(own.http, one);
      await using second = await givenOn(own.http, other, false);
      await assert.rejects(second.app.start(), (error: Error) => {
        assert.match(error.message, /path ".+" overlaps with ".+"/);
        assert.match(error.message, /another `io\.path`/);
        return true;
      });
      await using client = await givenAuthenticated(first.server.url, true, {
        path: one ?? '/socket.io',
      });
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
    }
  });

  it('serve each its own path where they do not', async () => {
    await using own = await givenHttp();
    for (const [one, other] of [
      ['/one', '/other'],
      ['/live', '/lively'],
      ['/live/one', '/live/other'],
    ]) {
      await using first = await givenOn(own.http, one);
      await using second = await givenOn(own.http, other);
      second.server.defineMethod('ping', () => 'pong of the second');
      await using client = await givenAuthenticated(own.url, true, {path: one});
      await using another = await givenAuthenticated(own.url, true, {path: other});
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
      assert.deepEqual(await another.call('ping'), {result: 'pong of the second'});
      assert.ok(first.server.listening);
    }
  });

  it('may take a path that another has left', async () => {
    await using own = await givenHttp();
    {
      await using first = await givenOn(own.http, '/live');
      assert.ok(first.server.listening);
    }
    await using second = await givenOn(own.http, '/live/inner');
    await using client = await givenAuthenticated(second.server.url, true, {
      path: '/live/inner',
    });
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
  });
});
