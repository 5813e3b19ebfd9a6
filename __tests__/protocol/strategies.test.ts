import {authenticate, AuthenticationComponent} from '@loopback/authentication';
import {AuthenticationBindings} from '@loopback/authentication';
import {inject} from '@loopback/core';
import type {Application} from '@loopback/core';
import {get, RestBindings} from '@loopback/rest';
import type {Request} from '@loopback/rest';
import {SecurityBindings} from '@loopback/security';
import type {UserProfile} from '@loopback/security';
import {
  onSocketConnected,
  onSocketDisconnected,
  socketAuth,
  socketMethod,
} from 'loopback4-socket';
import type {SocketAuthenticationOptions} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import assert from 'node:assert/strict';
import {it} from 'node:test';
import {givenApp} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';
import {describeSection} from '../helpers/section';
import {addTokenStrategy} from '../helpers/token-strategy';

class UserController {
  @socketMethod('whoAmI')
  whoAmI(@inject(SecurityBindings.USER) user: UserProfile) {
    return user.name;
  }
}

function givenStrategy(
  authentication: string | SocketAuthenticationOptions = 'token',
  setup: (app: Application) => void = () => undefined,
) {
  return givenApp({
    servers: {'': {authentication}},
    controllers: [UserController],
    setup: app => {
      addTokenStrategy(app);
      setup(app);
    },
  });
}

describeSection('By a strategy', options => {
  for (const credentials of ['ana', {token: 'ana'}, {token: 'ana', more: 1}]) {
    it(`reads the token in ${JSON.stringify(credentials)}`, async () => {
      await using given = await givenStrategy();
      await using client = await givenAuthenticated(
        given.server.url,
        credentials,
        options,
      );
      assert.deepEqual(await client.call('whoAmI'), {result: 'ana'});
    });
  }

  it('reads the token in handshake.auth', async () => {
    await using given = await givenStrategy();
    const auth = {token: 'ana'};
    await using client = givenClient(given.server.url, {...options, auth});
    await client.next('authenticated');
    assert.deepEqual(await client.call('whoAmI'), {result: 'ana'});
  });

  it('reads the headers of the handshake where there are no credentials', async () => {
    await using given = await givenStrategy();
    const extraHeaders = {authorization: 'Bearer ben'};
    await using client = await givenAuthenticated(given.server.url, null, {
      ...options,
      extraHeaders,
    });
    assert.deepEqual(await client.call('whoAmI'), {result: 'ben'});
    await using other = await givenAuthenticated(given.server.url, 'ana', {
      ...options,
      extraHeaders,
    });
    assert.deepEqual(await other.call('whoAmI'), {result: 'ana'});
  });

  const refusals: Record<string, [unknown, object]> = {
    'an expired token': [{token: 'expired'}, {message: 'The token has expired.'}],
    'no token': [
      {},
      {
        message: "User profile not returned from strategy's authenticate function",
        code: 'USER_PROFILE_NOT_FOUND',
      },
    ],
    'a token of another type': [
      {token: {name: 'ana'}},
      {
        message: "User profile not returned from strategy's authenticate function",
        code: 'USER_PROFILE_NOT_FOUND',
      },
    ],
  };
  for (const [title, [credentials, told]] of Object.entries(refusals)) {
    it(`refuses ${title}`, async () => {
      await using given = await givenStrategy();
      await using client = givenClient(given.server.url, options);
      client.socket.emit('authentication', credentials);
      assert.deepEqual(await client.next('unauthorized'), {
        statusCode: 401,
        code: 'AUTHENTICATION_FAILED',
        ...told,
      });
      assert.deepEqual(given.logged, []);
    });
  }

  it('refuses every client while the strategy is unknown, and logs that', async () => {
    await using given = await givenStrategy('jwt');
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', 'ana');
    assert.deepEqual(await client.next('unauthorized'), {
      statusCode: 401,
      code: 'AUTHENTICATION_STRATEGY_NOT_FOUND',
      message: "The strategy 'jwt' is not available.",
    });
    const [[error, statusCode, {handler}]] = given.logged;
    assert.match(String(error), /'jwt' is not available/);
    assert.equal(statusCode, 401);
    assert.equal(handler, 'authentication strategy "jwt"');
  });

  it('puts credentials where it is told to', async () => {
    const seen: unknown[] = [];
    await using given = await givenStrategy({
      strategy: 'token',
      applyCredentials: (request, {key}: {key: string}) => {
        request.headers.authorization = `Key ${key}`;
        request.query.key = key;
        seen.push(request.get('authorization'), request.path);
      },
    });
    await using client = await givenAuthenticated(
      given.server.url,
      {key: 'ana'},
      options,
    );
    assert.deepEqual(await client.call('whoAmI'), {result: 'ana'});
    assert.deepEqual(seen, ['Key ana', '/socket.io/']);
    const [socket] = (await given.server.io.fetchSockets()) as unknown as Socket[];
    const {request} = given.server.io.sockets.get(socket.id)!;
    assert.equal(request.headers.authorization, undefined);
    assert.equal((request as Request).query.key, undefined);
  });

  it('gives the strategy its options', async () => {
    let seen: unknown;
    await using given = await givenStrategy(
      {strategy: 'token', options: {scope: 'a'}},
      app => {
        app.bind(AuthenticationBindings.STRATEGY).toDynamicValue(async ({context}) => {
          seen = await context.get(AuthenticationBindings.METADATA);
          return {
            name: 'token',
            authenticate: () => Promise.resolve({name: 'own'} as UserProfile),
          };
        });
      },
    );
    await using client = await givenAuthenticated(given.server.url, 'x', options);
    assert.deepEqual(await client.call('whoAmI'), {result: 'own'});
    assert.deepEqual(seen, [{strategy: 'token', options: {scope: 'a'}}]);
  });

  it('renews, for the same user only', async () => {
    await using given = await givenStrategy();
    await using client = await givenAuthenticated(given.server.url, 'ana', options);
    assert.deepEqual(await client.call('authentication', 'ana:admin'), {result: true});
    const {error} = await client.call('authentication', 'ben');
    assert.deepEqual(error, {
      statusCode: 401,
      code: 'AUTHENTICATION_FAILED',
      message: 'The socket is another user’s. Connect again.',
    });
    assert.equal((await client.next('unauthorized')).statusCode, 401);
  });

  it('leaves no user on the application', async () => {
    await using given = await givenStrategy();
    await using client = await givenAuthenticated(given.server.url, 'ana', options);
    await client.call('whoAmI');
    for (const context of [given.app, given.server.context]) {
      for (const key of [
        SecurityBindings.USER,
        AuthenticationBindings.METADATA,
        AuthenticationBindings.AUTHENTICATION_REDIRECT_URL,
      ]) {
        const own = context.contains(key) && key !== AuthenticationBindings.METADATA;
        assert.equal(own, false, key.key);
      }
    }
  });
});

class GuardedController {
  static disconnected: string[] = [];

  @authenticate.skip()
  @socketAuth()
  authenticate(_socket: Socket, credentials: {token: string}) {
    return {from: 'socketAuth', name: 'socket', ...credentials};
  }

  @authenticate('token')
  @onSocketConnected()
  connected(
    socket: Socket,
    _credentials: unknown,
    @inject(SecurityBindings.USER) user: UserProfile,
  ) {
    socket.emit('hello', user.name);
  }

  @authenticate('other')
  @onSocketDisconnected()
  left(_socket: Socket, reason: string) {
    GuardedController.disconnected.push(reason);
  }

  @authenticate('token')
  @socketMethod('guarded')
  guarded(
    @inject(SecurityBindings.USER) user: UserProfile,
    @inject(RestBindings.Http.REQUEST) request: Request,
  ) {
    return [user.name, request.get('authorization')];
  }

  @socketMethod('open')
  open(@inject(SecurityBindings.USER) user: UserProfile) {
    return user.name;
  }
}

@authenticate('token')
class GuardedClass {
  @socketMethod('inGuardedClass')
  guarded(@inject(SecurityBindings.USER) user: UserProfile) {
    return user.name;
  }

  @authenticate.skip()
  @socketMethod('skipped')
  skipped(@inject(SecurityBindings.USER) user: UserProfile) {
    return user.name;
  }
}

function givenGuarded(setup: (app: Application) => void = addTokenStrategy) {
  return givenApp({controllers: [GuardedController, GuardedClass], setup});
}

describeSection('Authentication of single calls', options => {
  it('runs the strategy for each call, whatever authenticated the socket', async () => {
    await using given = await givenGuarded();
    await using client = await givenAuthenticated(
      given.server.url,
      {token: 'ana'},
      options,
    );
    assert.equal(await client.next('hello'), 'ana');
    assert.deepEqual(await client.call('guarded'), {result: ['ana', 'Bearer ana']});
    assert.deepEqual(await client.call('inGuardedClass'), {result: 'ana'});
    assert.deepEqual(await client.call('open'), {result: 'socket'});
    assert.deepEqual(await client.call('skipped'), {result: 'socket'});
  });

  it('refuses the calls once the strategy does', async () => {
    await using given = await givenGuarded();
    await using client = await givenAuthenticated(
      given.server.url,
      {token: 'ana'},
      options,
    );
    assert.deepEqual(await client.call('authentication', {token: 'expired'}), {
      result: true,
    });
    for (const name of ['guarded', 'inGuardedClass']) {
      assert.deepEqual(await client.call(name), {
        error: {
          statusCode: 401,
          name: 'UnauthorizedError',
          message: 'The token has expired.',
        },
      });
    }
    assert.deepEqual(await client.call('open'), {result: 'socket'});
    assert.deepEqual(given.logged, []);
  });

  it('refuses a socket whose connected handler it refuses', async () => {
    await using given = await givenGuarded();
    await using client = givenClient(given.server.url, options);
    client.socket.emit('authentication', {token: 'expired'});
    assert.equal((await client.next('unauthorized')).message, 'The token has expired.');
  });

  it('runs disconnected handlers without permission', async () => {
    GuardedController.disconnected.length = 0;
    await using given = await givenGuarded();
    {
      await using _client = await givenAuthenticated(
        given.server.url,
        {token: 'a'},
        options,
      );
    }
    await given.app.stop();
    assert.equal(GuardedController.disconnected.length, 1);
  });

  it('follows the default of the component', async () => {
    await using given = await givenGuarded(app => {
      app
        .configure(AuthenticationBindings.COMPONENT)
        .to({defaultMetadata: [{strategy: 'token'}]});
      addTokenStrategy(app);
    });
    await using client = await givenAuthenticated(
      given.server.url,
      {token: 'ana'},
      options,
    );
    assert.deepEqual(await client.call('open'), {result: 'ana'});
    assert.deepEqual(await client.call('skipped'), {result: 'socket'});
  });

  it('fails each call of a reference that nothing authenticates', async () => {
    class Late {
      @authenticate('token')
      guarded() {
        return 1;
      }
    }
    await using given = await givenApp({
      controllers: [Late],
      servers: {'': {anonymous: true}},
      setup: () => undefined,
    });
    given.server.defineMethod('guarded', {model: Late, method: 'guarded'});
    await using client = await givenAuthenticated(given.server.url, 1, options);
    assert.equal((await client.call('guarded')).error.statusCode, 500);
    assert.match(String(given.logged[0][0]), /Late.guarded carries @authenticate/);
    given.app.component(AuthenticationComponent);
    assert.equal((await client.call('guarded')).error.statusCode, 401);
  });

  it('is the same over REST', async () => {
    class Both {
      @authenticate('token')
      @get('/both')
      @socketMethod('both')
      both(@inject(SecurityBindings.USER) user: UserProfile) {
        return {name: user.name};
      }
    }
    await using given = await givenApp({
      controllers: [Both],
      servers: {'': {authentication: 'token'}},
      setup: addTokenStrategy,
    });
    await using client = await givenAuthenticated(
      given.server.url,
      {token: 'ana'},
      options,
    );
    const response = await fetch(`${given.server.url}/both`, {
      headers: {authorization: 'Bearer ana'},
    });
    assert.deepEqual(await client.call('both'), {result: await response.json()});
  });
});
