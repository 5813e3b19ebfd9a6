// Every case of the suite of `loopback-socket`, and where its documentation and its code differ, what
// its documentation says.
import {inject} from '@loopback/core';
import type {Application, ControllerClass} from '@loopback/core';
import {
  onSocketConnected,
  onSocketDisconnected,
  SocketBindings,
  socketAuth,
  socketController,
  socketMethod,
  SocketServer,
} from 'loopback4-socket';
import type {
  ConnectionHandler,
  HandlerReference,
  SocketCallback,
  StartTarget,
} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {Server, Socket} from 'socket.io';
import {givenApp} from '../../helpers/app';
import type {Logged} from '../../helpers/app';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import type {Answer, TestClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {givenIo} from '../../helpers/io';
import {callUntil} from '../../helpers/retry';

interface Credentials {
  token?: string;
}

const password = '1234';
const right = {token: password};
const wrong = {token: '1111'};
const user = {name: 'someone'};

const internalError = {statusCode: 500, message: 'Internal Server Error'};

/** Values that fail authentication, though nothing is thrown. */
const falsy: Record<string, unknown> = {
  false: false,
  undefined: undefined,
  null: null,
  0: 0,
  "''": '',
};

class AuthenticatedByValue {
  @socketAuth()
  authenticate(_socket: Socket, credentials: Credentials) {
    if (credentials.token !== password) throw 'wrong token';
    return user;
  }
}

class AuthenticatedByPromise {
  @socketAuth()
  async authenticate(_socket: Socket, credentials: Credentials) {
    if (credentials.token !== password) throw 'wrong token';
    return user;
  }
}

class AuthenticatedByCallback {
  @socketAuth()
  authenticate(_socket: Socket, credentials: Credentials, cb: SocketCallback): void {
    // The first outcome wins, as in the original suite.
    if (credentials.token !== password) cb('wrong token');
    cb(null, user);
  }
}

const handlers: Record<string, ConnectionHandler> = {
  'a plain value': (_socket, credentials: Credentials) => {
    if (credentials.token !== password) throw 'wrong token';
    return user;
  },
  'a promise': async (_socket, credentials: Credentials) => {
    if (credentials.token !== password) throw 'wrong token';
    return user;
  },
  'a callback': (_socket, credentials: Credentials, cb) => {
    if (credentials.token !== password) cb('wrong token');
    cb(null, user);
  },
};

const controllers: Record<string, ControllerClass> = {
  'a plain value': AuthenticatedByValue,
  'a promise': AuthenticatedByPromise,
  'a callback': AuthenticatedByCallback,
};

/** Shows that the socket was refused and that its connection has ended. */
async function assertRefused(client: TestClient, message?: string): Promise<void> {
  const {statusCode, ...body} = await client.next('unauthorized');
  assert.equal(statusCode, 401);
  if (message !== undefined) assert.equal(body.message, message);
  assert.equal(await client.next('disconnect'), 'io server disconnect');
  assert.equal(client.socket.connected, false);
  assert.ok(!client.names.includes('authenticated'));
}

/** Tells the client to go on, and waits until the server has received another `authentication`. */
function anotherAuthentication(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    socket.onAny((name: string) => {
      if (name === 'authentication') resolve();
    });
    socket.emit('held');
  });
}

interface ByHand extends AsyncDisposable {
  readonly app: Application;
  readonly server: SocketServer;
  readonly url: string | undefined;
  readonly logged: Logged[];
}

/** Sets the default server up by hand, and starts it. */
type GivenByHand = (setup: (server: SocketServer) => void) => Promise<ByHand>;

const onApplication: GivenByHand = async setup => {
  const {app, server, logged, ...given} = await givenApp({
    setup: application => setup(SocketServer.get(application)),
  });
  const dispose = given[Symbol.asyncDispose];
  return {app, server, url: server.url, logged, [Symbol.asyncDispose]: dispose};
};

/** Serves part of a socket.io server that the application knows nothing of. */
function on(target: (io: Server) => StartTarget): GivenByHand {
  return async setup => {
    const own = await givenIo();
    const {app, server, logged} = await givenApp({start: false});
    setup(server);
    server.start(target(own.io));
    const dispose = async () => {
      await server.stop();
      await own[Symbol.asyncDispose]();
    };
    return {app, server, url: server.url, logged, [Symbol.asyncDispose]: dispose};
  };
}

const places: Record<string, GivenByHand> = {
  'on the application': onApplication,
  'on a given socket.io server': on(io => io),
  'on a given namespace': on(io => io.of('/x')),
};

describe('instances by name', () => {
  it('are the same for the same name, and others for another', async () => {
    await using given = await givenApp({start: false});
    const one = SocketServer.get(given.app, 'one');
    assert.equal(SocketServer.get(given.app, 'one'), one);
    assert.equal(await given.app.getServer('one'), one);
    assert.notEqual(SocketServer.get(given.app, 'two'), one);
    assert.notEqual(SocketServer.get(given.app), one);
  });

  it('are created by decorators that name them', async () => {
    @socketController({server: 'one'})
    class OneController extends AuthenticatedByValue {
      @socketMethod()
      which(@inject(SocketBindings.server('one')) one: SocketServer) {
        return one.name;
      }
    }

    @socketController({server: 'two'})
    class TwoController extends AuthenticatedByValue {
      @socketMethod()
      which(@inject(SocketBindings.server('two')) two: SocketServer) {
        return two.name;
      }
    }

    await using given = await givenApp({controllers: [OneController, TwoController]});
    for (const name of ['one', 'two']) {
      const server = await given.app.getServer<SocketServer>(name);
      assert.equal(SocketServer.get(given.app, name), server);
      await using client = await givenAuthenticated(server.url, right);
      assert.deepEqual(await client.call('which'), {result: name});
    }
  });
});

for (const [place, givenByHand] of Object.entries(places)) {
  const givenServer = () => givenByHand(server => server.auth(handlers['a promise']));

  describe(`by hand, ${place}`, () => {
    describe('authentication', () => {
      for (const [form, handler] of Object.entries(handlers)) {
        it(`succeeds with ${form}`, async () => {
          await using given = await givenByHand(server => server.auth(handler));
          await using client = givenClient(given.url);
          client.socket.emit('authentication', right);
          assert.equal(await client.next('authenticated'), true);
        });

        it(`fails with ${form}, and the connection ends`, async () => {
          await using given = await givenByHand(server => server.auth(handler));
          await using client = givenClient(given.url);
          client.socket.emit('authentication', wrong);
          await assertRefused(client, 'wrong token');
        });
      }

      for (const [name, value] of Object.entries(falsy)) {
        it(`fails with an answer of ${name}`, async () => {
          await using given = await givenByHand(server => server.auth(() => value));
          const forms: ConnectionHandler[] = [
            () => value,
            () => Promise.resolve(value),
            (_socket, _credentials, cb) => cb(null, value),
          ];
          for (const form of forms) {
            given.server.auth(form);
            await using client = givenClient(given.url);
            client.socket.emit('authentication', right);
            await assertRefused(client);
          }
        });
      }

      it('takes a reference, with the model as `this`', async () => {
        const Model = {
          password,
          authenticate(_socket: Socket, {token}: Credentials) {
            return token === this.password;
          },
        };
        await using given = await givenByHand(server =>
          server.auth({model: Model, method: 'authenticate'}),
        );
        await using client = await givenAuthenticated(given.url, right);
        await using other = givenClient(given.url);
        other.socket.emit('authentication', wrong);
        await assertRefused(other);
        assert.ok(client.socket.connected);
      });

      it('takes a reference to a method that is defined later and calls back', async () => {
        const Model: Record<string, unknown> = {};
        await using given = await givenByHand(server =>
          server.auth({model: Model, method: 'authenticate'}),
        );
        Model.authenticate = handlers['a callback'];
        await using client = await givenAuthenticated(given.url, right);
        await using other = givenClient(given.url);
        other.socket.emit('authentication', wrong);
        await assertRefused(other, 'wrong token');
        assert.ok(client.socket.connected);
      });

      it('is replaced by another handler', async () => {
        await using given = await givenServer();
        given.server.auth(() => 'anyone');
        await using client = await givenAuthenticated(given.url, wrong);
        assert.ok(client.socket.connected);
      });
    });

    describe('onConnected', () => {
      it('runs a function before `authenticated`', async () => {
        await using given = await givenServer();
        given.server.onConnected((socket, credentials) => {
          socket.emit('greeted', credentials);
        });
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(client.names, ['connect', 'greeted', 'authenticated']);
        assert.deepEqual(await client.next('greeted'), right);
      });

      it('waits for a promise, and for a callback', async () => {
        await using given = await givenServer();
        given.server.onConnected(async socket => {
          await new Promise(setImmediate);
          socket.emit('first');
        });
        given.server.onConnected((socket, _credentials, cb) => {
          setImmediate(() => {
            socket.emit('second');
            cb();
          });
        });
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(client.names, ['connect', 'first', 'second', 'authenticated']);
      });

      it('refuses the socket when a handler fails', async () => {
        await using given = await givenServer();
        given.server.onConnected((_socket, _credentials, cb) => cb('no room'));
        await using client = givenClient(given.url);
        client.socket.emit('authentication', right);
        await assertRefused(client, 'no room');
      });

      it('takes a reference to a method that is defined later', async () => {
        const Model: Record<string, unknown> = {greeting: 'hello'};
        await using given = await givenServer();
        given.server.onConnected({model: Model, method: 'onConnected'});
        Model.onConnected = function (this: typeof Model, socket: Socket) {
          socket.emit('greeted', this.greeting);
        };
        await using client = await givenAuthenticated(given.url, right);
        assert.equal(await client.next('greeted'), 'hello');
      });
    });

    describe('removeOnConnected', () => {
      it('removes a function', async () => {
        await using given = await givenServer();
        const greet = (socket: Socket) => void socket.emit('greeted');
        given.server.onConnected(greet);
        await using before = await givenAuthenticated(given.url, right);
        assert.ok(before.names.includes('greeted'));
        given.server.removeOnConnected(greet);
        await using after = await givenAuthenticated(given.url, right);
        assert.deepEqual(after.names, ['connect', 'authenticated']);
      });

      it('removes a reference, given as another object', async () => {
        await using given = await givenServer();
        const Model = {greet: (socket: Socket) => void socket.emit('greeted')};
        given.server.onConnected({model: Model, method: 'greet'});
        await using before = await givenAuthenticated(given.url, right);
        assert.ok(before.names.includes('greeted'));
        given.server.removeOnConnected({model: Model, method: 'greet'});
        await using after = await givenAuthenticated(given.url, right);
        assert.deepEqual(after.names, ['connect', 'authenticated']);
      });

      it('leaves the others alone when the handler is unknown', async () => {
        await using given = await givenServer();
        const Model = {
          greet: (socket: Socket) => void socket.emit('greeted'),
          other: () => undefined,
        };
        given.server.onConnected(Model.greet);
        given.server.onConnected({model: Model, method: 'greet'});
        given.server.removeOnConnected(() => undefined);
        given.server.removeOnConnected({model: Model, method: 'other'});
        given.server.removeOnConnected({model: {}, method: 'greet'});
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(client.names, [
          'connect',
          'greeted',
          'greeted',
          'authenticated',
        ]);
      });
    });

    describe('onDisconnected and removeOnDisconnected', () => {
      it('add and remove functions and references', async () => {
        await using given = await givenServer();
        const {server} = given;
        const ran: string[] = [];
        const Model = {
          removed: () => void ran.push('removed reference'),
          kept(this: unknown, _socket: Socket, reason: string) {
            assert.equal(this, Model);
            ran.push(`kept reference: ${reason}`);
          },
        };
        const removed = () => void ran.push('removed function');
        const done = new Gate();
        server.onDisconnected(removed);
        server.onDisconnected({model: Model, method: 'removed'});
        server.onDisconnected({model: Model, method: 'kept'});
        server.onDisconnected((_socket, reason) => {
          ran.push(`kept function: ${reason}`);
          done.open();
        });
        server.removeOnDisconnected(removed);
        server.removeOnDisconnected({model: Model, method: 'removed'});
        server.removeOnDisconnected(() => undefined);
        server.removeOnDisconnected({model: Model, method: 'unknown'});
        await using client = await givenAuthenticated(given.url, right);
        client.socket.disconnect();
        await done.opened;
        assert.deepEqual(ran, [
          'kept reference: client namespace disconnect',
          'kept function: client namespace disconnect',
        ]);
      });
    });

    describe('defineMethod', () => {
      it('answers with what a function returns', async () => {
        await using given = await givenServer();
        given.server.defineMethod(
          'double',
          (_socket, credentials: Credentials, args: {value: number}) => ({
            value: args.value * 2,
            token: credentials.token,
          }),
        );
        await using client = await givenAuthenticated(given.url, right);
        const answer = await client.call('double', {value: 2});
        assert.deepEqual(answer, {result: {value: 4, token: password}});
      });

      it('answers with what a promise resolves to, or rejects with', async () => {
        await using given = await givenServer();
        given.server.defineMethod(
          'check',
          async (_socket, _credentials, args: number) => {
            if (args > 1) throw 'myError';
            return args;
          },
        );
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('check', 1), {result: 1});
        assert.deepEqual(await client.call('check', 2), {error: 'myError'});
      });

      it('takes a reference, with the model as `this`', async () => {
        const Model = {
          factor: 3,
          times(_socket: Socket, _credentials: unknown, args: {value: number}) {
            return args.value * this.factor;
          },
        };
        await using given = await givenServer();
        given.server.defineMethod('times', {model: Model, method: 'times'});
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('times', {value: 3}), {result: 9});
      });

      it('takes a reference to a method that is defined, and replaced, later', async () => {
        const Model: Record<string, unknown> = {};
        await using given = await givenServer();
        given.server.defineMethod('late', {model: Model, method: 'late'});
        Model.late = () => 'defined';
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('late'), {result: 'defined'});
        Model.late = (
          _socket: unknown,
          _credentials: unknown,
          _args: unknown,
          cb: SocketCallback,
        ) => cb(null, 'replaced');
        assert.deepEqual(await client.call('late'), {result: 'replaced'});
      });

      it("takes a reference to a class's static", async () => {
        class Model {
          readonly name = 'not of the class';
          static readonly factor = 4;
          static times(_socket: Socket, _credentials: unknown, args: number) {
            return args * this.factor;
          }
        }
        await using given = await givenServer();
        given.server.defineMethod('times', {model: Model, method: 'times'});
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('times', 2), {result: 8});
      });

      it('resolves a class without that static, bound as a controller', async () => {
        let constructed = 0;
        class FactorController {
          constructor(@inject('factor') private readonly factor: number) {
            constructed++;
          }

          times(_socket: Socket, _credentials: unknown, args: number) {
            return args * this.factor;
          }
        }
        await using given = await givenServer();
        given.app.bind('factor').to(5);
        given.server.defineMethod('times', {model: FactorController, method: 'times'});
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('times', 2), {error: internalError});
        given.app.controller(FactorController);
        assert.deepEqual(await client.call('times', 2), {result: 10});
        assert.deepEqual(await client.call('times', 3), {result: 15});
        assert.equal(constructed, 2);
      });

      it('runs a method that is called without an ack', async () => {
        const Model: Record<string, unknown> = {};
        await using given = await givenServer();
        given.server.defineMethod('notify', {model: Model, method: 'notify'});
        Model.notify = (socket: Socket, _credentials: unknown, args: unknown) => {
          socket.emit('notified', args);
          return 'for nobody';
        };
        await using client = await givenAuthenticated(given.url, right);
        client.socket.emit('notify', {value: 1});
        assert.deepEqual(await client.next('notified'), {value: 1});
      });

      it('answers 500 and logs when a reference leads nowhere, but defines it', async () => {
        await using given = await givenServer();
        given.server.defineMethod('nowhere', {} as HandlerReference);
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('nowhere', {}), {error: internalError});
        assert.equal(given.logged.length, 1);
        const [[error, statusCode, source]] = given.logged;
        assert.match((error as Error).message, /names no function/);
        assert.equal(statusCode, 500);
        assert.equal(source.server, given.server.name);
      });

      it('answers with what a callback says', async () => {
        await using given = await givenServer();
        given.server.defineMethod('ask', (_socket, _credentials, args: Ask, cb) => {
          if (args.value === true) cb(null, {value: 4});
          else cb(args.error ?? new Error('for the log alone'));
          return 'ignored';
        });
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('ask', {value: true}), {result: {value: 4}});
        assert.deepEqual(await client.call('ask', {error: 'myError'}), {
          error: 'myError',
        });
        assert.equal(given.logged.length, 0);
        assert.deepEqual(await client.call('ask', {}), {error: internalError});
        assert.match((given.logged[0][0] as Error).message, /for the log alone/);
      });

      it('replaces a method, for connected sockets as well', async () => {
        await using given = await givenServer();
        given.server.defineMethod('which', () => 'first');
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('which'), {result: 'first'});
        given.server.defineMethod('which', () => 'second');
        assert.deepEqual(await client.call('which'), {result: 'second'});
      });
    });

    describe('removeMethod', () => {
      it('removes a method, for connected sockets as well', async () => {
        await using given = await givenServer();
        given.server.defineMethod('gettingDataMethod', () => 'data');
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('gettingDataMethod'), {result: 'data'});
        given.server.removeMethod('gettingDataMethod');
        const {error} = await client.call('gettingDataMethod');
        assert.equal(error.code, 'METHOD_NOT_FOUND');
      });

      it('leaves the others alone when the name is unknown', async () => {
        await using given = await givenServer();
        given.server.defineMethod('gettingDataMethod', () => 'data');
        given.server.removeMethod('anotherMethod');
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('gettingDataMethod'), {result: 'data'});
      });
    });

    secondAuthentication(async behaviour => {
      const given = await givenByHand(server => {
        server.auth((socket, credentials) => behaviour.authenticate(socket, credentials));
        server.onConnected(socket => behaviour.connected(socket));
        server.onDisconnected(() => behaviour.disconnected());
        server.defineMethod('whoAmI', (_socket, credentials: Credentials) =>
          behaviour.call(credentials),
        );
      });
      return {url: given.url, [Symbol.asyncDispose]: given[Symbol.asyncDispose]};
    });
  });
}

interface Ask {
  value?: boolean;
  error?: string;
}

describe('with decorators', () => {
  describe('authentication', () => {
    for (const [form, controller] of Object.entries(controllers)) {
      it(`succeeds with ${form}`, async () => {
        await using given = await givenApp({controllers: [controller]});
        await using client = givenClient(given.server.url);
        client.socket.emit('authentication', right);
        assert.equal(await client.next('authenticated'), true);
      });

      it(`fails with ${form}, and the connection ends`, async () => {
        await using given = await givenApp({controllers: [controller]});
        await using client = givenClient(given.server.url);
        client.socket.emit('authentication', wrong);
        await assertRefused(client, 'wrong token');
      });
    }

    for (const [name, value] of Object.entries(falsy)) {
      it(`fails with an answer of ${name}`, async () => {
        class ByValue {
          @socketAuth()
          authenticate(): unknown {
            return value;
          }
        }
        class ByPromise {
          @socketAuth()
          async authenticate(): Promise<unknown> {
            return value;
          }
        }
        class ByCallback {
          @socketAuth()
          authenticate(_socket: Socket, _credentials: unknown, cb: SocketCallback): void {
            cb(null, value);
          }
        }
        for (const controller of [ByValue, ByPromise, ByCallback]) {
          await using given = await givenApp({controllers: [controller]});
          await using client = givenClient(given.server.url);
          client.socket.emit('authentication', right);
          await assertRefused(client);
        }
      });
    }

    it('is replaced by hand', async () => {
      await using given = await givenApp({controllers: [AuthenticatedByValue]});
      given.server.auth(() => 'anyone');
      await using client = await givenAuthenticated(given.server.url, wrong);
      assert.ok(client.socket.connected);
    });

    it('takes a reference to a method of a controller', async () => {
      class LoginController {
        constructor(@inject('password') private readonly expected: string) {}

        login(_socket: Socket, credentials: Credentials) {
          return credentials.token === this.expected;
        }
      }
      await using given = await givenApp({
        controllers: [LoginController],
        setup: app => {
          app.bind('password').to(password);
          SocketServer.get(app).auth({model: LoginController, method: 'login'});
        },
      });
      await using client = await givenAuthenticated(given.server.url, right);
      await using other = givenClient(given.server.url);
      other.socket.emit('authentication', wrong);
      await assertRefused(other);
      assert.ok(client.socket.connected);
    });
  });

  describe('onConnected and removeOnConnected', () => {
    class GreetingController extends AuthenticatedByPromise {
      @onSocketConnected()
      async greet(socket: Socket, credentials: Credentials) {
        await new Promise(setImmediate);
        socket.emit('greeted', credentials);
      }

      @onSocketConnected()
      greetByCallback(socket: Socket, _credentials: Credentials, cb: SocketCallback) {
        setImmediate(() => {
          socket.emit('greeted again');
          cb();
        });
      }
    }

    it('run before `authenticated`, with a promise and with a callback', async () => {
      await using given = await givenApp({controllers: [GreetingController]});
      await using client = await givenAuthenticated(given.server.url, right);
      assert.deepEqual(client.names, [
        'connect',
        'greeted',
        'greeted again',
        'authenticated',
      ]);
      assert.deepEqual(await client.next('greeted'), right);
    });

    it('refuses the socket when a handler fails', async () => {
      class NoRoomController extends AuthenticatedByPromise {
        @onSocketConnected()
        connected(_socket: Socket, _credentials: Credentials, cb: SocketCallback) {
          cb('no room');
        }
      }
      await using given = await givenApp({controllers: [NoRoomController]});
      await using client = givenClient(given.server.url);
      client.socket.emit('authentication', right);
      await assertRefused(client, 'no room');
    });

    it('takes a reference to a method that a controller gets later', async () => {
      class LateController extends AuthenticatedByPromise {}
      await using given = await givenApp({controllers: [LateController]});
      given.server.onConnected({model: LateController, method: 'greet'});
      Object.assign(LateController.prototype, {
        greet: (socket: Socket) => void socket.emit('greeted'),
      });
      await using client = await givenAuthenticated(given.server.url, right);
      assert.deepEqual(client.names, ['connect', 'greeted', 'authenticated']);
    });

    it('removes a decorated handler by its class and name', async () => {
      await using given = await givenApp({controllers: [GreetingController]});
      given.server.removeOnConnected({model: GreetingController, method: 'greet'});
      await using client = await givenAuthenticated(given.server.url, right);
      assert.deepEqual(client.names, ['connect', 'greeted again', 'authenticated']);
    });

    it('leaves decorated handlers alone when the handler is unknown', async () => {
      await using given = await givenApp({controllers: [GreetingController]});
      given.server.removeOnConnected({model: GreetingController, method: 'unknown'});
      given.server.removeOnConnected({model: AuthenticatedByPromise, method: 'greet'});
      given.server.removeOnConnected(() => undefined);
      await using client = await givenAuthenticated(given.server.url, right);
      assert.ok(client.names.includes('greeted'));
      assert.ok(client.names.includes('greeted again'));
    });
  });

  it('removes a decorated disconnected handler by its class and name', async () => {
    const ran: string[] = [];
    const done = new Gate();
    class LeavingController extends AuthenticatedByPromise {
      @onSocketDisconnected()
      removed() {
        ran.push('removed');
      }

      @onSocketDisconnected()
      kept(_socket: Socket, reason: string) {
        ran.push(reason);
        done.open();
      }
    }
    await using given = await givenApp({controllers: [LeavingController]});
    given.server.removeOnDisconnected({model: LeavingController, method: 'removed'});
    given.server.removeOnDisconnected({model: LeavingController, method: 'unknown'});
    await using client = await givenAuthenticated(given.server.url, right);
    client.socket.disconnect();
    await done.opened;
    assert.deepEqual(ran, ['client namespace disconnect']);
  });

  describe('methods', () => {
    class MethodsController extends AuthenticatedByValue {
      readonly factor = 3;

      @socketMethod('double')
      gettingData(_socket: Socket, credentials: Credentials, args: {value: number}) {
        return {value: args.value * 2, token: credentials.token};
      }

      @socketMethod()
      async check(_socket: Socket, _credentials: Credentials, args: number) {
        if (args > this.factor) throw 'myError';
        return args * this.factor;
      }

      @socketMethod()
      notify(socket: Socket, _credentials: Credentials, args: unknown) {
        socket.emit('notified', args);
        return 'for nobody';
      }

      @socketMethod()
      ask(_socket: Socket, _credentials: Credentials, args: Ask, cb: SocketCallback) {
        if (args.value === true) cb(null, {value: 4});
        else cb(args.error ?? new Error('for the log alone'));
        return 'ignored';
      }
    }

    const givenMethods = () => givenApp({controllers: [MethodsController]});

    it('answer with what they return', async () => {
      await using given = await givenMethods();
      await using client = await givenAuthenticated(given.server.url, right);
      const answer = await client.call('double', {value: 2});
      assert.deepEqual(answer, {result: {value: 4, token: password}});
    });

    it('answer with what a promise resolves to, or rejects with', async () => {
      await using given = await givenMethods();
      await using client = await givenAuthenticated(given.server.url, right);
      assert.deepEqual(await client.call('check', 1), {result: 3});
      assert.deepEqual(await client.call('check', 4), {error: 'myError'});
    });

    it('run when called without an ack', async () => {
      await using given = await givenMethods();
      await using client = await givenAuthenticated(given.server.url, right);
      client.socket.emit('notify', {value: 1});
      assert.deepEqual(await client.next('notified'), {value: 1});
    });

    it('answer with what a callback says', async () => {
      await using given = await givenMethods();
      await using client = await givenAuthenticated(given.server.url, right);
      assert.deepEqual(await client.call('ask', {value: true}), {result: {value: 4}});
      assert.deepEqual(await client.call('ask', {error: 'myError'}), {error: 'myError'});
      assert.equal(given.logged.length, 0);
      assert.deepEqual(await client.call('ask', {}), {error: internalError});
      assert.match((given.logged[0][0] as Error).message, /for the log alone/);
      assert.equal(given.logged[0][2].handler, 'MethodsController.ask');
    });

    it('can be referred to by class and name, also when defined later', async () => {
      class PlainController {
        constructor(@inject('factor') private readonly factor: number) {}

        times(_socket: Socket, _credentials: Credentials, args: number) {
          return args * this.factor;
        }
      }
      await using given = await givenApp({
        controllers: [MethodsController, PlainController],
        setup: app => void app.bind('factor').to(5),
      });
      const {server} = given;
      server.defineMethod('times', {model: PlainController, method: 'times'});
      server.defineMethod('late', {model: PlainController, method: 'late'});
      await using client = await givenAuthenticated(server.url, right);
      assert.deepEqual(await client.call('times', 2), {result: 10});
      assert.deepEqual(await client.call('late'), {error: internalError});
      Object.assign(PlainController.prototype, {late: () => 'defined'});
      assert.deepEqual(await client.call('late'), {result: 'defined'});
    });

    it('answer 500 and log when replaced by a reference that leads nowhere', async () => {
      await using given = await givenMethods();
      given.server.defineMethod('double', {} as HandlerReference);
      await using client = await givenAuthenticated(given.server.url, right);
      assert.deepEqual(await client.call('double', {value: 2}), {error: internalError});
      assert.match((given.logged[0][0] as Error).message, /names no function/);
    });

    it('are replaced by hand', async () => {
      await using given = await givenMethods();
      await using client = await givenAuthenticated(given.server.url, right);
      given.server.defineMethod('double', () => 'by hand');
      assert.deepEqual(await client.call('double'), {result: 'by hand'});
    });

    it('are removed by hand, an unknown name changing nothing', async () => {
      await using given = await givenMethods();
      await using client = await givenAuthenticated(given.server.url, right);
      given.server.removeMethod('anotherMethod');
      // The event's name counts, not the member's.
      given.server.removeMethod('gettingData');
      assert.ok((await client.call('double', {value: 2})).result);
      given.server.removeMethod('double');
      const {error} = await client.call('double', {value: 2});
      assert.equal(error.code, 'METHOD_NOT_FOUND');
      assert.deepEqual(await client.call('check', 1), {result: 3});
    });
  });

  secondAuthentication(async behaviour => {
    class BehaviourController {
      @socketAuth()
      authenticate(socket: Socket, credentials: Credentials) {
        return behaviour.authenticate(socket, credentials);
      }

      @onSocketConnected()
      connected(socket: Socket) {
        return behaviour.connected(socket);
      }

      @onSocketDisconnected()
      disconnected() {
        behaviour.disconnected();
      }

      @socketMethod()
      whoAmI(_socket: Socket, credentials: Credentials) {
        return behaviour.call(credentials);
      }
    }
    const given = await givenApp({controllers: [BehaviourController]});
    const dispose = given[Symbol.asyncDispose];
    return {url: given.server.url, [Symbol.asyncDispose]: dispose};
  });
});

/** Counts what runs, and holds up authentication or connected handlers where a test says so. */
class Behaviour {
  readonly authenticated: Credentials[] = [];
  connections = 0;
  calls = 0;
  disconnections = 0;
  readonly gone = new Gate();
  hold: 'authentication' | 'connected' | 'nothing' = 'nothing';

  async authenticate(socket: Socket, credentials: Credentials) {
    this.authenticated.push(credentials);
    if (this.hold === 'authentication') await anotherAuthentication(socket);
    return credentials.token !== wrong.token && user;
  }

  async connected(socket: Socket) {
    this.connections++;
    if (this.hold === 'connected') await anotherAuthentication(socket);
  }

  disconnected() {
    this.disconnections++;
    this.gone.open();
  }

  call(credentials: Credentials) {
    this.calls++;
    return credentials.token;
  }
}

type GivenBehaviour = (
  behaviour: Behaviour,
) => Promise<AsyncDisposable & {url: string | undefined}>;

/** The cases of a second `authentication`, however the server was set up. */
function secondAuthentication(givenBehaviour: GivenBehaviour): void {
  describe('a second `authentication`', () => {
    for (const ack of [true, false]) {
      const withAck = ack ? 'with' : 'without';

      it(`renews after success, ${withAck} an ack, and runs nothing else`, async () => {
        const behaviour = new Behaviour();
        await using given = await givenBehaviour(behaviour);
        await using client = await givenAuthenticated(given.url, right);
        assert.deepEqual(await client.call('whoAmI'), {result: right.token});
        const renewed = {token: 'renewed'};
        let calls = 1;
        if (ack) {
          assert.deepEqual(await client.call('authentication', renewed), {result: true});
        } else {
          client.socket.emit('authentication', renewed);
        }
        // Without an ack it is renewed while the client goes on calling.
        const isRenewed = ({result}: Answer) => {
          calls++;
          return ack || result === renewed.token;
        };
        const answer = await callUntil(client, isRenewed, 'whoAmI');
        assert.deepEqual(answer, {result: renewed.token});
        assert.deepEqual(behaviour.authenticated, [right, renewed]);
        assert.equal(behaviour.connections, 1);
        assert.equal(behaviour.calls, calls);
        assert.deepEqual(client.names, ['connect', 'authenticated']);
      });

      for (const hold of ['authentication', 'connected'] as const) {
        for (const second of [right, wrong]) {
          const which = second === wrong ? 'wrong' : 'the same';
          it(`shares the outcome while ${hold} is under way, ${withAck} an ack, with ${which} credentials`, async () => {
            const behaviour = new Behaviour();
            behaviour.hold = hold;
            await using given = await givenBehaviour(behaviour);
            await using client = givenClient(given.url);
            const authenticate = (credentials: Credentials) => {
              if (ack) return client.call('authentication', credentials);
              client.socket.emit('authentication', credentials);
              return undefined;
            };
            const first = authenticate(right);
            await client.next('held');
            const other = authenticate(second);
            const answer = await client.call('whoAmI');
            assert.deepEqual(await first, ack ? {result: true} : undefined);
            assert.deepEqual(await other, ack ? {result: true} : undefined);
            assert.deepEqual(answer, {result: right.token});
            assert.deepEqual(behaviour.authenticated, [right]);
            assert.equal(behaviour.connections, 1);
            assert.equal(behaviour.calls, 1);
            assert.deepEqual(client.names, ['connect', 'held', 'authenticated']);
          });
        }
      }

      it(`shares a failure while it is under way, ${withAck} an ack`, async () => {
        const behaviour = new Behaviour();
        behaviour.hold = 'authentication';
        await using given = await givenBehaviour(behaviour);
        await using client = givenClient(given.url);
        client.socket.emit('authentication', wrong);
        await client.next('held');
        const second = ack ? client.call('authentication', right) : undefined;
        if (!ack) client.socket.emit('authentication', right);
        await assertRefused(client);
        if (second) assert.equal((await second).error.statusCode, 401);
        assert.deepEqual(behaviour.authenticated, [wrong]);
        assert.equal(behaviour.connections, 0);
      });

      it(`ends in unauthorized after success, ${withAck} an ack, with wrong credentials`, async () => {
        const behaviour = new Behaviour();
        await using given = await givenBehaviour(behaviour);
        await using client = await givenAuthenticated(given.url, right);
        const answer = ack ? client.call('authentication', wrong) : undefined;
        if (!ack) client.socket.emit('authentication', wrong);
        const body = await client.next('unauthorized');
        assert.equal(body.statusCode, 401);
        assert.equal(await client.next('disconnect'), 'io server disconnect');
        if (answer) assert.deepEqual(await answer, {error: body});
        await behaviour.gone.opened;
        assert.equal(behaviour.connections, 1);
        assert.equal(behaviour.disconnections, 1);
      });
    }
  });
}

describe('start(io)', () => {
  const givenServer = async (target: (io: Server) => StartTarget) => {
    const own = await givenIo();
    const given = await givenApp({
      setup: app => {
        const server = SocketServer.get(app);
        server.auth(() => user);
        server.start(target(own.io));
      },
    });
    return {own, given};
  };

  for (const [form, target, path] of [
    ['a socket.io server', (io: Server) => io, ''],
    ['a namespace', (io: Server) => io.of('/x'), '/x'],
  ] as const) {
    it(`serves ${form}, and app.start() leaves it there`, async () => {
      const {own, given} = await givenServer(target);
      await using _own = own;
      await using _given = given;
      assert.equal(given.server.url, own.url + path);
      assert.equal(given.server.io.server, own.io);
      assert.equal(given.server.listening, true);
      await using client = await givenAuthenticated(own.url + path, right);
      assert.ok(client.socket.connected);
    });

    it(`throws for ${form} while the server is running`, async () => {
      const {own, given} = await givenServer(target);
      await using _own = own;
      await using _given = given;
      await using another = await givenIo();
      const {server} = given;
      assert.throws(
        () => server.start(target(own.io)),
        /"SocketServer" is already running/,
      );
      assert.throws(
        () => server.start(target(another.io)),
        /"SocketServer" is already running/,
      );
      await using client = await givenAuthenticated(server.url, right);
      assert.ok(client.socket.connected);
    });

    it(`lets app.stop() drain ${form} without closing it`, async () => {
      const {own, given} = await givenServer(target);
      await using _own = own;
      const called = new Gate();
      const answered = new Gate();
      given.server.defineMethod('slow', async () => {
        called.open();
        await answered.opened;
        return 'done';
      });
      own.io.of('/neighbour').on('connection', socket => {
        socket.on('ping', (ack: (value: string) => void) => ack('pong'));
      });
      await using neighbour = givenClient(`${own.url}/neighbour`);
      await neighbour.next('connect');
      await using client = await givenAuthenticated(own.url + path, right);
      const answer = client.call('slow');
      await called.opened;
      const stopped = given.app.stop();
      answered.open();
      assert.deepEqual(await answer, {result: 'done'});
      await stopped;
      await client.next('disconnect');
      assert.equal(given.server.listening, false);
      assert.equal(own.http.listening, true);
      assert.equal(await neighbour.call('ping'), 'pong');
      await using newcomer = givenClient(`${own.url}/neighbour`);
      assert.equal(await newcomer.call('ping'), 'pong');
      assert.ok(!neighbour.names.includes('disconnect'));
    });
  }

  it('throws on a server that the application runs', async () => {
    await using own = await givenIo();
    await using given = await givenApp({controllers: [AuthenticatedByValue]});
    assert.throws(() => given.server.start(own.io), /"SocketServer" is already running/);
    await using client = await givenAuthenticated(given.server.url, right);
    assert.ok(client.socket.connected);
  });

  it('serves a namespace that is configured, whichever is given', async () => {
    await using own = await givenIo();
    await using given = await givenApp({start: false});
    const server = SocketServer.get(given.app, 'admin', {namespace: '/configured'});
    server.auth(() => user);
    server.start(own.io.of('/x'));
    assert.equal(server.url, `${own.url}/configured`);
    await using client = await givenAuthenticated(server.url, right);
    assert.ok(client.socket.connected);
    await server.stop();
  });

  it('serves decorated controllers', async () => {
    await using own = await givenIo();
    await using given = await givenApp({
      controllers: [AuthenticatedByValue],
      start: false,
    });
    given.server.defineMethod('ping', () => 'pong');
    given.server.start(own.io);
    await using client = await givenAuthenticated(own.url, right);
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    await given.server.stop();
  });

  it('serves sockets that were connected already', async () => {
    await using own = await givenIo();
    await using given = await givenApp({start: false});
    await using client = givenClient(own.url);
    await client.next('connect');
    given.server.auth(() => user);
    given.server.start(own.io);
    assert.deepEqual(await client.call('authentication', right), {result: true});
    await given.server.stop();
  });
});
