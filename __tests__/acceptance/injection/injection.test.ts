import {AuthorizationComponent, authorize} from '@loopback/authorization';
import {BindingScope, CoreBindings, inject, intercept} from '@loopback/core';
import type {
  Constructor,
  Context,
  ControllerClass,
  Getter,
  Interceptor,
  InvocationContext,
  Provider,
} from '@loopback/core';
import {get, param, RestBindings} from '@loopback/rest';
import {
  onSocketConnected,
  SocketBindings,
  socketAuth,
  socketMethod,
} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {Socket} from 'socket.io';
import {givenApp} from '../../helpers/app';
import type {AppOptions} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';
import {givenAuthenticated, givenClient} from '../../helpers/client';

const INTERNAL = {statusCode: 500, message: 'Internal Server Error'};

/** Names of what was made, in order. */
let made: string[] = [];

async function givenController(controller: ControllerClass, setup: AppOptions['setup']) {
  made = [];
  const alone = Reflect.has(controller.prototype as object, 'authenticate');
  const controllers = alone ? [controller] : [AuthController, controller];
  const given = await givenApp({controllers, ...(setup && {setup})});
  return {
    ...given,
    call: async (name: string, ...args: unknown[]) => {
      await using client = await givenAuthenticated(given.server.url);
      return await client.call(name, ...args);
    },
    [Symbol.asyncDispose]: () => given[Symbol.asyncDispose](),
  };
}

class BackendProvider implements Provider<string> {
  constructor() {
    made.push('provider');
  }

  async value(): Promise<string> {
    made.push('value');
    return Promise.resolve('backend');
  }
}

class BrokenProvider implements Provider<string> {
  value(): Promise<string> {
    made.push('value');
    return Promise.reject(new Error('The backend is down.'));
  }
}

class Helper {
  readonly at = made.push('helper');
}

class BackendController {
  constructor(
    @inject('helper') readonly helper: Helper,
    @inject('backend') readonly backend: string,
  ) {
    made.push('controller');
  }

  @socketMethod()
  ask() {
    return this.backend;
  }
}

const bindHelper: AppOptions['setup'] = app => {
  app.bind('helper').toClass(Helper);
};

describe('an async provider', () => {
  it('runs once a call, and what stands beside it is made once', async () => {
    await using app = await givenController(BackendController, async app => {
      await bindHelper(app);
      app.bind('backend').toProvider(BackendProvider);
    });
    await using client = await givenAuthenticated(app.server.url);
    made = [];
    for (const time of ['first', 'second']) {
      assert.deepEqual(await client.call('ask'), {result: 'backend'}, time);
      assert.deepEqual(made.splice(0), ['helper', 'provider', 'value', 'controller']);
    }
  });

  it('that rejects is answered 500, once, and logged', async () => {
    class BrokenController {
      @socketMethod()
      ask(@inject('helper') helper: Helper, @inject('backend') backend: string) {
        return backend;
      }
    }
    await using app = await givenController(BrokenController, async app => {
      await bindHelper(app);
      app.bind('backend').toProvider(BrokenProvider);
    });
    assert.deepEqual(await app.call('ask'), {error: INTERNAL});
    assert.deepEqual(made, ['helper', 'value']);
    assert.deepEqual(
      app.logged.map(([error]) => String(error)),
      ['Error: The backend is down.'],
    );
  });

  it('that rejects refuses a socket that needs it to authenticate, and the next is refused as well', async () => {
    class StrangerController {
      constructor(
        @inject('helper') readonly helper: Helper,
        @inject('backend') readonly backend: string,
      ) {}

      @socketAuth()
      authenticate() {
        return {name: 'never'};
      }
    }
    await using app = await givenController(StrangerController, async app => {
      await bindHelper(app);
      app.bind('backend').toProvider(BrokenProvider);
    });
    for (const time of ['first', 'second']) {
      await using client = givenClient(app.server.url, {reconnection: false});
      client.socket.emit('authentication', {token: 'ok'});
      await client.next('disconnect');
      assert.ok(!client.names.includes('authenticated'), time);
    }
    assert.deepEqual(made, ['helper', 'value', 'helper', 'value']);
  });

  it('that rejects beside one that throws leaves no rejection that nobody handles', async () => {
    class TwiceBrokenController {
      @inject('backend')
      property!: string;

      @socketMethod()
      ask(@inject('backend') backend: string, @inject('thrower') thrower: string) {
        return backend + thrower;
      }
    }
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      await using app = await givenController(TwiceBrokenController, app => {
        app.bind('backend').toProvider(BrokenProvider);
        app.bind('thrower').toDynamicValue(() => {
          throw new Error('thrown');
        });
      });
      assert.deepEqual(await app.call('ask'), {error: INTERNAL});
    } finally {
      process.off('unhandledRejection', note);
    }
    assert.deepEqual(unhandled, []);
  });
});

describe('a getter', () => {
  it('gives what is there when it is called, each time, and after the call too', async () => {
    let kept: Getter<string> | undefined;
    class GetterController {
      @socketMethod()
      async ask(@inject.getter('backend') backend: Getter<string>) {
        kept = backend;
        const before = made.length;
        return [before, await backend(), await backend()];
      }
    }
    await using app = await givenController(GetterController, app => {
      app.bind('backend').toProvider(BackendProvider);
    });
    assert.deepEqual(await app.call('ask'), {result: [0, 'backend', 'backend']});
    assert.deepEqual(made, ['provider', 'value', 'provider', 'value']);
    app.app.bind('backend').to('another');
    assert.equal(await kept?.(), 'another');
  });

  it('of a value in REQUEST scope shares it with the rest of the call', async () => {
    class SharedController {
      constructor(@inject('shared') readonly shared: object) {}

      @socketMethod()
      async ask(@inject.getter('shared') getShared: Getter<object>) {
        return (await getShared()) === this.shared;
      }
    }
    await using app = await givenController(SharedController, app => {
      app.bind('shared').toClass(Helper).inScope(BindingScope.REQUEST);
    });
    assert.deepEqual(await app.call('ask'), {result: true});
    assert.deepEqual(made, ['helper']);
  });
});

describe('a value in REQUEST scope', () => {
  it('is the same where a context resolves it', async () => {
    class MixedController {
      constructor(@inject('shared') readonly shared: object) {}

      @socketMethod()
      async ask(@inject.context() context: Context, @inject('later') later: object) {
        return [
          (await context.get('shared')) === this.shared,
          (await context.get('later')) === later,
        ];
      }
    }
    await using app = await givenController(MixedController, app => {
      app.bind('shared').toClass(Helper).inScope(BindingScope.REQUEST);
      app
        .bind('later')
        .toDynamicValue(() => new Helper())
        .inScope(BindingScope.REQUEST);
    });
    assert.deepEqual(await app.call('ask'), {result: [true, true]});
    assert.deepEqual(made, ['helper', 'helper']);
  });
});

describe('a dynamic value', () => {
  it('has the context of the call', async () => {
    class DynamicController {
      @socketMethod()
      ask(@inject('greeting') greeting: string) {
        return greeting;
      }
    }
    await using app = await givenController(DynamicController, app => {
      app.bind('greeting').toDynamicValue(async ({context}) => {
        const {name} = await context.get<{name: string}>('security.user');
        return `Hello ${name}`;
      });
    });
    assert.deepEqual(await app.call('ask'), {result: 'Hello someone'});
  });
});

const KEYS = {
  socket: SocketBindings.SOCKET,
  connection: SocketBindings.CONNECTION,
  request: RestBindings.Http.REQUEST,
  operation: RestBindings.OPERATION_SPEC_CURRENT,
  controller: CoreBindings.CONTROLLER_CURRENT,
  type: CoreBindings.CONTROLLER_CLASS,
} as const;

/** A class with one optional injection of each key, in its properties. */
function injecting(keys: readonly (keyof typeof KEYS)[]): Constructor<object> {
  class Injected {
    [name: string]: unknown;
  }
  for (const name of keys) {
    inject(KEYS[name], {optional: true})(Injected.prototype, name);
  }
  return Injected;
}

describe('an optional injection of what a connection or a call has', () => {
  const all = Object.keys(KEYS) as (keyof typeof KEYS)[];
  const missing = (owner: object): string[] =>
    all.filter(name => !(name in owner) || !Reflect.get(owner, name));

  it('gives it to a controller, its parameters, its services and interceptors', async () => {
    const Service = injecting(all);
    const seen = new Map<string, string[]>();
    const note: Interceptor = async (invocation, next) => {
      seen.set('interceptor', missing(await invocation.get('own')));
      return next();
    };
    @intercept(note)
    class KeysController extends injecting(all) {
      constructor(@inject('own') readonly own: object) {
        super();
      }

      @get('/ask')
      @socketMethod()
      ask(
        @inject('own') own: object,
        @inject(SocketBindings.SOCKET, {optional: true}) socket: Socket,
        @inject(RestBindings.OPERATION_SPEC_CURRENT, {optional: true}) operation: unknown,
        @inject(CoreBindings.CONTROLLER_CURRENT, {optional: true}) controller: unknown,
      ) {
        seen.set('property', missing(this));
        seen.set('constructor', missing(this.own));
        seen.set('parameter', missing(own));
        return [Boolean(socket), Boolean(operation), controller === this];
      }
    }
    await using app = await givenController(KeysController, app => {
      app.bind('own').toClass(Service);
    });
    assert.deepEqual(await app.call('ask'), {result: [true, true, true]});
    assert.deepEqual(Object.fromEntries(seen), {
      // There is no controller yet when it is made.
      property: ['controller'],
      constructor: ['controller'],
      parameter: [],
      interceptor: [],
    });
  });
});

describe('a singleton', () => {
  it('is made when a call that may run needs it, not before', async () => {
    class DeniedController {
      @authorize({allowedRoles: ['nobody']})
      @socketMethod()
      denied(@inject('single') single: Helper) {
        return Boolean(single);
      }

      @get('/checked')
      @socketMethod()
      checked(@param.query.number('n') n: number, @inject('single') single: Helper) {
        return n;
      }
    }
    await using app = await givenController(DeniedController, app => {
      app.bind('single').toClass(Helper).inScope(BindingScope.SINGLETON);
      app.component(AuthorizationComponent);
    });
    const {error: denied} = await app.call('denied');
    assert.equal(denied.statusCode, 403);
    const {error: wrong} = await app.call('checked', {n: 'x'});
    assert.equal(wrong.statusCode, 400);
    assert.deepEqual(made, []);
    assert.deepEqual(await app.call('checked', {n: 3}), {result: 3});
    assert.deepEqual(await app.call('checked', {n: 4}), {result: 4});
    assert.deepEqual(made, ['helper']);
  });
});

describe('the context of a connection', () => {
  it('holds for all its later calls what was bound in it, whoever kept it', async () => {
    let kept: Context | undefined;
    class TenantController {
      @socketAuth()
      authenticate(@inject(SocketBindings.CONNECTION) connection: Context) {
        kept = connection;
        return {name: 'Ann'};
      }

      @onSocketConnected()
      connected(@inject(SocketBindings.CONNECTION) connection: Context) {
        assert.equal(connection, kept);
      }

      @socketMethod()
      tenant(
        @inject('tenant', {optional: true}) tenant: string,
        @inject('repository') repository: object,
        @inject(SocketBindings.CONNECTION) connection: Context,
      ) {
        return [tenant, repository, connection === kept];
      }
    }
    class Repository {
      constructor(@inject('tenant', {optional: true}) readonly tenant: string) {}
    }
    await using app = await givenController(TenantController, app => {
      app.bind('repository').toClass(Repository);
    });
    await using client = await givenAuthenticated(app.server.url);
    await using other = await givenAuthenticated(app.server.url);
    const [first] = [await client.call('tenant')];
    assert.deepEqual(first, {result: [null, {}, false]});
    // The last one that authenticated is the other's.
    kept?.bind('tenant').to('acme');
    assert.deepEqual(await other.call('tenant'), {
      result: ['acme', {tenant: 'acme'}, true],
    });
    assert.deepEqual(await client.call('tenant'), {result: [null, {}, false]});
  });
});

describe('what interceptors see', () => {
  it('can be logged: neither the args nor the socket show credentials', async () => {
    const {inspect} = await import('node:util');
    const texts: string[] = [];
    const log: Interceptor = ({args, source}: InvocationContext, next) => {
      texts.push(JSON.stringify(args), inspect(args), JSON.stringify(source));
      texts.push(inspect(source, {depth: 5}), inspect(args[0], {depth: 9}));
      return next();
    };
    @intercept(log)
    class LoggedController {
      @socketMethod()
      say(socket: Socket, credentials: object, args: unknown) {
        return args;
      }
    }
    await using app = await givenController(LoggedController, undefined);
    await using client = await givenAuthenticated(
      app.server.url,
      {token: 'ok', name: 'secret'},
      {auth: {token: 'ok', name: 'secret'}, extraHeaders: {cookie: 'id=secret'}},
    );
    texts.splice(0);
    assert.deepEqual(await client.call('say', 'hello'), {result: 'hello'});
    assert.equal(texts.length, 5);
    for (const text of texts) assert.doesNotMatch(text, /secret/);
    assert.match(texts[0], /"hello"\]$/);
  });

  it('may be replaced: the method gets the new args, those of a REST operation too', async () => {
    const replace: Interceptor = (invocation, next) => {
      Object.assign(invocation, {args: [...invocation.args.slice(0, -1), 'replaced']});
      return next();
    };
    @intercept(replace)
    class ReplacedController {
      @socketMethod()
      say(socket: Socket, credentials: object, args: unknown) {
        return args;
      }

      @get('/echo')
      @socketMethod()
      echo(@param.query.string('text') text: string, @inject('own') own: string) {
        return [text, own];
      }
    }
    await using app = await givenController(ReplacedController, app => {
      app.bind('own').to('injected');
    });
    assert.deepEqual(await app.call('say', 'sent'), {result: 'replaced'});
    assert.deepEqual(await app.call('echo', {text: 'sent'}), {
      result: ['replaced', 'injected'],
    });
  });

  it('are two arguments, whatever the interceptor', async () => {
    const counts: number[] = [];
    const count = (...given: Parameters<Interceptor>) => {
      counts.push(given.length);
      return given[1]();
    };
    @intercept(count)
    class CountedController {
      @socketMethod()
      say() {
        return true;
      }
    }
    await using app = await givenController(CountedController, undefined);
    assert.deepEqual(await app.call('say'), {result: true});
    assert.deepEqual([...new Set(counts)], [2]);
  });

  it('is no HTTP request: Express middleware as an interceptor fails with an error that says so', async () => {
    const {toInterceptor} = await import('@loopback/rest');
    class MiddlewareController {
      @socketMethod()
      say() {
        return true;
      }
    }
    await using app = await givenController(MiddlewareController, app => {
      app
        .bind('interceptors.middleware')
        .to(toInterceptor((_request, _response, next) => next()))
        .tag({globalInterceptor: 'globalInterceptor', globalInterceptorSource: 'socket'});
    });
    app.server.auth(() => true);
    assert.deepEqual(await app.call('say'), {error: INTERNAL});
    const [[error]] = app.logged;
    assert.match(
      String(error),
      /Express middleware used as an interceptor needs an HTTP request/,
    );
  });
});
