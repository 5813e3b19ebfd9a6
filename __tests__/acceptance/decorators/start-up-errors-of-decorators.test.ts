import {authorize, AuthorizationComponent} from '@loopback/authorization';
import {
  asGlobalInterceptor,
  inject,
  MetadataAccessor,
  MethodDecoratorFactory,
} from '@loopback/core';
import type {Application, ControllerClass, Interceptor} from '@loopback/core';
import {Model, model, property} from '@loopback/repository';
import {get, param, requestBody} from '@loopback/rest';
import {
  onSocketConnected,
  onSocketDisconnected,
  socketAuth,
  SocketBindings,
  socketMethod,
  SocketTags,
} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {describe, it} from 'node:test';
import {givenApp} from '../../helpers/app';
import type {AppOptions} from '../../helpers/app';
import {once} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import {callUntil, isResult} from '../../helpers/retry';
import {assertStartFails} from '../../helpers/start-up-errors';

@model()
class Message extends Model {
  @property({type: 'string', required: true})
  text!: string;
}

class First {
  @socketMethod()
  say(message: Message) {
    return message;
  }
}

class FirstText {
  @socketMethod()
  say(text: string) {
    return text;
  }
}

class Second {
  @socketMethod()
  say(_socket: Socket, message: Message) {
    return message;
  }
}

class AfterInjection {
  @socketMethod()
  say(@inject(SocketBindings.SOCKET) _socket: Socket, message: Message) {
    return message;
  }
}

class FirstOfAuth {
  @socketAuth()
  login(credentials: Message) {
    return credentials;
  }
}

class FirstOfConnected {
  @onSocketConnected()
  connected(message: Message) {
    return message;
  }
}

class InPlaceOfReason {
  @onSocketDisconnected()
  left(_socket: Socket, message: Message) {
    return message;
  }
}

class Query {
  @socketMethod()
  find(@param.query.string('q') q: string) {
    return q;
  }
}

class Body {
  @socketMethod()
  add(_socket: Socket, _credentials: unknown, @requestBody() message: Message) {
    return message;
  }
}

class BodyOfAuth {
  @socketAuth()
  login(@requestBody() message: Message) {
    return message;
  }
}

class Authorized {
  @authorize({allowedRoles: ['admin']})
  @socketMethod()
  close() {
    return 'closed';
  }
}

@authorize({allowedRoles: ['admin']})
class AuthorizedClass {
  @socketMethod()
  close() {
    return 'closed';
  }
}

/** A decorator of another package, known by the key of its metadata. */
function foreign(key: string, metadata: object): MethodDecorator {
  return MethodDecoratorFactory.createDecorator(
    MetadataAccessor.create<object, MethodDecorator>(key),
    metadata,
  );
}

/** A class with a method that carries such a decorator, for sockets and for REST. */
function decorated(key: string, metadata: object): ControllerClass {
  class Foreign {
    @foreign(key, metadata)
    @get('/one')
    @socketMethod()
    one() {
      return 'one';
    }
  }
  return Foreign;
}

const AUTHORIZE = 'sf.userAuthorization.accessor.operationMetadata';

const REFUSED: Record<string, [ControllerClass, RegExp]> = {
  'a model in the place of the socket': [
    First,
    /First\.say: its parameter of type Message would receive the socket.*Declare \(socket: Socket, credentials: unknown, args: Message\)/,
  ],
  'a text in the place of the socket': [
    FirstText,
    /FirstText\.say: its parameter of type String would receive the socket/,
  ],
  'a model in the place of the credentials': [
    Second,
    /Second\.say: .*type Message would receive the credentials/,
  ],
  'a model after an injected socket': [
    AfterInjection,
    /AfterInjection\.say: .*type Message would receive the socket/,
  ],
  'a model in the place of the socket that authenticates': [
    FirstOfAuth,
    /FirstOfAuth\.login: .*Declare \(socket: Socket, credentials: Message\)/,
  ],
  'a model in the place of the socket that is connected': [
    FirstOfConnected,
    /FirstOfConnected\.connected: .*receive the socket/,
  ],
  'a model in the place of the reason': [
    InPlaceOfReason,
    /InPlaceOfReason\.left: .*receive the reason/,
  ],
  '@param without a verb': [
    Query,
    /Query\.find has a parameter with @param .* not a REST operation\. Decorate the method with @get/,
  ],
  '@requestBody without a verb': [
    Body,
    /Body\.add has a parameter with @param or @requestBody/,
  ],
  '@requestBody of a handler without a verb': [
    BodyOfAuth,
    /BodyOfAuth\.login has a parameter/,
  ],
  '@authorize without AuthorizationComponent': [
    Authorized,
    /Authorized\.close carries @authorize of @loopback\/authorization, which nothing enforces.*AuthorizationComponent/,
  ],
  '@authorize on a class without AuthorizationComponent': [
    AuthorizedClass,
    /AuthorizedClass\.close carries @authorize/,
  ],
  '@authorize of loopback4-authorization': [
    decorated(AUTHORIZE, {permissions: ['1']}),
    /Foreign\.one carries @authorize of loopback4-authorization, .*SocketTags\.ENFORCES/,
  ],
  '@authenticate of loopback4-authentication': [
    decorated('userAuthentication.operationsMetadata', {strategy: 'bearer'}),
    /@authenticate of loopback4-authentication, .*`authentication` of the server/,
  ],
  '@authenticateClient of loopback4-authentication': [
    decorated('clientAuthentication.operationsMetadata', {strategy: 'client'}),
    /@authenticateClient of loopback4-authentication/,
  ],
  '@ratelimit of loopback4-ratelimiter': [
    decorated('sf.security.ratelimit.operationMetadata.accessor', {enabled: true}),
    /@ratelimit of loopback4-ratelimiter, .*`callLimiter`/,
  ],
  '@featureFlag of @sourceloop/feature-toggle': [
    decorated('sf.featuresFlag.accessor.operationsMetadata', {featureKey: 'a'}),
    /@featureFlag of @sourceloop\/feature-toggle/,
  ],
};

class Fine {
  @socketMethod()
  credentials(_socket: Socket, credentials: Message, _args: unknown) {
    return credentials;
  }

  @socketMethod()
  injected(@inject(SocketBindings.CREDENTIALS) credentials: Message) {
    return credentials;
  }

  @socketMethod()
  token(_socket: Socket, token: string) {
    return token;
  }

  @onSocketConnected()
  connected(_socket: Socket, _credentials: Message) {
    return 1;
  }

  @onSocketDisconnected()
  left(_socket: Socket, _reason: string) {
    return 1;
  }

  @authorize.skip()
  @socketMethod()
  skipped() {
    return 1;
  }

  @foreign(AUTHORIZE, {permissions: ['*']})
  @socketMethod()
  open() {
    return 1;
  }

  @foreign('sf.security.ratelimit.operationMetadata.accessor', {enabled: false})
  @socketMethod()
  unlimited() {
    return 1;
  }

  @authorize({allowedRoles: ['admin']})
  @onSocketDisconnected()
  gone() {
    return 1;
  }
}

/** Shows that the controllers that came before it have been looked at. */
class Marker {
  @socketMethod()
  marker() {
    return 1;
  }
}

const anonymous = {anonymous: true};

/** Starts an application, and gives the warnings that it printed on the way. */
async function warningsOf(options: AppOptions) {
  const warnings: string[] = [];
  const listen = ({name, message}: Error) => {
    if (name === 'SocketWarning') warnings.push(message);
  };
  process.on('warning', listen);
  try {
    await using given = await givenApp({servers: {'': anonymous}, ...options});
    await given.app.stop();
    await given.app.start();
    // Node emits them in the next tick.
    await new Promise(setImmediate);
    return warnings;
  } finally {
    process.off('warning', listen);
  }
}

describe('a start is stopped by', () => {
  for (const [title, [controller, says]] of Object.entries(REFUSED)) {
    it(title, async () => {
      const isAuth = controller === FirstOfAuth || controller === BodyOfAuth;
      const servers = {'': isAuth ? {} : anonymous};
      await assertStartFails({controllers: [controller], servers}, says);
    });
  }

  it('none of these: credentials of a model, decorators that ask for nothing', async () => {
    await using given = await givenApp({controllers: [Fine], servers: {'': anonymous}});
    await using client = await givenAuthenticated(given.server.url, {text: 'a'});
    for (const name of ['credentials', 'injected', 'token']) {
      assert.deepEqual(await client.call(name), {result: {text: 'a'}}, name);
    }
  });

  it('no decorator that the application enforces', async () => {
    const enforce: Interceptor = (context, next) => {
      if (context.methodName === 'one') throw new Error('enforced');
      return next();
    };
    const names = ['loopback4-authentication', 'loopback4-authorization'];
    const setup = (app: Application) => {
      app.component(AuthorizationComponent);
      app
        .bind('interceptors.enforce')
        .to(enforce)
        .apply(asGlobalInterceptor('own'))
        .tag({[SocketTags.ENFORCES]: names});
    };
    const [foreignController] = REFUSED['@authorize of loopback4-authorization'];
    await using given = await givenApp({
      controllers: [Authorized, foreignController],
      servers: {'': anonymous},
      setup,
    });
    await using client = await givenAuthenticated(given.server.url);
    assert.equal((await client.call('close')).error.statusCode, 403);
    assert.equal((await client.call('one')).error.statusCode, 500);
  });

  it('nothing while it runs: a method that cannot be right is logged and not served', async () => {
    await using given = await givenApp({controllers: [Fine], servers: {'': anonymous}});
    await using client = await givenAuthenticated(given.server.url);
    given.app.controller(First);
    given.app.controller(Marker);
    await callUntil(client, isResult, 'marker');
    const [[error]] = given.logged;
    assert.match((error as Error).message, /First\.say/);
    assert.equal((await client.call('say', {text: 'a'})).error.code, 'METHOD_NOT_FOUND');
  });
});

describe('a start warns once', () => {
  /** A class as esbuild compiles it. */
  function withoutTypes(): ControllerClass {
    class Untyped {
      @socketMethod()
      say(_socket: Socket, _credentials: unknown, args: Message) {
        return args;
      }

      @socketMethod({args: Message})
      given(_socket: Socket, _credentials: unknown, args: Message) {
        return args;
      }

      @socketMethod()
      without(_socket: Socket) {
        return 1;
      }
    }
    for (const name of ['say', 'given', 'without']) {
      for (const part of ['type', 'paramtypes', 'returntype']) {
        Reflect.deleteMetadata(`design:${part}`, Untyped.prototype, name);
      }
    }
    return Untyped;
  }

  it('of args that the compiler left no type for', async () => {
    const [warning, ...others] = await warningsOf({controllers: [withoutTypes()]});
    assert.deepEqual(others, []);
    assert.match(
      warning,
      /no type for the args of Untyped\.say, so .*emitDecoratorMetadata/,
    );
  });

  it('of args whose class is imported as a type only', async () => {
    class TypeOnly {
      // TypeScript emits `Function` for its type.
      @socketMethod()
      say(_socket: Socket, _credentials: unknown, args: Socket) {
        return args;
      }
    }
    const [warning] = await warningsOf({controllers: [TypeOnly]});
    assert.match(
      warning,
      /args of TypeOnly\.say, .*Import the class itself, not with `import type`/,
    );
  });

  it('of a REST server that does not listen, when nothing else does', async () => {
    const rest = {listenOnStart: false};
    const [warning, ...others] = await warningsOf({controllers: [Fine], rest});
    assert.deepEqual(others, []);
    assert.match(warning, /`listenOnStart: false`.*Configure `http`/);
  });

  it('of nothing where all is well', async () => {
    assert.deepEqual(await warningsOf({controllers: [Fine]}), []);
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const rest = {listenOnStart: false};
    assert.deepEqual(
      await warningsOf({controllers: [Fine], rest, component: {http}}),
      [],
    );
    const attach = async (app: Application) => {
      await app.init();
      (await app.get(SocketBindings.IO)).attach(http);
    };
    assert.deepEqual(await warningsOf({controllers: [Fine], rest, setup: attach}), []);
    http.close();
  });
});
