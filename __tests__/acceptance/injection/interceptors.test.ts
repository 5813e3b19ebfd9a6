import {
  AuthorizationComponent,
  AuthorizationDecision,
  AuthorizationTags,
  authorize,
} from '@loopback/authorization';
import type {AuthorizationContext, AuthorizationMetadata} from '@loopback/authorization';
import {
  ContextBindings,
  ContextTags,
  CoreBindings,
  globalInterceptor,
  inject,
  intercept,
  InvocationContext,
} from '@loopback/core';
import type {Application, Interceptor, Provider} from '@loopback/core';
import {get, RestServer} from '@loopback/rest';
import {SecurityBindings, securityId} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {
  onSocketConnected,
  onSocketDisconnected,
  SocketBindings,
  socketAuth,
  socketMethod,
} from 'loopback4-socket';
import type {SocketCall, SocketCallback} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import type {Socket} from 'socket.io';
import {givenApp} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';
import type {Credentials} from '../../helpers/auth-controller';
import {givenAuthenticated, givenClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';

const ANN = {token: 'ok', name: 'Ann'};

/** Notes its name before and after what it is around. */
const noting =
  (lines: string[], name: string): Interceptor =>
  async (_invocation, next) => {
    lines.push(`${name} before`);
    const result: unknown = await next();
    lines.push(`${name} after`);
    return result as object;
  };

describe('interceptors', () => {
  it('run in the order that the same controller has over REST', async () => {
    const lines: string[] = [];
    const named = (name: string) => noting(lines, name);
    @intercept(named('class'), 'by.key')
    class BothController extends AuthController {
      @intercept(named('upper'), named('middle'))
      @intercept(named('lower'))
      @socketMethod('look')
      @get('/look')
      look() {
        lines.push('method');
        return 'seen';
      }
    }
    await using given = await givenApp({
      controllers: [BothController],
      setup: app => {
        app.bind('by.key').to(named('key'));
        for (const group of ['last', 'first', 'unordered']) {
          app.interceptor(named(group), {global: true, group, name: group});
        }
        app
          .bind(ContextBindings.GLOBAL_INTERCEPTOR_ORDERED_GROUPS)
          .to(['first', 'last', 'authorization']);
      },
    });
    await using client = await givenAuthenticated(given.server.url);
    lines.length = 0;
    assert.deepEqual(await client.call('look'), {result: 'seen'});
    const overSocket = lines.splice(0);
    const rest = await given.app.getServer(RestServer);
    const response = await fetch(`${rest.url}/look`);
    assert.equal(await response.text(), 'seen');
    assert.deepEqual(overSocket, lines);
    const names = [
      'unordered',
      'first',
      'last',
      'class',
      'key',
      'upper',
      'middle',
      'lower',
    ];
    assert.deepEqual(overSocket, [
      ...names.map(name => `${name} before`),
      'method',
      ...[...names].reverse().map(name => `${name} after`),
    ]);
  });

  it('get a genuine invocation, whose source is the call', async () => {
    const seen: Record<string, unknown>[] = [];
    const note: Interceptor = async (invocation, next) => {
      const {source, args} = invocation;
      const call = source?.value as SocketCall;
      seen.push({
        genuine: invocation instanceof InvocationContext,
        class: invocation.targetClass,
        name: invocation.targetName,
        method: invocation.methodName,
        current:
          (await invocation.get(CoreBindings.CONTROLLER_CURRENT)) === invocation.target,
        type: source?.type,
        socket: (await invocation.get(SocketBindings.SOCKET)) === call.socket,
        sameSocket: args[0] === call.socket,
        server: call.server,
        event: call.event,
        credentials: call.credentials as unknown,
        user: call.user,
        args: call.args as unknown,
        aborted: call.signal.aborted,
        sameSignal: (await invocation.get(SocketBindings.SIGNAL)) === call.signal,
      });
      return next();
    };
    @intercept(note)
    class InterceptedController {
      readonly #secret = 'secret';

      @socketMethod('say')
      plain(_socket: Socket, _credentials: Credentials, args: number) {
        return `${args} ${this.#secret}`;
      }

      @socketMethod()
      called(
        _socket: Socket,
        @inject('who') who: string,
        _credentials: Credentials,
        args: number,
        cb: SocketCallback,
      ) {
        setImmediate(() => cb(null, `${args} ${who} ${this.#secret}`));
      }
    }
    await using given = await givenApp({
      controllers: [AuthController, InterceptedController],
      setup: app => void app.bind('who').to('injected'),
    });
    await using client = await givenAuthenticated(given.server.url, ANN);
    assert.deepEqual(await client.call('say', 1), {result: '1 secret'});
    assert.deepEqual(await client.call('called', 2), {result: '2 injected secret'});
    const same = {
      genuine: true,
      class: InterceptedController,
      current: true,
      type: 'socket',
      socket: true,
      sameSocket: true,
      server: 'SocketServer',
      credentials: ANN,
      user: {name: 'Ann'},
      aborted: false,
      sameSignal: true,
    };
    const name = (method: string) => ({
      name: `InterceptedController.prototype.${method}`,
      method,
    });
    assert.deepEqual(seen, [
      {...same, ...name('plain'), event: 'say', args: 1},
      {...same, ...name('called'), event: 'called', args: 2},
    ]);
  });

  it('may change the args and the result, or turn an error into one, in time or later', async () => {
    const later = () => new Promise(setImmediate);
    const double: Interceptor = (invocation, next) => {
      invocation.args[2] *= 2;
      return next();
    };
    const doubleLater: Interceptor = async (invocation, next) => {
      await later();
      invocation.args[2] *= 2;
      return next();
    };
    const wrap: Interceptor = (_invocation, next) => {
      const result = next();
      assert.equal(typeof result, 'number');
      return [result];
    };
    const wrapLater: Interceptor = async (_invocation, next) => {
      const result: unknown = await next();
      await later();
      return [result];
    };
    const rescue: Interceptor = async (_invocation, next) => {
      try {
        return await next();
      } catch (error) {
        return `rescued from ${String(error)}`;
      }
    };
    class ChangedController extends AuthController {
      @intercept(double, wrap)
      @socketMethod()
      sync(_socket: Socket, _credentials: Credentials, args: number) {
        return args;
      }

      @intercept(doubleLater, wrapLater)
      @socketMethod()
      async(_socket: Socket, _credentials: Credentials, args: number) {
        return args;
      }

      @intercept(doubleLater, wrapLater)
      @socketMethod()
      called(
        _socket: Socket,
        _credentials: Credentials,
        args: number,
        cb: SocketCallback,
      ) {
        cb(null, args);
      }

      @intercept(rescue)
      @socketMethod()
      failing() {
        throw 'harm';
      }

      @intercept(rescue)
      @socketMethod()
      failingCalled(
        _socket: Socket,
        _credentials: Credentials,
        _args: unknown,
        cb: SocketCallback,
      ) {
        setImmediate(() => cb('harm'));
      }

      /** An interceptor that gives no result takes it away. */
      @intercept(async (_invocation, next) => void (await next()))
      @socketMethod()
      silenced() {
        return 'secret';
      }
    }
    await using given = await givenApp({controllers: [ChangedController]});
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('sync', 2), {result: [4]});
    assert.deepEqual(await client.call('async', 2), {result: [4]});
    assert.deepEqual(await client.call('called', 2), {result: [4]});
    assert.deepEqual(await client.call('failing'), {result: 'rescued from harm'});
    assert.deepEqual(await client.call('failingCalled'), {result: 'rescued from harm'});
    assert.deepEqual(await client.call('silenced'), {});
  });

  it('may answer in place of a method, or refuse the call; then the method does not run', async () => {
    let ran = 0;
    const cached: Interceptor = () => 'cached';
    const cachedLater: Interceptor = async () => 'cached';
    const refuse: Interceptor = () => {
      throw 'forbidden';
    };
    const refuseLater: Interceptor = async () => {
      throw Object.assign(new Error('Not now.'), {
        statusCode: 409,
        name: 'ConflictError',
      });
    };
    class GuardedController extends AuthController {
      @intercept(cached)
      @socketMethod()
      cached() {
        ran++;
      }

      @intercept(cachedLater)
      @socketMethod()
      cachedCalled(
        _socket: Socket,
        _credentials: Credentials,
        _args: unknown,
        cb: SocketCallback,
      ) {
        cb(null, ++ran);
      }

      @intercept(refuse)
      @socketMethod()
      refused() {
        ran++;
      }

      @intercept(refuseLater)
      @socketMethod()
      refusedCalled(
        _socket: Socket,
        _credentials: Credentials,
        _args: unknown,
        cb: SocketCallback,
      ) {
        cb(null, ++ran);
      }
    }
    await using given = await givenApp({controllers: [GuardedController]});
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('cached'), {result: 'cached'});
    assert.deepEqual(await client.call('cachedCalled'), {result: 'cached'});
    assert.deepEqual(await client.call('refused'), {error: 'forbidden'});
    const error = {statusCode: 409, name: 'ConflictError', message: 'Not now.'};
    assert.deepEqual(await client.call('refusedCalled'), {error});
    assert.equal(ran, 0);
  });

  it('see one another’s bindings, and so does what is injected into the method', async () => {
    const bind: Interceptor = (invocation, next) => {
      invocation.bind('locale').to('de');
      return next();
    };
    const add: Interceptor = async (invocation, next) => {
      const locale = await invocation.get<string>('locale');
      const {name} = await invocation.get(SecurityBindings.USER);
      invocation.bind('locale.user').to(`${locale} ${name}`);
      return next();
    };
    class BindingController extends AuthController {
      @intercept(bind, add)
      @socketMethod()
      look(@inject('locale') locale: string, @inject('locale.user') user: string) {
        return [locale, user];
      }

      @socketMethod()
      without(@inject('locale', {optional: true}) locale?: string) {
        return locale ?? 'none';
      }
    }
    await using given = await givenApp({controllers: [BindingController]});
    await using client = await givenAuthenticated(given.server.url, ANN);
    assert.deepEqual(await client.call('look'), {result: ['de', 'de Ann']});
    assert.deepEqual(await client.call('without'), {result: 'none'});
  });

  it('that are global run for sockets unless they are for routes alone', async () => {
    const lines: string[] = [];
    class PingController extends AuthController {
      @socketMethod()
      ping() {
        return 'pong';
      }
    }
    await using given = await givenApp({
      controllers: [PingController],
      setup: app => {
        const sources: Record<string, string | string[] | undefined> = {
          everywhere: undefined,
          route: 'route',
          socket: 'socket',
          both: ['route', 'socket'],
          neither: ['route', 'proxy'],
        };
        for (const [name, source] of Object.entries(sources)) {
          const options = source === undefined ? {} : {source};
          app.interceptor(noting(lines, name), {global: true, name, ...options});
        }
        const tagged = app.bind('tagged').to(noting(lines, 'tagged'));
        tagged.tag(ContextTags.GLOBAL_INTERCEPTOR);
        tagged.tag({[ContextTags.GLOBAL_INTERCEPTOR_SOURCE]: 'route'});
      },
    });
    await using client = await givenAuthenticated(given.server.url);
    lines.length = 0;
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    const ran = lines.filter(line => line.endsWith('before')).sort();
    assert.deepEqual(ran, ['both before', 'everywhere before', 'socket before']);
  });

  it('may be provided by classes that have the user and the call injected', async () => {
    @globalInterceptor('users')
    class UserInterceptor implements Provider<Interceptor> {
      constructor(
        @inject(SecurityBindings.USER, {optional: true})
        private readonly user?: UserProfile,
        @inject(SocketBindings.ARGS, {optional: true}) private readonly args?: unknown,
      ) {}

      value(): Interceptor {
        return async (invocation, next) => {
          const result: unknown = await next();
          if (invocation.methodName !== 'ping') return result as object;
          return [this.user?.name, this.args, result];
        };
      }
    }
    class PingController extends AuthController {
      @socketMethod()
      ping() {
        return 'pong';
      }
    }
    await using given = await givenApp({
      controllers: [PingController],
      setup: app => void app.interceptor(UserInterceptor),
    });
    await using ann = await givenAuthenticated(given.server.url, ANN);
    await using bob = await givenAuthenticated(given.server.url, {
      token: 'ok',
      name: 'Bob',
    });
    const answers = await Promise.all([ann.call('ping', 1), bob.call('ping', 2)]);
    assert.deepEqual(answers, [
      {result: ['Ann', 1, 'pong']},
      {result: ['Bob', 2, 'pong']},
    ]);
  });

  it('may be of one server, and may come and go', async () => {
    const lines: string[] = [];
    class PingController extends AuthController {
      @socketMethod()
      @socketMethod({name: 'ping', server: 'other'})
      ping() {
        return 'pong';
      }
    }
    await using given = await givenApp({
      controllers: [PingController],
      servers: {other: {anonymous: true}},
    });
    await using client = await givenAuthenticated(given.server.url);
    await using other = await givenAuthenticated(given.get('other').url);
    const ran = async () => {
      await client.call('ping');
      await other.call('ping');
      return lines.splice(0).filter(line => line.endsWith('before'));
    };
    assert.deepEqual(await ran(), []);
    const everywhere = given.app.interceptor(noting(lines, 'all'), {
      global: true,
      name: 'all',
    });
    const own = given.server.context.bind('own').to(noting(lines, 'own'));
    own.tag(ContextTags.GLOBAL_INTERCEPTOR);
    assert.deepEqual((await ran()).sort(), ['all before', 'all before', 'own before']);
    given.app.unbind(everywhere.key);
    assert.deepEqual(await ran(), ['own before']);
    given.server.context.unbind(own.key);
    assert.deepEqual(await ran(), []);
  });
});

describe('interceptors of the other handlers', () => {
  it('run around @socketAuth, and refuse the socket or change its user', async () => {
    const check: Interceptor = async (invocation, next) => {
      const call = invocation.source?.value as SocketCall;
      assert.equal(call.event, 'authentication');
      assert.equal(call.user, undefined);
      assert.equal(
        await invocation.get(SecurityBindings.USER, {optional: true}),
        undefined,
      );
      const {name} = call.credentials as Credentials;
      if (name === 'banned') throw 'You are banned.';
      if (name === 'nobody') return undefined;
      const user = (await next()) as object | undefined;
      return user && {...user, role: 'guest'};
    };
    class CheckedController {
      @intercept(check)
      @socketAuth()
      authenticate(_socket: Socket, {token, name}: Credentials) {
        return token === 'ok' ? {name} : undefined;
      }

      @socketMethod()
      who(@inject(SecurityBindings.USER) user: UserProfile) {
        return user;
      }
    }
    await using given = await givenApp({controllers: [CheckedController]});
    const {url} = given.server;
    await using client = await givenAuthenticated(url, ANN);
    assert.deepEqual(await client.call('who'), {result: {name: 'Ann', role: 'guest'}});
    const failures: Record<string, string> = {
      banned: 'You are banned.',
      nobody: 'Authentication failed.',
    };
    for (const [name, message] of Object.entries(failures)) {
      await using refused = givenClient(url);
      refused.socket.emit('authentication', {token: 'ok', name});
      assert.deepEqual(await refused.next('unauthorized'), {
        message,
        statusCode: 401,
        code: 'AUTHENTICATION_FAILED',
      });
    }
  });

  it('run around @onSocketConnected and @onSocketDisconnected', async () => {
    const gone = new Gate();
    const seen: unknown[] = [];
    const note: Interceptor = async (invocation, next) => {
      const {event, user, args, credentials, signal} = invocation.source
        ?.value as SocketCall;
      const {methodName} = invocation;
      seen.push([methodName, event, user, args, credentials, signal.aborted]);
      const result: unknown = await next();
      seen.push(`${methodName} after`);
      if (methodName === 'gone') gone.open();
      return result as object;
    };
    @intercept(note)
    class NotedController {
      @onSocketConnected()
      connected(socket: Socket) {
        socket.emit('welcomed');
      }

      @onSocketDisconnected()
      gone(_socket: Socket, reason: string) {
        seen.push(reason);
      }
    }
    await using given = await givenApp({controllers: [AuthController, NotedController]});
    await using client = await givenAuthenticated(given.server.url, ANN);
    assert.deepEqual(client.names, ['connect', 'welcomed', 'authenticated']);
    client.socket.disconnect();
    await gone.opened;
    assert.deepEqual(seen, [
      ['connected', 'connection', {name: 'Ann'}, undefined, ANN, false],
      'connected after',
      ['gone', 'disconnect', {name: 'Ann'}, undefined, ANN, true],
      'client namespace disconnect',
      'gone after',
    ]);
  });

  it('of a connected handler refuse the socket by throwing', async () => {
    class RefusingController extends AuthController {
      @intercept(() => {
        throw Object.assign(new Error('Full.'), {statusCode: 429});
      })
      @onSocketConnected()
      connected() {
        assert.fail('It must not run.');
      }
    }
    await using given = await givenApp({controllers: [RefusingController]});
    await using client = givenClient(given.server.url);
    client.socket.emit('authentication', ANN);
    const {message, statusCode} = await client.next('unauthorized');
    assert.deepEqual([message, statusCode], ['Full.', 429]);
    assert.deepEqual(given.logged, []);
  });
});

describe('@authorize of @loopback/authorization', () => {
  const DENIED = {statusCode: 403, name: 'ForbiddenError', message: 'Access denied'};

  /** Allows the roles that the metadata allows; has no opinion where it allows none. */
  const byRole = async (
    context: AuthorizationContext,
    metadata: AuthorizationMetadata,
  ) => {
    const role: unknown = context.principals.at(0)?.role;
    if (!metadata.allowedRoles) return AuthorizationDecision.ABSTAIN;
    return metadata.allowedRoles.includes(String(role))
      ? AuthorizationDecision.ALLOW
      : AuthorizationDecision.DENY;
  };

  /** Gives the user's name as the role as well. */
  class RoleController {
    @socketAuth()
    authenticate(_socket: Socket, {name = ''}: Credentials) {
      return {[securityId]: name, name, role: name};
    }
  }

  const withAuthorizer = (app: Application) => {
    app.component(AuthorizationComponent);
    app.bind('authorizers.role').to(byRole).tag(AuthorizationTags.AUTHORIZER);
  };

  class DocumentsController {
    @authorize({allowedRoles: ['admin']})
    @socketMethod()
    @get('/remove')
    remove() {
      return 'removed';
    }

    @socketMethod()
    read() {
      return 'read';
    }

    @authorize.skip()
    @socketMethod()
    skipped() {
      return 'skipped';
    }

    @authorize.allowAuthenticated()
    @socketMethod()
    undecided() {
      return 'undecided';
    }

    @authorize({allowedRoles: ['admin']})
    @socketMethod()
    called(
      _socket: Socket,
      _credentials: Credentials,
      _args: unknown,
      cb: SocketCallback,
    ) {
      cb(null, 'called');
    }
  }

  it('allows what the authorizer allows, and denies the rest as REST does', async () => {
    await using given = await givenApp({
      controllers: [RoleController, DocumentsController],
      setup: withAuthorizer,
    });
    await using admin = await givenAuthenticated(given.server.url, {name: 'admin'});
    await using guest = await givenAuthenticated(given.server.url, {name: 'guest'});
    assert.deepEqual(await admin.call('remove'), {result: 'removed'});
    assert.deepEqual(await admin.call('called'), {result: 'called'});
    assert.deepEqual(await guest.call('called'), {error: DENIED});
    const {error} = await guest.call('remove');
    assert.deepEqual(error, DENIED);
    const rest = await given.app.getServer(RestServer);
    const response = await fetch(`${rest.url}/remove`);
    assert.equal(response.status, 403);
    // REST names it as any error.
    assert.deepEqual(await response.json(), {error: {...DENIED, name: 'Error'}});
    assert.deepEqual(given.logged, []);
  });

  it('lets pass what has no metadata or is skipped, and denies what nobody decides', async () => {
    await using given = await givenApp({
      controllers: [RoleController, DocumentsController],
      setup: withAuthorizer,
    });
    await using guest = await givenAuthenticated(given.server.url, {name: 'guest'});
    assert.deepEqual(await guest.call('read'), {result: 'read'});
    assert.deepEqual(await guest.call('skipped'), {result: 'skipped'});
    assert.deepEqual(await guest.call('undecided'), {error: DENIED});
  });

  it('asks voters, who see the call', async () => {
    const seen: unknown[] = [];
    const owner = async ({
      principals,
      resource,
      invocationContext,
    }: AuthorizationContext) => {
      const {args, source} = invocationContext;
      seen.push([resource, (source?.value as SocketCall).event, source?.type]);
      const {document} = args[2] as {document: string};
      const [{name}] = principals;
      return document === `${name}'s`
        ? AuthorizationDecision.ALLOW
        : AuthorizationDecision.DENY;
    };
    class VotedController {
      @authorize({voters: [owner]})
      @socketMethod('open')
      read(_socket: Socket, _credentials: Credentials, args: {document: string}) {
        return args.document;
      }

      @authorize({voters: ['voters.none']})
      @socketMethod()
      never() {
        return 'never';
      }
    }
    await using given = await givenApp({
      controllers: [RoleController, VotedController],
      setup: app => {
        app.component(AuthorizationComponent);
        app.bind('voters.none').to(async () => AuthorizationDecision.DENY);
      },
    });
    await using ann = await givenAuthenticated(given.server.url, {name: 'Ann'});
    assert.deepEqual(await ann.call('open', {document: "Ann's"}), {result: "Ann's"});
    assert.deepEqual(await ann.call('open', {document: "Bob's"}), {error: DENIED});
    assert.deepEqual(await ann.call('never'), {error: DENIED});
    const voted = ['VotedController.prototype.read', 'open', 'socket'];
    assert.deepEqual(seen, [voted, voted]);
  });

  it('refuses sockets on a connected handler', async () => {
    class MembersController extends RoleController {
      @authorize({allowedRoles: ['member']})
      @onSocketConnected()
      connected(socket: Socket) {
        socket.emit('welcomed');
      }
    }
    await using given = await givenApp({
      controllers: [MembersController],
      setup: withAuthorizer,
    });
    await using member = await givenAuthenticated(given.server.url, {name: 'member'});
    assert.deepEqual(member.names, ['connect', 'welcomed', 'authenticated']);
    await using guest = givenClient(given.server.url);
    guest.socket.emit('authentication', {name: 'guest'});
    assert.deepEqual(await guest.next('unauthorized'), {
      message: 'Access denied',
      statusCode: 403,
      code: 'AUTHENTICATION_FAILED',
    });
    assert.ok(!guest.names.includes('welcomed'));
  });

  it('knows no user where authentication gave no object', async () => {
    const seen: unknown[] = [];
    class TrueController {
      @socketAuth()
      authenticate() {
        return true;
      }

      @authorize({
        voters: [
          async ({principals}: AuthorizationContext) => {
            seen.push(principals);
            return AuthorizationDecision.ALLOW;
          },
        ],
      })
      @socketMethod()
      look() {
        return 'seen';
      }
    }
    await using given = await givenApp({
      controllers: [TrueController],
      setup: app => app.component(AuthorizationComponent) as unknown as void,
    });
    await using client = await givenAuthenticated(given.server.url);
    assert.deepEqual(await client.call('look'), {result: 'seen'});
    assert.deepEqual(seen, [[]]);
  });
});
