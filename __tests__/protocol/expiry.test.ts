import {authenticate, AuthenticationComponent} from '@loopback/authentication';
import {
  JWTAuthenticationComponent,
  TokenServiceBindings,
} from '@loopback/authentication-jwt';
import {securityId} from '@loopback/security';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {socketAuth, SocketServer} from 'loopback4-socket';
import type {ApplyCredentials, SocketServerOptions} from 'loopback4-socket';
import {givenApp} from '../helpers/app';
import type {GivenApp} from '../helpers/app';
import {givenAuthenticated, givenClient} from '../helpers/client';
import type {ClientOptions, TestClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {RawClient} from '../helpers/raw-client';
import {describeFrames, describeSection} from '../helpers/section';
import {givenServer} from '../helpers/server';
import {addTokenStrategy} from '../helpers/token-strategy';

/** The claims of a client: its id, and its end. */
interface Claim {
  id?: string;
  /** ms from now. */
  for?: number;
  [property: string]: unknown;
}

/** The largest delay of the end, in ms. */
const TOLERANCE = 250;

const EXPIRED = {
  message: 'The authentication has expired.',
  statusCode: 401,
  code: 'AUTHENTICATION_EXPIRED',
};

/** Believes what clients claim. */
function givenExpiring(
  define: (server: SocketServer) => void = () => undefined,
  options: SocketServerOptions = {},
): Promise<GivenApp> {
  return givenServer(
    server => {
      server.auth((_socket, claim: Claim) => ({
        ...claim,
        [securityId]: claim.id,
        ...(claim.for !== undefined && {expiresAt: Date.now() + claim.for}),
      }));
      server.defineMethod('ping', () => 'pong');
      define(server);
    },
    {expiryNotice: 100, ...options},
  );
}

/** An authenticated client of a server with a short time limit, which a busy machine may exceed. */
async function givenInTime(
  url: string | undefined,
  credentials: unknown,
  options: ClientOptions,
): Promise<TestClient> {
  for (;;) {
    const client = givenClient(url, options);
    const isInTime = await Promise.race([
      client.authenticate(credentials).then(() => true),
      client.next('unauthorized').then(() => false),
    ]);
    if (isInTime) return client;
    await client[Symbol.asyncDispose]();
  }
}

describeSection('Expiry', options => {
  it('ends in `unauthorized`, at its time', async () => {
    await using given = await givenExpiring();
    const began = Date.now();
    await using client = await givenAuthenticated(given.server.url, {for: 300}, options);
    assert.deepEqual(await client.next('unauthorized'), EXPIRED);
    const took = Date.now() - began;
    assert.ok(took >= 300 && took < 300 + TOLERANCE, `${took} ms`);
    assert.equal(await client.next('disconnect'), 'io server disconnect');
  });

  const times: Record<string, (at: number) => object> = {
    'expiresAt, in ms': at => ({expiresAt: at}),
    'exp of a JWT, in s': at => ({exp: at / 1000}),
    'expiresAt rather than exp': at => ({expiresAt: at, exp: 1}),
    'exp where expiresAt is null': at => ({expiresAt: null, exp: at / 1000}),
  };
  for (const [title, claim] of Object.entries(times)) {
    it(`is read from the user’s ${title}`, async () => {
      await using given = await givenExpiring();
      const at = Date.now() + 300;
      await using client = await givenAuthenticated(given.server.url, claim(at), options);
      assert.deepEqual(await client.next('expiring'), {expiresAt: at});
      assert.deepEqual(await client.next('unauthorized'), EXPIRED);
    });
  }

  it('is what expiresAt says of the user and the socket', async () => {
    const at = new Date(Date.now() + 300);
    const asked: unknown[] = [];
    await using given = await givenExpiring(undefined, {
      expiresAt: async (user, socket) => {
        asked.push([user.name, socket.id]);
        return at;
      },
    });
    await using client = await givenAuthenticated(
      given.server.url,
      {name: 'ana', exp: 1},
      options,
    );
    assert.deepEqual(asked, [['ana', client.socket.id]]);
    assert.deepEqual(await client.next('expiring'), {expiresAt: at.getTime()});
    assert.deepEqual(await client.next('unauthorized'), EXPIRED);
  });

  const never: Record<string, (() => unknown) | undefined> = {
    'nothing says when': undefined,
    'expiresAt says undefined': () => undefined,
    'expiresAt says null': () => null,
    'expiresAt is further away than a timer can wait': () => Date.now() + 2 ** 40,
    'expiresAt is Infinity': () => Infinity,
  };
  for (const [title, expiresAt] of Object.entries(never)) {
    it(`never comes where ${title}`, async () => {
      await using given = await givenExpiring(undefined, {
        timeout: 100,
        ...(expiresAt && {expiresAt: expiresAt as () => number}),
      });
      await using client = await givenInTime(given.server.url, {}, options);
      await using other = givenClient(given.server.url, options);
      await other.next('unauthorized');
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
      assert.equal(client.names.includes('expiring'), false);
    });
  }

  it('that is over already fails the authentication', async () => {
    await using given = await givenExpiring();
    await using client = givenClient(given.server.url, options);
    const reply = await client.call('authentication', {for: -1});
    assert.deepEqual(reply, {error: EXPIRED});
    assert.deepEqual(await client.next('unauthorized'), EXPIRED);
    assert.equal(client.names.includes('authenticated'), false);
    assert.deepEqual(given.logged, []);
  });

  const future = () => Date.now() + 60_000;
  const noTimes: Record<string, [claim: () => object, message: RegExp]> = {
    'expiresAt that is a string': [
      () => ({expiresAt: new Date(future()).toISOString()}),
      /^expiresAt must be a number of ms/,
    ],
    'expiresAt that is NaN': [() => ({expiresAt: NaN}), /^expiresAt must be/],
    'expiresAt that is an invalid Date': [
      () => ({expiresAt: new Date(NaN)}),
      /^expiresAt must be/,
    ],
    'expiresAt that is true': [() => ({expiresAt: true}), /^expiresAt must be/],
    'expiresAt that is an object': [
      () => ({expiresAt: {valueOf: future}}),
      /^expiresAt must be/,
    ],
    'exp that is a string': [
      () => ({exp: String(future() / 1000)}),
      /^exp must be a number of s/,
    ],
    'exp that is a Date': [() => ({exp: new Date(future())}), /^exp must be/],
    'exp that is NaN': [() => ({exp: NaN}), /^exp must be/],
  };
  for (const [title, [claim, message]] of Object.entries(noTimes)) {
    for (const by of ['the user', 'the option']) {
      if (by === 'the option' && title.startsWith('exp ')) continue;
      it(`by ${by} of an ${title} fails the authentication, and is logged`, async () => {
        await using given = await givenServer(
          server => server.auth(() => (by === 'the user' ? claim() : {name: 'ana'})),
          by === 'the user'
            ? {}
            : {expiresAt: () => (claim() as {expiresAt: number}).expiresAt},
        );
        await using client = givenClient(given.server.url, options);
        const {error} = await client.call('authentication', {});
        assert.equal(error.code, 'AUTHENTICATION_FAILED');
        assert.match((given.logged[0][0] as Error).message, message);
        assert.equal(given.logged.length, 1);
      });
    }
  }

  it('of a token that is no time fails the authentication, and is logged', async () => {
    await using given = await givenStrategy();
    await using client = givenClient(given.server.url, options);
    const token = tokenOf({exp: String(secondsFromNow(60))});
    const {error} = await client.call('authentication', token);
    assert.equal(error.code, 'AUTHENTICATION_FAILED');
    assert.match((given.logged[0][0] as Error).message, /^exp must be/);
  });

  it('has come for a call that waits, and for a renewal under way, whatever timers do', async t => {
    const gates: Gate[] = [];
    const hold = () => {
      const gate = new Gate();
      gates.push(gate);
      return gate.opened;
    };
    for (const what of ['call', 'renewal'] as const) {
      const ran: string[] = [];
      await using given = await givenServer(server => {
        server.auth(async (_socket, {slow}: {slow?: boolean}) => {
          if (slow) await hold();
          return {expiresAt: Date.now() + (slow ? 10_000_000 : 3_600_000)};
        });
        server.onConnected(socket => {
          socket.use((_packet, next) => void hold().then(() => next()));
        });
        server.defineMethod('ping', () => ran.push('ping'));
      });
      await using client = await givenAuthenticated(given.server.url, {}, options);
      const reply =
        what === 'call'
          ? client.call('ping')
          : client.call('authentication', {slow: true});
      while (gates.length === 0) await new Promise(setImmediate);
      const clock = t.mock.method(Date, 'now', sleptFor(7_200_000));
      gates.pop()?.open();
      assert.equal((await reply).error.code, 'AUTHENTICATION_EXPIRED');
      assert.deepEqual(await client.next('unauthorized'), EXPIRED);
      assert.deepEqual(ran, []);
      clock.mock.restore();
    }
  });

  it('does not come before an authentication that takes longer', async () => {
    await using given = await givenExpiring(server => {
      server.onConnected(async () => new Promise(resolve => setTimeout(resolve, 150)));
    });
    await using client = givenClient(given.server.url, options);
    const {error} = await client.call('authentication', {for: 50});
    assert.deepEqual(error, EXPIRED);
    assert.equal(client.names.includes('authenticated'), false);
  });

  it('answers calls in flight', async () => {
    const gate = new Gate();
    await using given = await givenExpiring(server =>
      server.defineMethod('slow', () => gate.opened),
    );
    await using client = await givenAuthenticated(given.server.url, {for: 200}, options);
    const {error} = await client.call('slow');
    assert.equal(error.code, 'AUTHENTICATION_EXPIRED');
    gate.open();
    await client.next('disconnect');
  });

  it('is put off by a renewal, with calls in flight and rooms', async () => {
    const gate = new Gate();
    let connected = 0;
    await using given = await givenExpiring(server => {
      server.onConnected(async socket => {
        connected++;
        await socket.join('room');
      });
      server.defineMethod('slow', async () => {
        await gate.opened;
        return 'done';
      });
      server.defineMethod('who', (_socket, {name}: Claim) => name);
    });
    await using client = await givenAuthenticated(
      given.server.url,
      {for: 400, name: 'ana'},
      options,
    );
    const slow = client.call('slow');
    await client.next('expiring');
    const renewed = await client.call('authentication', {for: 600, name: 'eva'});
    assert.deepEqual(renewed, {result: true});
    assert.deepEqual(await client.call('who'), {result: 'eva'});
    // The second notice shows that the first end has passed.
    await client.next('expiring');
    gate.open();
    assert.deepEqual(await slow, {result: 'done'});
    given.server.to('room').emit('news', 1);
    assert.equal(await client.next('news'), 1);
    assert.equal(connected, 1);
    assert.deepEqual(await client.next('unauthorized'), EXPIRED);
  });

  it('may be taken away by a renewal', async () => {
    await using given = await givenExpiring(undefined, {timeout: 300});
    await using client = await givenAuthenticated(given.server.url, {for: 200}, options);
    assert.deepEqual(await client.call('authentication', {}), {result: true});
    await using late = givenClient(given.server.url, options);
    await late.next('unauthorized');
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
  });

  it('comes while a renewal is under way, whose result is discarded', async () => {
    const gate = new Gate();
    await using given = await givenExpiring(server => {
      server.auth(async (_socket, claim: Claim) => {
        if (claim.slow) await gate.opened;
        return {expiresAt: Date.now() + 200};
      });
    });
    await using client = await givenAuthenticated(given.server.url, {}, options);
    const renewal = client.call('authentication', {slow: true});
    assert.deepEqual(await client.next('unauthorized'), EXPIRED);
    assert.deepEqual(await renewal, {error: EXPIRED});
    gate.open();
    assert.equal(await client.next('disconnect'), 'io server disconnect');
  });
});

/** A JSON Web Token that no strategy of these tests verifies. */
function tokenOf(claims: unknown): string {
  const part = (value: unknown) =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({alg: 'HS256'})}.${part(claims)}.c2lnbmF0dXJl`;
}

/** A strategy that accepts every request; the user is what it is given. */
function givenStrategy(
  options: SocketServerOptions = {},
  user: object = {},
): Promise<GivenApp> {
  return givenApp({
    servers: {'': {authentication: 'token', expiryNotice: 60_000, ...options}},
    setup: app => {
      addTokenStrategy(app, () => Promise.resolve({[securityId]: '1', ...user}));
      SocketServer.get(app).defineMethod('ping', () => 'pong');
    },
  });
}

/** The time on the clock of a machine that has slept. */
function sleptFor(ms: number): () => number {
  const now = Date.now.bind(Date);
  return () => now() + ms;
}

/** Seconds from now, as in a token. */
const secondsFromNow = (seconds: number) => Date.now() / 1000 + seconds;

describeSection('Expiry', options => {
  const ways: Record<
    string,
    (token: string) => {credentials: unknown; headers?: object; apply?: ApplyCredentials}
  > = {
    'the credentials': token => ({credentials: token}),
    'the credentials’ token': token => ({credentials: {token}}),
    'the handshake’s header': token => ({
      credentials: null,
      headers: {authorization: `bearer ${token}`},
    }),
    'what applyCredentials is given': token => ({
      credentials: {jwt: token},
      apply: (request, {jwt}: {jwt: string}) => {
        request.headers.authorization = `Bearer ${jwt}`;
      },
    }),
  };
  for (const [title, way] of Object.entries(ways)) {
    it(`is that of a token that a strategy has accepted, in ${title}`, async () => {
      const exp = secondsFromNow(0.5);
      const {credentials, headers, apply} = way(tokenOf({exp}));
      await using given = await givenStrategy({
        authentication: {strategy: 'token', ...(apply && {applyCredentials: apply})},
      });
      await using client = await givenAuthenticated(given.server.url, credentials, {
        ...options,
        ...(headers && {extraHeaders: headers as Record<string, string>}),
      });
      assert.deepEqual(await client.next('expiring'), {expiresAt: exp * 1000});
      assert.deepEqual(await client.next('unauthorized'), EXPIRED);
    });
  }

  it('is that of a token that a strategy has accepted on @authenticate', async () => {
    class AdminController {
      @authenticate('token')
      @socketAuth()
      authenticate() {
        return {name: 'ana'};
      }
    }
    await using given = await givenApp({
      controllers: [AdminController],
      setup: app => addTokenStrategy(app, () => Promise.resolve({[securityId]: '1'})),
    });
    const exp = secondsFromNow(0.5);
    const token = tokenOf({exp});
    await using client = await givenAuthenticated(given.server.url, token, options);
    assert.deepEqual(await client.next('expiring'), {expiresAt: exp * 1000});
  });

  for (const [title, own, claim, expected] of [
    ['the token’s where that is earlier', 1, 0.5, 0.5],
    ['the user’s where that is earlier', 0.5, 1, 0.5],
  ] as const) {
    it(`is ${title}`, async () => {
      const now = secondsFromNow(0);
      await using given = await givenStrategy({}, {exp: now + own});
      const token = tokenOf({exp: now + claim});
      await using client = await givenAuthenticated(given.server.url, token, options);
      const {expiresAt} = await client.next('expiring');
      assert.equal(expiresAt, (now + expected) * 1000);
    });
  }

  it('that is over already fails the authentication, though a strategy accepts the token', async () => {
    await using given = await givenStrategy();
    await using client = givenClient(given.server.url, options);
    const reply = await client.call('authentication', tokenOf({exp: secondsFromNow(-1)}));
    assert.deepEqual(reply, {error: EXPIRED});
  });

  it('of a token is put off by a renewal with another', async () => {
    await using given = await givenStrategy();
    const first = tokenOf({exp: secondsFromNow(0.5)});
    await using client = await givenAuthenticated(given.server.url, first, options);
    await client.next('expiring');
    const exp = secondsFromNow(1);
    assert.deepEqual(await client.call('authentication', tokenOf({exp})), {result: true});
    assert.deepEqual(await client.next('expiring'), {expiresAt: exp * 1000});
    assert.deepEqual(await client.next('unauthorized'), EXPIRED);
  });

  const lasting: Record<string, [token: string, options?: SocketServerOptions]> = {
    'the option expiresAt says otherwise': [
      tokenOf({exp: 1}),
      {expiresAt: () => undefined},
    ],
    'the token has none': [tokenOf({})],
    'the token’s payload is no object': [tokenOf(null)],
    'the token only looks like a JSON Web Token': ['any.thing.else'],
    'the token is of another kind': ['k-17'],
  };
  for (const [title, [token, more]] of Object.entries(lasting)) {
    it(`never comes with a strategy where ${title}`, async () => {
      await using given = await givenStrategy({timeout: 100, ...more});
      await using client = await givenInTime(given.server.url, token, options);
      await using other = givenClient(given.server.url, options);
      await other.next('unauthorized');
      assert.deepEqual(await client.call('ping'), {result: 'pong'});
      assert.equal(client.names.includes('expiring'), false);
    });
  }
});

describe('the strategy of @loopback/authentication-jwt', () => {
  it('ends an authentication with its token', async () => {
    await using given = await givenApp({
      servers: {'': {authentication: 'jwt', expiryNotice: 60_000}},
      setup: app => {
        app.component(AuthenticationComponent);
        app.component(JWTAuthenticationComponent);
        app.bind(TokenServiceBindings.TOKEN_SECRET).to('a secret of the test');
        app.bind(TokenServiceBindings.TOKEN_EXPIRES_IN).to('2');
        SocketServer.get(app).defineMethod('ping', () => 'pong');
      },
    });
    const service = await given.app.get(TokenServiceBindings.TOKEN_SERVICE);
    const token = await service.generateToken({[securityId]: '1', name: 'Ana'});
    await using client = await givenAuthenticated(given.server.url, {token});
    const {expiresAt} = await client.next('expiring');
    const [, payload] = token.split('.');
    const {exp} = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
      exp: number;
    };
    assert.equal(expiresAt, exp * 1000);
    assert.deepEqual(await client.next('unauthorized'), EXPIRED);
  });
});

describeSection('expiring', options => {
  it('is sent ahead of the end, and renewing there keeps the socket', async () => {
    await using given = await givenExpiring(undefined, {expiryNotice: 200});
    const began = Date.now();
    await using client = await givenAuthenticated(given.server.url, {for: 500}, options);
    const {expiresAt} = await client.next('expiring');
    const left = expiresAt - Date.now();
    assert.ok(left > 0 && left <= 210, `${left} ms`);
    assert.ok(expiresAt >= began + 500);
    assert.deepEqual(await client.call('authentication', {}), {result: true});
  });

  it('is not sent before half of the time is over', async () => {
    await using given = await givenExpiring(undefined, {expiryNotice: 60_000});
    const began = Date.now();
    await using client = await givenAuthenticated(given.server.url, {for: 400}, options);
    await client.next('expiring');
    assert.ok(Date.now() - began >= 195);
  });
});

describeSection('Revocation', options => {
  it('ends all of the user’s sockets and answers what they have in flight', async () => {
    const gate = new Gate();
    await using given = await givenExpiring(server =>
      server.defineMethod('slow', () => gate.opened),
    );
    const {url} = given.server;
    await using one = await givenAuthenticated(url, {id: '1'}, options);
    await using two = await givenAuthenticated(url, {id: '1'}, options);
    await using other = await givenAuthenticated(url, {id: '2'}, options);
    const calls = [one.call('slow'), two.call('slow')];
    await Promise.all([one.call('ping'), two.call('ping')]);
    const began = performance.now();
    given.server.disconnectUser('1');
    const revoked = {
      message: 'Disconnected by the server.',
      statusCode: 401,
      code: 'AUTHENTICATION_REVOKED',
    };
    for (const client of [one, two]) {
      assert.deepEqual(await client.next('unauthorized'), revoked);
      assert.equal(await client.next('disconnect'), 'io server disconnect');
    }
    assert.ok(performance.now() - began < TOLERANCE);
    for (const call of calls) {
      assert.equal((await call).error.code, 'AUTHENTICATION_REVOKED');
    }
    assert.deepEqual(await other.call('ping'), {result: 'pong'});
    gate.open();
  });

  it('refuses what any socket has in flight that the server disconnects', async () => {
    const gate = new Gate();
    await using given = await givenExpiring(server =>
      server.defineMethod('slow', () => gate.opened),
    );
    await using client = await givenAuthenticated(given.server.url, {}, options);
    const call = client.call('slow');
    await client.call('ping');
    given.server.io.disconnectSockets();
    assert.equal((await call).error.code, 'AUTHENTICATION_REVOKED');
    gate.open();
    await client.next('disconnect');
  });
});

describeFrames('Expiry', () => {
  // A client of socket.io's in the same process would find that its own pings are late.
  for (const [title, frame] of [
    ['a call', '421["ping"]'],
    ['a call of a listener', '421["heard"]'],
    ['a call of nothing', '421["nothing"]'],
    ['a renewal', '421["authentication",{}]'],
  ]) {
    it(`has come for ${title} after the machine has slept, whatever timers do`, async t => {
      const ran: string[] = [];
      await using given = await givenExpiring(server => {
        server.defineMethod('ping', () => ran.push('ping'));
        server.onConnected(socket => void socket.on('heard', () => ran.push('heard')));
      });
      await using client = await RawClient.join(given.server.url);
      await client.send('42["authentication",{"for":3600000}]');
      assert.equal(await client.next(), '42["authenticated",true]');
      t.mock.method(Date, 'now', sleptFor(7_200_000));
      await client.send(frame);
      const {error} = (await client.answerTo(1)) as {error: {code: string}};
      assert.equal(error.code, 'AUTHENTICATION_EXPIRED');
      assert.equal(await client.next(), `42["unauthorized",${JSON.stringify(EXPIRED)}]`);
      assert.deepEqual(ran, []);
    });
  }
});

describeFrames('Revocation', () => {
  it('answers acks before `unauthorized`, as every refusal does', async () => {
    const gate = new Gate();
    await using given = await givenExpiring(server => {
      server.auth((_socket, {id, slow}: Claim) =>
        slow ? gate.opened : {[securityId]: id},
      );
      server.defineMethod('slow', () => gate.opened);
    });
    await using client = await RawClient.join(given.server.url);
    await client.send('42["authentication",{"id":"1"}]');
    assert.equal(await client.next(), '42["authenticated",true]');
    await client.send(
      '421["slow"]',
      '422["authentication",{"slow":true}]',
      '423["ping"]',
    );
    assert.equal(await client.answerTo(3).then(Boolean), true);
    given.server.disconnectUser('1');
    const starts: (string | undefined)[] = [];
    while (starts.length < 4) starts.push((await client.next())?.slice(0, 7));
    assert.deepEqual(starts.slice(0, 2).sort(), ['431[{"e', '432[{"e']);
    assert.deepEqual(starts.slice(2), ['42["una', '41']);
    gate.open();
  });
});
