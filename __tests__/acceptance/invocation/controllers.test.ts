import {BootMixin} from '@loopback/boot';
import {BindingScope, inject, injectable} from '@loopback/core';
import type {Component, ControllerClass} from '@loopback/core';
import {RestApplication, RestServer} from '@loopback/rest';
import {SecurityBindings} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {
  onSocketConnected,
  onSocketDisconnected,
  SocketBindings,
  SocketComponent,
  SocketServer,
  socketAuth,
  socketController,
  socketMethod,
} from 'loopback4-socket';
import type {SocketCallback} from 'loopback4-socket';
import assert from 'node:assert/strict';
import path from 'node:path';
import {describe, it} from 'node:test';
import type {Socket} from 'socket.io';
import {GreetingController} from '../../fixtures/booted/controllers/greeting.controller';
import {PlainController} from '../../fixtures/booted/controllers/plain.controller';
import {ClockSocket, Hand} from '../../fixtures/booted/sockets/clock.socket';
import {givenApp} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';
import type {Credentials} from '../../helpers/auth-controller';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {callUntil, isMissing, isResult} from '../../helpers/retry';

describe('the booter', () => {
  class BootedApplication extends BootMixin(RestApplication) {
    constructor() {
      super({rest: {port: 0, host: '127.0.0.1'}});
      this.projectRoot = path.join(__dirname, '../../fixtures/booted');
      this.component(SocketComponent);
    }

    async [Symbol.asyncDispose]() {
      await this.stop();
    }
  }

  async function givenBooted(
    before: (app: BootedApplication) => void = () => undefined,
    after = before,
  ): Promise<{app: BootedApplication; client: TestClient} & AsyncDisposable> {
    const app = new BootedApplication();
    before(app);
    await app.boot();
    if (after !== before) after(app);
    await app.start();
    const server = await app.getServer(SocketServer);
    const client = await givenAuthenticated(server.url);
    const dispose = async () => {
      await client[Symbol.asyncDispose]();
      await app.stop();
    };
    return {app, client, [Symbol.asyncDispose]: dispose};
  }

  async function assertRegisteredOnce(client: TestClient) {
    assert.deepEqual(await client.call('greet'), {result: 'hello'});
    assert.deepEqual(await client.call('time'), {result: 12});
    const names = [...client.names].sort();
    assert.deepEqual(
      names,
      ['authenticated', 'connect', 'greeted', 'synchronised', 'welcomed'].sort(),
    );
  }

  const countBindings = (app: BootedApplication, type: unknown) =>
    app.findByTag('controller').filter(binding => binding.valueConstructor === type)
      .length;

  it('finds controllers/*.controller.js and sockets/*.socket.js, also in folders', async () => {
    await using given = await givenBooted();
    await assertRegisteredOnce(given.client);
    assert.deepEqual(await given.client.call('ring'), {result: 'ringing'});
  });

  it('binds what is decorated, and nothing twice', async () => {
    await using given = await givenBooted();
    assert.equal(countBindings(given.app, GreetingController), 1);
    assert.equal(countBindings(given.app, ClockSocket), 1);
    // LoopBack's own booter binds it, as ever.
    assert.equal(countBindings(given.app, PlainController), 1);
    assert.equal(countBindings(given.app, Hand), 0);
  });

  const byHand: Record<string, (app: BootedApplication) => void> = {
    'under its own name': app => {
      app.controller(GreetingController);
      app.controller(ClockSocket);
    },
    'under another name': app => {
      app.controller(GreetingController, 'MyGreeting');
      app.controller(ClockSocket, 'MyClock');
    },
    'under both': app => {
      app.controller(GreetingController, 'MyGreeting');
      app.controller(GreetingController);
      app.controller(ClockSocket);
      app.controller(ClockSocket, 'MyClock');
    },
  };
  for (const [how, bind] of Object.entries(byHand)) {
    it(`registers once what was bound before ${how}`, async () => {
      await using given = await givenBooted(bind);
      await assertRegisteredOnce(given.client);
    });

    it(`registers once what was bound after ${how}`, async () => {
      await using given = await givenBooted(() => undefined, bind);
      await assertRegisteredOnce(given.client);
    });
  }

  it('sees decorators that are applied between boot() and start()', async () => {
    await using given = await givenBooted(
      () => undefined,
      () => {
        const {prototype} = PlainController;
        const descriptor = Object.getOwnPropertyDescriptor(prototype, 'plain');
        socketMethod()(prototype, 'plain', descriptor ?? {});
      },
    );
    assert.deepEqual(await given.client.call('plain'), {result: true});
  });

  it('looks where bootOptions.sockets says', async () => {
    await using given = await givenBooted(app => {
      app.bootOptions = {sockets: {dirs: ['live'], extensions: ['.live.js']}};
    });
    assert.deepEqual(await given.client.call('headline'), {result: 'nothing new'});
    assert.ok(isMissing(await given.client.call('time')));
    assert.deepEqual(await given.client.call('greet'), {result: 'hello'});
  });

  it('leaves folders within them out when bootOptions.sockets says so', async () => {
    await using given = await givenBooted(app => {
      app.bootOptions = {sockets: {nested: false}};
    });
    assert.deepEqual(await given.client.call('time'), {result: 12});
    assert.ok(isMissing(await given.client.call('ring')));
  });

  it('refuses two classes of one name', async () => {
    const app = new BootedApplication();
    app.bootOptions = {sockets: {dirs: ['twins'], extensions: ['.live.js']}};
    await assert.rejects(app.boot(), /GreetingController.*Rename/);
  });
});

describe('a controller', () => {
  it('may come from another component', async () => {
    class PingController {
      @socketMethod()
      ping() {
        return 'pong';
      }
    }
    class PingComponent implements Component {
      controllers = [AuthController, PingController];
    }
    for (const early of [true, false]) {
      await using given = await givenApp({
        start: false,
        setup: app => {
          if (early) app.component(PingComponent);
        },
      });
      if (!early) given.app.component(PingComponent);
      await given.app.start();
      await using client = await givenAuthenticated(given.server.url);
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
      await client[Symbol.asyncDispose]();
    }
  });

  it('is registered once, whatever the number of its bindings', async () => {
    class CountedController extends AuthController {
      @onSocketConnected()
      connected(socket: Socket) {
        socket.emit('welcomed');
      }

      @socketMethod()
      count(socket: Socket) {
        socket.emit('counted');
        return 1;
      }
    }
    await using given = await givenApp({
      controllers: [CountedController],
      setup: app => {
        app.controller(CountedController, 'Another');
        app.controller(CountedController);
      },
    });
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('count'), {result: 1});
    assert.deepEqual(client.names, ['connect', 'welcomed', 'authenticated', 'counted']);
  });

  it('is constructed for each call', async () => {
    let constructed = 0;
    class CountingController extends AuthController {
      private calls = 0;

      constructor() {
        super();
        constructed++;
      }

      @socketMethod()
      count() {
        return ++this.calls;
      }
    }
    await using given = await givenApp({controllers: [CountingController]});
    await using client = await givenAuthenticated(given.server.url);
    const before = constructed;
    const calls = [client.call('count'), client.call('count'), client.call('count')];
    assert.deepEqual(await Promise.all(calls), [{result: 1}, {result: 1}, {result: 1}]);
    assert.equal(constructed - before, 3);
  });

  it('is constructed once when its scope is singleton', async () => {
    @injectable({scope: BindingScope.SINGLETON})
    class CountingController extends AuthController {
      private calls = 0;

      @socketMethod()
      count() {
        return ++this.calls;
      }
    }
    await using given = await givenApp({controllers: [CountingController]});
    await using one = await givenAuthenticated(given.server.url);
    await using other = await givenAuthenticated(given.server.url);
    assert.deepEqual(await one.call('count'), {result: 1});
    assert.deepEqual(await other.call('count'), {result: 2});
    assert.deepEqual(await one.call('count'), {result: 3});
  });

  it('gets what its constructor asks for, of the call as well', async () => {
    class WhoController extends AuthController {
      constructor(
        @inject('greeting') private readonly greeting: string,
        @inject(SecurityBindings.USER, {optional: true})
        private readonly user?: UserProfile,
      ) {
        super();
      }

      @socketMethod()
      async who() {
        return `${this.greeting} ${this.user?.name}`;
      }
    }
    await using given = await givenApp({
      controllers: [WhoController],
      setup: app => void app.bind('greeting').to('hello'),
    });
    await using ann = await givenAuthenticated(given.server.url, {
      token: 'ok',
      name: 'Ann',
    });
    await using bob = await givenAuthenticated(given.server.url, {
      token: 'ok',
      name: 'Bob',
    });
    const answers = await Promise.all([
      ann.call('who'),
      bob.call('who'),
      ann.call('who'),
    ]);
    assert.deepEqual(
      answers.map(answer => answer.result),
      ['hello Ann', 'hello Bob', 'hello Ann'],
    );
  });
});

describe('the name of a method', () => {
  it("is the method's own, or the one given, or several", async () => {
    class NamesController extends AuthController {
      @socketMethod()
      own() {
        return 'own';
      }

      @socketMethod('given')
      member() {
        return 'given';
      }

      @socketMethod({name: 'among.options', summary: 'Says so.'})
      other() {
        return 'among options';
      }

      @socketMethod('one')
      @socketMethod('two')
      @socketMethod()
      several() {
        return 'several';
      }
    }
    await using given = await givenApp({controllers: [NamesController]});
    await using client = await givenAuthenticated(given.server.url);
    const answers: Record<string, unknown> = {
      own: 'own',
      given: 'given',
      'among.options': 'among options',
      one: 'several',
      two: 'several',
      several: 'several',
    };
    for (const [name, result] of Object.entries(answers)) {
      assert.deepEqual(await client.call(name), {result});
    }
    assert.ok(isMissing(await client.call('member')));
    assert.ok(isMissing(await client.call('other')));
  });
});

describe('a subclass of a controller', () => {
  class BaseController extends AuthController {
    protected readonly who: string = 'base';

    @onSocketConnected()
    connected(socket: Socket) {
      socket.emit('welcomed', this.who);
    }

    @socketMethod('first')
    @socketMethod('second')
    list(): string {
      return `${this.who} lists`;
    }

    @socketMethod('shown')
    show(): string {
      return `${this.who} shows`;
    }
  }

  const answersOf = async (controllers: ControllerClass[], ...names: string[]) => {
    await using given = await givenApp({controllers});
    await using client = await givenAuthenticated(given.server.url);
    const answers: unknown[] = [];
    for (const name of names) {
      const {result, error} = await client.call(name);
      answers.push(result ?? error.statusCode);
    }
    return {answers, names: client.names};
  };

  class UndecoratedController extends BaseController {
    protected override readonly who: string = 'subclass';

    override list() {
      return 'overridden';
    }
  }

  it('keeps inherited names, also for an override without decorator', async () => {
    const {answers} = await answersOf(
      [UndecoratedController],
      'first',
      'second',
      'shown',
    );
    assert.deepEqual(answers, ['overridden', 'overridden', 'subclass shows']);
  });

  it('is registered in place of its base class when both are bound', async () => {
    for (const controllers of [
      [BaseController, UndecoratedController],
      [UndecoratedController, BaseController],
    ]) {
      const {answers, names} = await answersOf(controllers, 'first', 'second', 'shown');
      assert.deepEqual(answers, ['overridden', 'overridden', 'subclass shows']);
      assert.deepEqual(names, ['connect', 'welcomed', 'authenticated']);
    }
  });

  it('replaces all inherited names when it decorates a method again', async () => {
    class AgainController extends BaseController {
      @socketMethod('third')
      override list() {
        return 'decorated again';
      }
    }
    const {answers} = await answersOf(
      [AgainController],
      'first',
      'second',
      'third',
      'shown',
    );
    assert.deepEqual(answers, [404, 404, 'decorated again', 'base shows']);
  });

  it('replaces them as well after decorating another method', async () => {
    class AfterController extends BaseController {
      @socketMethod('fresh')
      own() {
        return 'fresh';
      }

      @socketMethod('third')
      @socketMethod('fourth')
      override list() {
        return 'decorated again';
      }

      @socketMethod('last')
      override show() {
        return 'shown last';
      }
    }
    const names = ['first', 'second', 'shown', 'third', 'fourth', 'fresh', 'last'];
    const {answers} = await answersOf([AfterController], ...names);
    const again = 'decorated again';
    assert.deepEqual(answers, [404, 404, 404, again, again, 'fresh', 'shown last']);
  });

  it('leaves the base class as it was', async () => {
    class AgainController extends BaseController {
      @socketMethod('third')
      override list() {
        return 'decorated again';
      }
    }
    assert.ok(AgainController);
    const {answers} = await answersOf([BaseController], 'first', 'second', 'third');
    assert.deepEqual(answers, ['base lists', 'base lists', 404]);
  });

  it('shares an authentication that it inherits with others that inherit it', async () => {
    class OneController extends AuthController {
      @socketMethod()
      one() {
        return 1;
      }
    }
    class OtherController extends AuthController {
      @socketMethod()
      other() {
        return 2;
      }
    }
    for (const controllers of [
      [OneController, OtherController],
      [OtherController, OneController],
      [OneController, AuthController, OtherController],
    ]) {
      await using given = await givenApp({controllers});
      await using client = await givenAuthenticated(given.server.url);
      assert.deepEqual(await client.call('one'), {result: 1});
      assert.deepEqual(await client.call('other'), {result: 2});
    }
  });

  it('may name another server for what it inherits', async () => {
    @socketController({server: 'admin'})
    class ElsewhereController extends BaseController {
      protected override readonly who = 'elsewhere';
    }
    await using given = await givenApp({
      controllers: [BaseController, ElsewhereController],
    });
    await using here = await givenAuthenticated(given.server.url);
    await using elsewhere = await givenAuthenticated(given.get('admin').url);
    assert.equal(await here.next('welcomed'), 'base');
    assert.equal(await elsewhere.next('welcomed'), 'elsewhere');
    assert.deepEqual(await here.call('first'), {result: 'base lists'});
    assert.deepEqual(await elsewhere.call('first'), {result: 'elsewhere lists'});
  });
});

describe('a controller that comes and goes', () => {
  class ComingController {
    @socketMethod()
    coming() {
      return 'here';
    }

    @onSocketConnected()
    connected(socket: Socket) {
      socket.emit('welcomed');
    }
  }

  it('can be called by connected sockets as long as it is bound', async () => {
    await using given = await givenApp({controllers: [AuthController]});
    await using client = await givenAuthenticated(given.server.url);
    assert.ok(isMissing(await client.call('coming')));

    const binding = given.app.controller(ComingController);
    const answer = await callUntil(client, isResult, 'coming');
    assert.deepEqual(answer, {result: 'here'});
    await using later = await givenAuthenticated(given.server.url);
    assert.ok(later.names.includes('welcomed'));

    given.app.unbind(binding.key);
    await callUntil(client, isMissing, 'coming');
    assert.ok(isMissing(await later.call('coming')));
    await using last = await givenAuthenticated(given.server.url);
    assert.ok(!last.names.includes('welcomed'));

    given.app.controller(ComingController);
    await callUntil(client, isResult, 'coming');
    assert.ok(!client.names.includes('welcomed'));
    assert.deepEqual(given.logged, []);
  });

  it('goes only with the last of its bindings', async () => {
    class MarkerController {
      @socketMethod()
      marker() {
        return true;
      }
    }
    await using given = await givenApp({controllers: [AuthController, ComingController]});
    given.app.controller(ComingController, 'Another');
    await using client = await givenAuthenticated(given.server.url);
    given.app.unbind('controllers.ComingController');
    given.app.controller(MarkerController);
    await callUntil(client, isResult, 'marker');
    assert.deepEqual(await client.call('coming'), {result: 'here'});
    given.app.unbind('controllers.Another');
    await callUntil(client, isMissing, 'coming');
  });

  it('gives way to the base class when a subclass goes', async () => {
    class OverridingController extends ComingController {
      override coming() {
        return 'instead';
      }
    }
    await using given = await givenApp({
      controllers: [AuthController, ComingController, OverridingController],
    });
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('coming'), {result: 'instead'});
    given.app.unbind('controllers.OverridingController');
    await callUntil(client, ({result}) => result === 'here', 'coming');
  });

  it('may bring the authentication of a server that waits for it', async () => {
    await using given = await givenApp();
    assert.equal(given.server.listening, false);
    const rest = await given.app.getServer(RestServer);
    await using client = givenClient(rest.url, {reconnectionDelay: 1});
    const {message} = await client.next<Error>('connect_error');
    assert.equal(message, 'websocket error');
    given.app.controller(AuthController);
    given.app.controller(ComingController);
    await client.authenticate();
    assert.deepEqual(await callUntil(client, isResult, 'coming'), {result: 'here'});
  });

  it('may name a server that is not there yet', async () => {
    @socketController({server: 'late'})
    class LateController extends AuthController {
      @socketMethod('late.ping')
      ping() {
        return 'pong';
      }

      // Shows on the default server that the class has been registered.
      @socketMethod('registered', {server: 'SocketServer'})
      registered() {
        return true;
      }
    }
    await using given = await givenApp({controllers: [AuthController]});
    await using client = await givenAuthenticated(given.server.url);
    assert.equal(given.app.isBound(SocketBindings.server('late')), false);

    const binding = given.app.controller(LateController);
    await callUntil(client, isResult, 'registered');
    assert.equal(given.app.isBound(SocketBindings.server('late')), true);
    const late = await given.app.getServer<SocketServer>('late');
    assert.equal(late.listening, true);
    assert.equal(late.url, `${given.server.url}/late`);
    await using lateClient = await givenAuthenticated(late.url);
    assert.deepEqual(await lateClient.call('late.ping'), {result: 'pong'});
    assert.ok(isMissing(await client.call('late.ping')));

    given.app.unbind(binding.key);
    await callUntil(client, isMissing, 'registered');
    assert.ok(isMissing(await lateClient.call('late.ping')));
    await using refused = givenClient(`${given.server.url}/late`);
    assert.match(
      (await refused.next<Error>('connect_error')).message,
      /Invalid namespace/,
    );
    assert.deepEqual(given.logged, []);
  });
});

describe('the parameters of a decorated method', () => {
  class ParametersController {
    @socketAuth()
    authenticate(
      @inject('who') who: string,
      socket: Socket,
      @inject('who') again: string,
      credentials: Credentials,
    ) {
      socket.data.auth = [who, typeof socket.emit, again, credentials.name];
      return {name: credentials.name};
    }

    @onSocketConnected()
    connected(
      socket: Socket,
      credentials: Credentials,
      @inject('who') who: string,
      cb: (error?: unknown) => void,
    ) {
      socket.data.connected = [credentials.name, who];
      cb();
    }

    @socketMethod()
    setUp(socket: Socket) {
      return [socket.data.auth, socket.data.connected];
    }

    @socketMethod()
    injectedFirst(
      @inject('who') who: string,
      socket: Socket,
      credentials: Credentials,
      args: unknown,
    ) {
      return [who, socket.id, credentials.name, args];
    }

    @socketMethod()
    injectedBetween(
      socket: Socket,
      @inject('who') who: string,
      credentials: Credentials,
      @inject('who') again: string,
      args: unknown,
    ) {
      return [socket.id, who, credentials.name, again, args];
    }

    @socketMethod()
    injectedLast(
      socket: Socket,
      credentials: Credentials,
      args: unknown,
      @inject('who') who: string,
    ) {
      return [socket.id, credentials.name, args, who];
    }

    @socketMethod()
    injectedAlone(@inject('who') who: string) {
      return [who];
    }

    @socketMethod()
    injectedGetter(
      socket: Socket,
      @inject('missing', {optional: true}) missing: string | undefined,
      @inject.getter('who') who: () => Promise<string>,
    ) {
      return who().then(name => [socket.id, missing ?? 'missing', name]);
    }

    @socketMethod()
    none(...rest: unknown[]) {
      return rest.length;
    }

    @socketMethod()
    callbackByFunction(
      _socket: Socket,
      _credentials: Credentials,
      args: unknown,
      // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- the type is what is tested
      cb: Function,
    ) {
      cb(null, args);
    }

    @socketMethod()
    callbackByAlias(
      _socket: Socket,
      _credentials: Credentials,
      args: unknown,
      @inject('who') who: string,
      cb: SocketCallback,
    ) {
      cb(null, [args, who]);
    }

    @socketMethod()
    callbackByAny(_socket: Socket, _credentials: Credentials, args: unknown, cb: any) {
      cb(null, args);
    }

    @socketMethod()
    notCounted(
      _socket: Socket,
      _credentials: Credentials,
      args: unknown,
      more: unknown = 'default',
    ) {
      return [args, more];
    }

    @socketMethod()
    notCallback(
      _socket: Socket,
      _credentials: Credentials,
      args: unknown,
      more?: string,
    ) {
      return [args, more ?? 'undefined'];
    }

    @socketMethod()
    surplus(
      _socket: Socket,
      _credentials: Credentials,
      _args: unknown,
      cb: SocketCallback,
      more: unknown,
      @inject('who') who: string,
      last: unknown,
    ) {
      cb(null, [more === undefined, who, last === undefined]);
    }

    @socketMethod()
    surplusOfAFunction(
      _socket: Socket,
      _credentials: Credentials,
      _args: unknown,
      more: string,
      cb: SocketCallback,
    ) {
      return [typeof more, typeof cb];
    }
  }

  const givenParameters = async () => {
    const given = await givenApp({
      controllers: [ParametersController],
      setup: app => void app.bind('who').to('injected'),
    });
    const {url} = given.server;
    const client = await givenAuthenticated(url, {token: 'ok', name: 'Ann'});
    const dispose = async () => {
      await client[Symbol.asyncDispose]();
      await given[Symbol.asyncDispose]();
    };
    const result = async (name: string, ...args: unknown[]) => {
      const answer = await client.call(name, ...args);
      assert.equal(answer.error, undefined);
      return answer.result as unknown;
    };
    return {id: client.socket.id, result, [Symbol.asyncDispose]: dispose};
  };

  it('may be injected anywhere; the others are filled in order', async () => {
    await using given = await givenParameters();
    const {id, result} = given;
    assert.deepEqual(await result('injectedFirst', 7), ['injected', id, 'Ann', 7]);
    assert.deepEqual(await result('injectedBetween', 7), [
      id,
      'injected',
      'Ann',
      'injected',
      7,
    ]);
    assert.deepEqual(await result('injectedLast', 7), [id, 'Ann', 7, 'injected']);
    assert.deepEqual(await result('injectedAlone', 7), ['injected']);
    assert.deepEqual(await result('injectedGetter', 7), [id, 'missing', 'injected']);
  });

  it('may be injected in authentication and connected handlers as well', async () => {
    await using given = await givenParameters();
    assert.deepEqual(await given.result('setUp'), [
      ['injected', 'function', 'injected', 'Ann'],
      ['Ann', 'injected'],
    ]);
  });

  it('get a callback by the type Function', async () => {
    await using given = await givenParameters();
    assert.equal(await given.result('callbackByFunction', 7), 7);
    assert.deepEqual(await given.result('callbackByAlias', 7), [7, 'injected']);
  });

  it('get a callback by `any`, where the length of the function counts it', async () => {
    await using given = await givenParameters();
    assert.equal(await given.result('callbackByAny', 7), 7);
    assert.deepEqual(await given.result('notCounted', 7), [7, 'default']);
  });

  it('get no callback where the next one is of another type', async () => {
    await using given = await givenParameters();
    assert.deepEqual(await given.result('notCallback', 7), [7, 'undefined']);
    assert.deepEqual(await given.result('surplusOfAFunction', 7), [
      'undefined',
      'undefined',
    ]);
  });

  it('get undefined beyond the callback', async () => {
    await using given = await givenParameters();
    assert.deepEqual(await given.result('surplus', 7), [true, 'injected', true]);
  });
});

describe('a named server', () => {
  it('is named by the class or, first of all, by the member', async () => {
    @socketController({server: 'admin'})
    class MixedController {
      @socketAuth()
      byAdmin() {
        return 'admin';
      }

      @socketAuth({server: 'other'})
      byOther() {
        return 'other';
      }

      @onSocketConnected()
      onAdmin(socket: Socket) {
        socket.emit('welcomed', 'admin');
      }

      @onSocketConnected({server: 'other'})
      onOther(socket: Socket) {
        socket.emit('welcomed', 'other');
      }

      @socketMethod('which')
      admin() {
        return 'admin';
      }

      @socketMethod('which', {server: 'other'})
      other() {
        return 'other';
      }

      @socketMethod({name: 'both'})
      @socketMethod({name: 'both', server: 'other'})
      both() {
        return 'both';
      }
    }
    await using given = await givenApp({controllers: [MixedController]});
    for (const name of ['admin', 'other']) {
      const server = await given.app.getServer<SocketServer>(name);
      assert.match(String(server.url), new RegExp(`:\\d+/${name}$`));
      await using client = await givenAuthenticated(server.url);
      assert.equal(await client.next('welcomed'), name);
      assert.deepEqual(await client.call('which'), {result: name});
      assert.deepEqual(await client.call('both'), {result: 'both'});
      assert.deepEqual(client.names, ['connect', 'welcomed', 'authenticated']);
    }
    assert.equal(given.server.listening, false);
  });
});

describe('a method of several servers', () => {
  it('has args of its own for each', async () => {
    class NumbersController {
      @socketAuth({server: 'small'})
      @socketAuth({server: 'large'})
      authenticate() {
        return true;
      }

      @socketMethod({server: 'small', args: {type: 'integer', maximum: 9}})
      @socketMethod({server: 'large', args: {type: 'integer', minimum: 10}})
      @socketMethod({name: 'any', server: 'large'})
      twice(_socket: Socket, _credentials: unknown, args: number) {
        return 2 * args;
      }
    }
    await using given = await givenApp({controllers: [NumbersController]});
    const replies: Record<string, unknown[]> = {};
    for (const name of ['small', 'large']) {
      const server = await given.app.getServer<SocketServer>(name);
      await using client = await givenAuthenticated(server.url);
      replies[name] = [];
      for (const args of [3, 30]) {
        const reply = await client.call('twice', args);
        replies[name].push(reply.result ?? reply.error?.statusCode);
      }
      if (name === 'large') assert.deepEqual(await client.call('any', 3), {result: 6});
    }
    assert.deepEqual(replies, {small: [6, 422], large: [422, 60]});
  });
});

describe('@onSocketConnected', () => {
  it('runs in the order of bindings, then of declaration, then those by hand', async () => {
    class ZebraController {
      @onSocketConnected()
      async second(socket: Socket) {
        await new Promise(setImmediate);
        socket.emit('zebra.second');
      }

      @onSocketConnected()
      first(socket: Socket) {
        socket.emit('zebra.first');
      }
    }
    class AntController extends AuthController {
      @onSocketConnected()
      async z(socket: Socket) {
        await new Promise(setImmediate);
        socket.emit('ant.z');
      }

      @onSocketConnected()
      a(socket: Socket) {
        socket.emit('ant.a');
      }
    }
    await using given = await givenApp({
      setup: app => {
        SocketServer.get(app).onConnected(socket => void socket.emit('by hand'));
      },
      controllers: [ZebraController, AntController],
    });
    given.server.onConnected(socket => void socket.emit('by hand at last'));
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(client.names, [
      'connect',
      'zebra.second',
      'zebra.first',
      'ant.z',
      'ant.a',
      'by hand',
      'by hand at last',
      'authenticated',
    ]);
  });
});

describe('@onSocketDisconnected', () => {
  /** Notes what happens, and lets a test wait for the end of it. */
  class Notes {
    readonly lines: string[] = [];
    readonly connecting = new Gate();
    readonly goOn = new Gate();
    readonly gone = new Gate();
  }

  class NotesController extends AuthController {
    constructor(@inject('notes') private readonly notes: Notes) {
      super();
    }

    @onSocketConnected()
    async connected(_socket: Socket, credentials: Credentials) {
      this.notes.lines.push('connected begins');
      if (credentials.name !== 'slow') return;
      this.notes.connecting.open();
      await this.notes.goOn.opened;
      this.notes.lines.push('connected ends');
    }

    @onSocketConnected()
    refuse(_socket: Socket, credentials: Credentials) {
      if (credentials.name === 'refused') throw 'not you';
    }

    @onSocketDisconnected()
    gone(socket: Socket, reason: string) {
      this.notes.lines.push(`gone: ${typeof socket.id}, ${reason}`);
      this.notes.gone.open();
    }
  }

  const givenNotes = async () => {
    const notes = new Notes();
    const given = await givenApp({
      controllers: [NotesController],
      setup: app => void app.bind('notes').to(notes),
    });
    const dispose = given[Symbol.asyncDispose];
    return {notes, url: given.server.url, [Symbol.asyncDispose]: dispose};
  };

  it('gets the socket and the reason, once', async () => {
    await using given = await givenNotes();
    {
      await using client = await givenAuthenticated(given.url);
      client.socket.disconnect();
    }
    await given.notes.gone.opened;
    assert.deepEqual(given.notes.lines, [
      'connected begins',
      'gone: string, client namespace disconnect',
    ]);
  });

  it('waits until the connected handlers have settled', async () => {
    await using given = await givenNotes();
    const {notes} = given;
    {
      await using client = givenClient(given.url);
      client.socket.emit('authentication', {token: 'ok', name: 'slow'});
      await notes.connecting.opened;
    }
    await using other = await givenAuthenticated(given.url);
    assert.deepEqual(notes.lines, ['connected begins', 'connected begins']);
    notes.goOn.open();
    await notes.gone.opened;
    const [reason] = notes.lines.slice(-1);
    assert.match(reason, /^gone: string, /);
    assert.equal(notes.lines.at(-2), 'connected ends');
    assert.equal(notes.lines.length, 4);
    assert.ok(other.socket.connected);
  });

  it('runs where a connected handler refused the socket', async () => {
    await using given = await givenNotes();
    await using client = givenClient(given.url);
    client.socket.emit('authentication', {token: 'ok', name: 'refused'});
    await given.notes.gone.opened;
    assert.deepEqual(given.notes.lines, [
      'connected begins',
      'gone: string, server namespace disconnect',
    ]);
  });

  it('never runs for sockets that did not authenticate', async () => {
    await using given = await givenNotes();
    {
      await using silent = givenClient(given.url);
      await silent.next('connect');
      await using wrong = givenClient(given.url);
      wrong.socket.emit('authentication', {token: 'wrong'});
      await wrong.next('disconnect');
    }
    {
      await using client = await givenAuthenticated(given.url);
      client.socket.disconnect();
    }
    await given.notes.gone.opened;
    assert.deepEqual(given.notes.lines, [
      'connected begins',
      'gone: string, client namespace disconnect',
    ]);
  });
});
