import {
  BindingScope,
  ContextView,
  CoreBindings,
  filterByTag,
  inject,
} from '@loopback/core';
import type {Context, ControllerClass, Getter} from '@loopback/core';
import {get, RestBindings} from '@loopback/rest';
import type {Request, Response} from '@loopback/rest';
import {SecurityBindings} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {
  onSocketConnected,
  onSocketDisconnected,
  SocketBindings,
  socketAuth,
  socketController,
  socketMethod,
} from 'loopback4-socket';
import type {SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import type {IncomingMessage} from 'node:http';
import {describe, it} from 'node:test';
import type {Socket} from 'socket.io';
import {givenApp} from '../../helpers/app';
import type {AppOptions} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';
import type {Credentials} from '../../helpers/auth-controller';
import {once} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import type {ClientOptions} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {Queue} from '../../helpers/queue';

const ANN = {token: 'ok', name: 'Ann'};
const INTERNAL = {statusCode: 500, message: 'Internal Server Error'};

describe('the context of a call', () => {
  it('holds the server, the connection, the call and its controller', async () => {
    class ContextController extends AuthController {
      @socketMethod()
      async look(
        @inject(SocketBindings.SERVER) server: SocketServer,
        socket: Socket,
        @inject(SocketBindings.SOCKET) injected: Socket,
        @inject(SocketBindings.CREDENTIALS) credentials: unknown,
        @inject(SocketBindings.ARGS) args: unknown,
        @inject(SocketBindings.SIGNAL) signal: AbortSignal,
        @inject(SecurityBindings.USER) user: UserProfile,
        @inject(CoreBindings.CONTROLLER_CLASS) type: ControllerClass,
        @inject(CoreBindings.CONTROLLER_METHOD_NAME) member: string,
        @inject(CoreBindings.CONTROLLER_CURRENT) current: unknown,
        @inject(RestBindings.Http.REQUEST) request: IncomingMessage,
      ) {
        return {
          server: server.name,
          socket: socket === injected,
          credentials,
          args,
          aborted: signal.aborted,
          user,
          type: type.name,
          member,
          current: current === this,
          request: request === socket.request,
        };
      }
    }
    @socketController({server: 'admin'})
    class AdminContextController extends ContextController {}

    await using given = await givenApp({
      controllers: [ContextController, AdminContextController],
    });
    const credentials = {token: 'ok', name: 'Ann'};
    const same = {
      socket: true,
      credentials,
      args: {id: 1},
      aborted: false,
      user: {name: 'Ann'},
      member: 'look',
      current: true,
      request: true,
    };
    await using client = await givenAuthenticated(given.server.url, credentials);
    assert.deepEqual(await client.call('look', {id: 1}), {
      result: {...same, server: 'SocketServer', type: 'ContextController'},
    });
    await using admin = await givenAuthenticated(given.get('admin').url, credentials);
    assert.deepEqual(await admin.call('look', {id: 1}), {
      result: {...same, server: 'admin', type: 'AdminContextController'},
    });
  });

  it('has a signal that aborts when the socket is gone', async () => {
    const called = new Gate();
    const aborted = new Gate();
    class WaitingController extends AuthController {
      @socketMethod()
      async wait(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
        signal.addEventListener('abort', aborted.open);
        assert.equal(signal.aborted, false);
        called.open();
        await aborted.opened;
        return signal.aborted;
      }
    }
    await using given = await givenApp({controllers: [WaitingController]});
    {
      await using client = await givenAuthenticated(given.server.url);
      client.socket.emit('wait');
      await called.opened;
    }
    await aborted.opened;
  });

  it('has a signal that aborts only while it runs; a connected handler has one that lasts', async () => {
    const signals: Record<string, AbortSignal> = {};
    const gone = new Gate();
    class KeepingController {
      @socketAuth()
      authenticate(
        _socket: Socket,
        _credentials: Credentials,
        @inject(SocketBindings.SIGNAL) signal: AbortSignal,
      ) {
        signals.authentication = signal;
        return {name: 'Ann'};
      }

      @onSocketConnected()
      connected(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
        signals.connected = signal;
      }

      @socketMethod()
      ended(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
        signals.call = signal;
      }

      @onSocketDisconnected()
      gone() {
        gone.open();
      }
    }
    await using given = await givenApp({controllers: [KeepingController]});
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('ended'), {});
    client.socket.disconnect();
    await gone.opened;
    const aborted = Object.entries(signals).map(([name, signal]) => [
      name,
      signal.aborted,
    ]);
    assert.deepEqual(aborted, [
      ['authentication', false],
      ['connected', true],
      ['call', false],
    ]);
  });

  it('has a signal that is aborted already, when first asked for after its socket is gone', async () => {
    const called = new Gate();
    const gone = new Gate();
    const asked = new Queue<[aborted: boolean, same: boolean]>();
    class LateController extends AuthController {
      @socketMethod()
      async ask(@inject.getter(SocketBindings.SIGNAL) get: Getter<AbortSignal>) {
        called.open();
        await gone.opened;
        const signal = await get();
        asked.push([signal.aborted, signal === (await get())]);
      }

      @onSocketDisconnected()
      gone() {
        gone.open();
      }
    }
    await using given = await givenApp({controllers: [LateController]});
    await using client = await givenAuthenticated(given.server.url);
    client.socket.emit('ask');
    await called.opened;
    client.socket.disconnect();
    assert.deepEqual(await asked.next(), [true, true]);
  });

  it('has no user where authentication answered with something else than an object', async () => {
    class TrueController {
      @socketAuth()
      authenticate() {
        return true;
      }

      @socketMethod()
      hasUser(@inject(SecurityBindings.USER, {optional: true}) user?: UserProfile) {
        return user !== undefined;
      }
    }
    await using given = await givenApp({controllers: [TrueController]});
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('hasUser'), {result: false});
  });

  it('shows authentication its credentials, and connected handlers the user', async () => {
    class EarlyController {
      @socketAuth()
      authenticate(
        @inject(SocketBindings.CREDENTIALS) injected: Credentials,
        socket: Socket,
        credentials: Credentials,
        @inject(SecurityBindings.USER, {optional: true}) user?: UserProfile,
      ) {
        socket.emit('authenticating', injected, user === undefined);
        return {name: credentials.name};
      }

      @onSocketConnected()
      connected(@inject(SecurityBindings.USER) user: UserProfile, socket: Socket) {
        socket.emit('welcomed', user);
      }
    }
    await using given = await givenApp({controllers: [EarlyController]});
    const credentials = {token: 'ok', name: 'Ann'};
    await using client = await givenAuthenticated(given.server.url, credentials);
    assert.deepEqual(client.received, [
      ['connect'],
      ['authenticating', credentials, true],
      ['welcomed', {name: 'Ann'}],
      ['authenticated', true],
    ]);
  });
});

describe('what a handler has injected', () => {
  it('may be in its constructor, its properties and its parameters', async () => {
    class EverywhereController extends AuthController {
      @inject('greeting') greeting!: string;
      @inject(SocketBindings.ARGS) args: unknown;
      @inject(SecurityBindings.USER, {optional: true}) user?: UserProfile;

      constructor(
        @inject('greeting') private readonly constructed: string,
        @inject(SocketBindings.CREDENTIALS) private readonly credentials: Credentials,
        @inject(CoreBindings.CONTROLLER_METHOD_NAME) private readonly member: string,
      ) {
        super();
      }

      @socketMethod()
      look(@inject('greeting') greeting: string) {
        const {constructed, credentials, member, args, user} = this;
        return [
          constructed,
          credentials.name,
          member,
          this.greeting,
          args,
          user,
          greeting,
        ];
      }
    }
    await using given = await givenApp({
      controllers: [EverywhereController],
      setup: app => void app.bind('greeting').to('hello'),
    });
    await using client = await givenAuthenticated(given.server.url, ANN);
    const result = ['hello', 'Ann', 'look', 'hello', 7, {name: 'Ann'}, 'hello'];
    assert.deepEqual(await client.call('look', 7), {result});
  });

  it('may be a getter, which sees what is bound when it is called', async () => {
    class GettersController extends AuthController {
      @inject.getter(SocketBindings.ARGS) args!: Getter<unknown>;

      constructor(
        @inject.getter(SecurityBindings.USER) private readonly user: Getter<UserProfile>,
      ) {
        super();
      }

      @socketMethod()
      async look(
        @inject.getter('late') late: Getter<string>,
        @inject.getter(CoreBindings.CONTROLLER_CURRENT) current: Getter<unknown>,
        @inject.context() context: Context,
      ) {
        context.bind('late').to('bound in the call');
        const {name} = await this.user();
        return [name, await this.args(), await late(), (await current()) === this];
      }
    }
    await using given = await givenApp({controllers: [GettersController]});
    await using client = await givenAuthenticated(given.server.url, ANN);
    const result = ['Ann', 7, 'bound in the call', true];
    assert.deepEqual(await client.call('look', 7), {result});
    assert.deepEqual(await client.call('look', 8), {
      result: ['Ann', 8, ...result.slice(2)],
    });
  });

  it('may be all of a tag, or a view of it, from the application down to the call', async () => {
    class PluginsController extends AuthController {
      constructor(
        @inject.view(filterByTag('plugin')) private readonly early: ContextView<string>,
      ) {
        super();
      }

      @socketMethod()
      async look(
        @inject.tag('plugin') tagged: string[],
        @inject.view(filterByTag('plugin')) view: ContextView<string>,
        @inject.context() context: Context,
        @inject(CoreBindings.APPLICATION_INSTANCE) app: Context,
      ) {
        const values = async () => (await view.values()).sort();
        const before = [
          tagged.sort(),
          await values(),
          (await this.early.values()).sort(),
        ];
        const seen = once(view, 'bind');
        context.bind('plugins.call').to('call').tag('plugin');
        await seen;
        const during = await values();
        const seenAgain = once(view, 'bind');
        app.bind('plugins.later').to('later').tag('plugin');
        await seenAgain;
        return [...before, during, await values()];
      }
    }
    await using given = await givenApp({
      controllers: [PluginsController],
      setup: app => void app.bind('plugins.app').to('app').tag('plugin'),
    });
    given.server.context.bind('plugins.server').to('server').tag('plugin');
    given.get('other').context.bind('plugins.other').to('other').tag('plugin');
    await using client = await givenAuthenticated(given.server.url);
    const both = ['app', 'server'];
    const called = ['app', 'call', 'server'];
    assert.deepEqual(await client.call('look'), {
      result: [both, both, both, called, ['app', 'call', 'later', 'server']],
    });
  });

  it('is of the call, then of the connection, the server and the application', async () => {
    const chains = new Map<string, Context[]>();
    class ChainController extends AuthController {
      constructor(@inject.context() private readonly context: Context) {
        super();
      }

      @socketMethod()
      look(@inject(SocketBindings.ARGS) args: string) {
        const chain: Context[] = [];
        for (let at: Context | undefined = this.context; at; at = at.parent)
          chain.push(at);
        chains.set(args, chain);
      }
    }
    await using given = await givenApp({controllers: [ChainController]});
    await using one = await givenAuthenticated(given.server.url);
    await using other = await givenAuthenticated(given.server.url);
    await one.call('look', 'one');
    await one.call('look', 'again');
    await other.call('look', 'other');
    for (const chain of chains.values()) {
      assert.equal(chain.length, 4);
      assert.equal(chain[2], given.server.context);
      assert.equal(chain[3], given.app);
    }
    const at = (level: number) => [...chains.values()].map(chain => chain[level]);
    assert.equal(new Set(at(0)).size, 3);
    const [connection, again, another] = at(1);
    assert.equal(connection, again);
    assert.notEqual(connection, another);
  });

  it('is nearest when several contexts have it', async () => {
    class NearestController extends AuthController {
      @socketMethod()
      look(
        @inject('everywhere') everywhere: string,
        @inject('server.own', {optional: true}) own?: string,
      ) {
        return [everywhere, own ?? 'none'];
      }
    }
    @socketController({server: 'admin'})
    class AdminController extends NearestController {}
    await using given = await givenApp({
      controllers: [NearestController, AdminController],
      setup: app => void app.bind('everywhere').to('application'),
    });
    const admin = given.get('admin');
    admin.context.bind('everywhere').to('server');
    admin.context.bind('server.own').to('its own');
    await using client = await givenAuthenticated(given.server.url);
    await using adminClient = await givenAuthenticated(admin.url);
    assert.deepEqual(await client.call('look'), {result: ['application', 'none']});
    assert.deepEqual(await adminClient.call('look'), {result: ['server', 'its own']});
  });
});

describe('a disconnected handler', () => {
  it('has the user, the credentials and a signal that is aborted already', async () => {
    const seen: unknown[] = [];
    const gone = new Gate();
    class GoneController extends AuthController {
      constructor(
        @inject(SecurityBindings.USER, {optional: true}) private user?: UserProfile,
      ) {
        super();
      }

      @onSocketDisconnected()
      gone(
        socket: Socket,
        reason: string,
        @inject(SecurityBindings.USER) user: UserProfile,
        @inject(SocketBindings.CREDENTIALS) credentials: Credentials,
        @inject(SocketBindings.SIGNAL) signal: AbortSignal,
        @inject(SocketBindings.SOCKET) injected: Socket,
        @inject(SocketBindings.SERVER) server: SocketServer,
        @inject(RestBindings.Http.REQUEST) request: Request,
      ) {
        seen.push(this.user?.name, user.name, credentials, signal.aborted);
        seen.push(injected === socket, server.name, request.get('x-thing'), reason);
        gone.open();
      }
    }
    await using given = await givenApp({controllers: [GoneController]});
    await using client = await givenAuthenticated(given.server.url, ANN, {
      extraHeaders: {'x-thing': 'thing'},
    });
    client.socket.disconnect();
    await gone.opened;
    assert.deepEqual(seen, [
      ...['Ann', 'Ann', ANN, true],
      ...[true, 'SocketServer', 'thing', 'client namespace disconnect'],
    ]);
  });
});

describe('the scope of a binding', () => {
  /** Counts what it makes. */
  function bindCounter(app: Context, key: string, scope: BindingScope): void {
    let made = 0;
    const binding = app.bind(key).toDynamicValue(() => ({number: ++made}));
    binding.inScope(scope);
  }

  interface Counted {
    number: number;
  }

  class ScopeController extends AuthController {
    constructor(@inject('counted') private readonly first: Counted) {
      super();
    }

    /** Numbers of what the constructor, a parameter, another binding and a getter are given. */
    @socketMethod()
    async look(
      @inject('counted') second: Counted,
      @inject('needs') needs: {counted: Counted},
      @inject.getter('counted') last: Getter<Counted>,
    ) {
      return [this.first, second, needs.counted, await last()].map(({number}) => number);
    }
  }

  class Needs {
    constructor(@inject('counted') readonly counted: Counted) {}
  }

  @socketController({server: 'admin'})
  class AdminScopeController extends ScopeController {}

  /** Three calls: two of one client, one of another, of the default server; then two of `admin`. */
  async function callsInScope(scope: BindingScope): Promise<number[][]> {
    await using given = await givenApp({
      controllers: [ScopeController, AdminScopeController],
      setup: app => {
        app.bind('needs').toClass(Needs);
        app.bind('counted').to({number: 0});
      },
    });
    await using one = await givenAuthenticated(given.server.url);
    await using other = await givenAuthenticated(given.server.url);
    await using admin = await givenAuthenticated(given.get('admin').url);
    // Only now, so that authentication counts nothing.
    bindCounter(given.app, 'counted', scope);
    const numbers: number[][] = [];
    for (const client of [one, one, other, admin, admin]) {
      const {result, error} = await client.call('look');
      assert.equal(error, undefined);
      numbers.push(result);
    }
    return numbers;
  }

  const all = (number: number) => [number, number, number, number];

  it('REQUEST is one value for each call, shared by all that the call needs', async () => {
    const numbers = await callsInScope(BindingScope.REQUEST);
    assert.deepEqual(numbers, [all(1), all(2), all(3), all(4), all(5)]);
  });

  it('SERVER is one value for each server', async () => {
    const numbers = await callsInScope(BindingScope.SERVER);
    assert.deepEqual(numbers, [all(1), all(1), all(1), all(2), all(2)]);
  });

  it('APPLICATION and SINGLETON are one value', async () => {
    for (const scope of [BindingScope.APPLICATION, BindingScope.SINGLETON]) {
      const numbers = await callsInScope(scope);
      assert.deepEqual(numbers, [all(1), all(1), all(1), all(1), all(1)]);
    }
  });

  it('TRANSIENT is a value for each that asks', async () => {
    const numbers = await callsInScope(BindingScope.TRANSIENT);
    const flat = numbers.flat();
    assert.deepEqual(
      flat.sort((one, other) => one - other),
      Array.from({length: 20}, (_, index) => index + 1),
    );
  });
});

describe('the request of a call', () => {
  const HEADERS = {
    'x-thing': 'thing',
    'x-forwarded-for': '203.0.113.7, 198.51.100.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'example.org',
  };

  /** The properties that depend on Express and its settings. */
  const described = (request: Request) => ({
    ip: request.ip,
    ips: request.ips,
    protocol: request.protocol,
    secure: request.secure,
    hostname: request.hostname,
    thing: [
      request.get('X-Thing'),
      request.header('x-thing'),
      request.headers['x-thing'],
    ],
    json: request.accepts('json'),
    settings: request.app.get('trust proxy') as unknown,
    room: request.query.room,
    list: request.query.list ?? 'none',
    deep: request.query.deep ?? 'none',
  });

  class RequestController extends AuthController {
    @socketMethod()
    look(@inject(RestBindings.Http.REQUEST) request: Request, socket: Socket) {
      return {
        same: (request as IncomingMessage) === socket.request,
        path: request.path,
        originalUrl: request.originalUrl,
        url: request.url,
        described: described(request),
      };
    }
  }

  class PageController {
    @get('/page')
    page(@inject(RestBindings.Http.REQUEST) request: Request) {
      return described(request);
    }
  }

  const QUERY = {room: 'blue', 'list[]': 'a', 'deep[er]': '1'};
  const page = (url: string | undefined) =>
    fetch(`${url}/page?${new URLSearchParams(QUERY).toString()}`, {
      headers: {...HEADERS, accept: 'application/json'},
    }).then(response => response.json());

  const look = async (options: AppOptions, client: ClientOptions) => {
    await using given = await givenApp({
      controllers: options.plain
        ? [RequestController]
        : [RequestController, PageController],
      ...options,
    });
    await using authenticated = await givenAuthenticated(given.server.url, ANN, {
      extraHeaders: {...HEADERS, accept: 'application/json'},
      query: QUERY,
      ...client,
    });
    const {result, error} = await authenticated.call('look');
    assert.deepEqual([error, given.logged], [undefined, []]);
    const {same, path, originalUrl, url} = result;
    assert.equal(same, true);
    assert.equal(path, '/socket.io/');
    assert.match(originalUrl, /^\/socket\.io\/\?.*EIO=4/);
    assert.equal(url, originalUrl);
    const root = given.server.url;
    return {
      described: result.described as unknown,
      rest: options.plain ? undefined : ((await page(root)) as unknown),
    };
  };

  const local = {
    ip: '127.0.0.1',
    ips: [],
    protocol: 'http',
    secure: false,
    hostname: '127.0.0.1',
    thing: ['thing', 'thing', 'thing'],
    json: 'json',
    settings: false,
    room: 'blue',
    list: ['a'],
    deep: {er: '1'},
  };

  for (const transport of ['websocket', 'polling']) {
    it(`is what REST gives for the handshake's, over ${transport}`, async () => {
      const {described, rest} = await look({}, {transports: [transport]});
      assert.deepEqual(described, local);
      assert.deepEqual(described, rest);
    });
  }

  it("follows the settings of REST's Express", async () => {
    const expressSettings = {'trust proxy': true, 'query parser': 'simple'};
    const {described, rest} = await look({rest: {expressSettings}}, {});
    assert.deepEqual(described, rest);
    const proxied = {
      ...local,
      ip: '203.0.113.7',
      ips: ['203.0.113.7', '198.51.100.1'],
      protocol: 'https',
      secure: true,
      hostname: 'example.org',
      settings: true,
      list: 'none',
      deep: 'none',
    };
    assert.deepEqual(described, proxied);
  });

  it('is there without a REST server', async () => {
    const component = {http: {port: 0, host: '127.0.0.1'}};
    const {described} = await look({plain: true, component}, {});
    assert.deepEqual(described, local);
  });

  it('is the same for all handlers and calls of a connection', async () => {
    const requests: unknown[] = [];
    class SameController {
      constructor(@inject(RestBindings.Http.REQUEST) request: Request) {
        requests.push(request);
      }

      @socketAuth()
      authenticate(@inject(RestBindings.Http.REQUEST) request: Request) {
        return request.get('x-thing') === 'thing';
      }

      @onSocketConnected()
      connected(@inject(RestBindings.Http.REQUEST) request: Request) {
        requests.push(request);
      }

      @socketMethod()
      look(@inject(RestBindings.Http.REQUEST) request: Request) {
        requests.push(request);
        return request.get('x-thing');
      }
    }
    await using given = await givenApp({controllers: [SameController]});
    await using client = await givenAuthenticated(given.server.url, undefined, {
      extraHeaders: HEADERS,
    });
    assert.deepEqual(await client.call('look'), {result: 'thing'});
    assert.deepEqual(await client.call('look'), {result: 'thing'});
    // Constructed for authentication, connected and twice for a call.
    assert.equal(requests.length, 7);
    assert.equal(new Set(requests).size, 1);
  });
});

describe('the response of REST', () => {
  class ResponseController extends AuthController {
    @socketMethod()
    needed(@inject(RestBindings.Http.RESPONSE) response: Response) {
      return typeof response;
    }

    @socketMethod()
    neededContext(@inject(RestBindings.Http.CONTEXT) context: unknown) {
      return typeof context;
    }

    @socketMethod()
    optional(@inject(RestBindings.Http.RESPONSE, {optional: true}) response?: Response) {
      return typeof response;
    }

    @socketMethod()
    async asked(@inject.context() context: Context) {
      const find = {optional: true} as const;
      return [
        typeof (await context.get(RestBindings.Http.RESPONSE, find)),
        typeof context.getSync(RestBindings.Http.RESPONSE, find),
      ];
    }
  }

  class OptionalController extends AuthController {
    constructor(
      @inject(RestBindings.Http.RESPONSE, {optional: true}) private response?: Response,
    ) {
      super();
    }

    @socketMethod()
    constructed() {
      return typeof this.response;
    }
  }

  it('is an error that says why, which is logged and not told', async () => {
    await using given = await givenApp({controllers: [ResponseController]});
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('needed'), {error: INTERNAL});
    assert.deepEqual(await client.call('neededContext'), {error: INTERNAL});
    const logged = given.logged.map(([error, status, {handler}]) => [
      /"(.*)" does not exist in a socket call: .*\{optional: true\}/.exec(
        (error as Error).message,
      )?.[1],
      status,
      handler,
    ]);
    assert.deepEqual(logged, [
      ['rest.http.response', 500, 'ResponseController.needed'],
      ['rest.http.request.context', 500, 'ResponseController.neededContext'],
    ]);
  });

  it('is undefined where it is optional', async () => {
    await using given = await givenApp({controllers: [ResponseController]});
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('optional'), {result: 'undefined'});
    assert.deepEqual(await client.call('asked'), {result: ['undefined', 'undefined']});
    assert.deepEqual(given.logged, []);
  });

  it('is undefined where a constructor has it optional', async () => {
    await using given = await givenApp({controllers: [OptionalController]});
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('constructed'), {result: 'undefined'});
    assert.deepEqual(given.logged, []);
  });
});

describe('calls at the same time', () => {
  const USERS = ['Ann', 'Bob', 'Cleo', 'Dan', 'Eve'];
  const EACH = 100;

  it('never see anything of one another, whoever makes them', async () => {
    const all = new Gate();
    let arrived = 0;
    const contexts = new Set<Context>();
    const controllers = new Set<unknown>();

    class MixedController extends AuthController {
      @inject(SocketBindings.ARGS) args!: number;
      private last?: number;

      constructor(
        @inject(SecurityBindings.USER, {optional: true})
        private readonly user?: UserProfile,
      ) {
        super();
      }

      @socketMethod()
      async mix(
        socket: Socket,
        credentials: Credentials,
        args: number,
        @inject(SecurityBindings.USER) user: UserProfile,
        @inject(SocketBindings.SOCKET) injected: Socket,
        @inject(SocketBindings.CREDENTIALS) own: Credentials,
        @inject.getter(SecurityBindings.USER) later: Getter<UserProfile>,
        @inject.context() context: Context,
        @inject('request.own') requestOwn: {name: string},
      ) {
        assert.equal(this.last, undefined);
        this.last = args;
        contexts.add(context);
        controllers.add(this);
        requestOwn.name = `${user.name} ${args}`;
        context.bind('mine').to(args);
        if (++arrived === USERS.length * EACH) all.open();
        await all.opened;
        return {
          numbers: [args, this.args, this.last, await context.get('mine')],
          names: [
            credentials.name,
            own.name,
            user.name,
            this.user?.name,
            (await later()).name,
          ],
          sockets: [socket.id, injected.id],
          requestOwn: requestOwn.name,
        };
      }
    }
    await using given = await givenApp({
      controllers: [MixedController],
      setup: app => {
        const binding = app.bind('request.own').toDynamicValue(() => ({name: ''}));
        binding.inScope(BindingScope.REQUEST);
      },
    });
    const clients = await Promise.all(
      USERS.map(async name => ({
        name,
        client: await givenAuthenticated(given.server.url, {token: 'ok', name}),
      })),
    );
    try {
      const calls = Array.from({length: EACH}, (_, turn) =>
        clients.map(async ({name, client}, index) => {
          const number = turn * USERS.length + index;
          const {id} = client.socket;
          assert.deepEqual(await client.call('mix', number), {
            result: {
              numbers: [number, number, number, number],
              names: [name, name, name, name, name],
              sockets: [id, id],
              requestOwn: `${name} ${number}`,
            },
          });
        }),
      );
      await Promise.all(calls.flat());
    } finally {
      for (const {client} of clients) await client[Symbol.asyncDispose]();
    }
    assert.equal(contexts.size, USERS.length * EACH);
    assert.equal(controllers.size, USERS.length * EACH);
  });
});
