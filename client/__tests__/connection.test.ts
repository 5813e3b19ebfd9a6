import type {ClientState} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {Gate} from '../../__tests__/helpers/gate';
import {Queue} from '../../__tests__/helpers/queue';
import {givenServer} from '../../__tests__/helpers/server';
import {givenBelieving} from './helpers/believing';
import type {Claim} from './helpers/believing';
import {failureOf, givenClient, TRANSPORTS} from './helpers/client';

const BACK: ClientState[] = [
  'disconnected',
  'connecting',
  'authenticating',
  'authenticated',
];

const LOST = {statusCode: 503, code: 'DISCONNECTED', sent: true};

for (const transport of TRANSPORTS) {
  const over = {io: {transports: [transport]}};

  describe(`A client over ${transport}`, () => {
    it('comes back after a lost connection; calls without an id fail, others run once', async () => {
      await using tested = await givenBelieving();
      const {given, called, gate} = tested;
      await using one = givenClient(given.server.url, {credentials: {id: 'a'}, ...over});
      const {client} = one;
      const plain = client.call.slow('plain');
      const once = client.call.slow('once', {id: true});
      assert.deepEqual([await called.next(), await called.next()], ['plain', 'once']);
      for (const {conn} of given.server.io.sockets.values()) conn.close();
      assert.deepEqual(await failureOf(plain), LOST);
      const waiting = client.call.ping();
      assert.equal(await waiting, 'pong');
      gate.open();
      assert.equal(await once, 'done');
      assert.equal(called.size, 0);
      assert.deepEqual(one.states.slice(4), BACK);
    });

    it('is back after a restart of the server, and calls made meanwhile are answered', async () => {
      await using tested = await givenBelieving({}, {drainTimeout: 0});
      const {given, called} = tested;
      await using one = givenClient(given.server.url, over);
      const cut = one.client.call.slow();
      await called.next();
      const stopped = given.app.stop();
      assert.deepEqual(await failureOf(cut), {
        statusCode: 503,
        code: 'SHUTTING_DOWN',
        sent: true,
      });
      await stopped;
      await one.until('disconnected');
      const waiting = one.client.call.ping();
      await given.app.start();
      assert.equal(await waiting, 'pong');
      assert.equal(one.client.error, undefined);
    });

    it('of a server that drains gets its answers, and keeps new calls for the next connection', async () => {
      await using tested = await givenBelieving({}, {drainTimeout: 10_000});
      const {given, called, gate} = tested;
      const draining = new Gate();
      await using one = givenClient(given.server.url, over);
      const {client} = one;
      client.on('draining', () => draining.open());
      const running = client.call.slow();
      await called.next();
      const stopped = given.app.stop();
      await draining.opened;
      const kept = client.call.ping();
      gate.open();
      assert.equal(await running, 'done');
      await stopped;
      await given.app.start();
      assert.equal(await kept, 'pong');
    });

    it('is unauthorized with wrong credentials: its calls fail, and it does not try again', async () => {
      await using tested = await givenBelieving();
      const {given, claims} = tested;
      const credentials = {status: 403};
      await using one = givenClient(given.server.url, {credentials, ...over});
      const {client} = one;
      const refused = {statusCode: 403, code: 'AUTHENTICATION_FAILED', sent: false};
      assert.deepEqual(await failureOf(client.call.ping()), refused);
      assert.equal(client.state, 'unauthorized');
      assert.equal(client.error?.statusCode, 403);
      assert.deepEqual(await failureOf(client.call.ping()), refused);
      assert.deepEqual(await failureOf(client.connect()), refused);
      assert.deepEqual(claims, [credentials, credentials]);
      await client.authenticate({id: 'a'});
      assert.equal(await client.call.ping(), 'pong');
      assert.equal(client.error, undefined);
    });

    for (const status of [408, 429, 503]) {
      it(`comes back by itself when it is refused with ${status}`, async () => {
        await using tested = await givenBelieving();
        const {given, claims} = tested;
        const credentials = () => (claims.length < 3 ? {status} : {});
        await using one = givenClient(given.server.url, {credentials, ...over});
        assert.equal(await one.client.call.ping(), 'pong');
        assert.equal(claims.length, 4);
        assert.equal(one.states.includes('unauthorized'), false);
        assert.equal(one.states.filter(state => state === 'authenticating').length, 4);
      });
    }

    it('comes back by itself when the server is too slow to check its credentials', async () => {
      let attempts = 0;
      await using given = await givenServer(
        server => {
          server.auth(() => (++attempts < 3 ? new Promise(() => undefined) : true));
          server.defineMethod('ping', () => 'pong');
        },
        {timeout: 30},
      );
      await using one = givenClient(given.server.url, over);
      assert.equal(await one.client.call.ping(), 'pong');
      assert.equal(attempts, 3);
    });

    it('comes back by itself when its own credentials take too long', async () => {
      await using tested = await givenBelieving({timeout: 30});
      const {given, claims} = tested;
      const asked = new Queue<string>();
      const ready = new Gate();
      await using one = givenClient(given.server.url, {
        ...over,
        credentials: async reason => {
          asked.push(reason);
          await ready.opened;
          return {id: 'a'};
        },
      });
      const call = one.client.call.ping();
      await one.until('authenticating');
      await one.until('authenticating');
      assert.equal(one.client.error?.code, 'AUTHENTICATION_TIMEOUT');
      ready.open();
      assert.equal(await call, 'pong');
      assert.deepEqual(new Set(claims.map(({id}) => id)), new Set(['a']));
      assert.ok(asked.size <= 2);
    });

    it('renews on the live connection, before its authentication ends', async () => {
      await using tested = await givenBelieving();
      const {given, claims, called, gate} = tested;
      const reasons: string[] = [];
      const renewed = new Gate();
      await using one = givenClient(given.server.url, {
        ...over,
        credentials: async reason => {
          reasons.push(reason);
          if (reasons.length === 3) renewed.open();
          return {id: 'a', for: reasons.length < 3 ? 200 : 60_000};
        },
      });
      const running = one.client.call.slow();
      await called.next();
      await renewed.opened;
      assert.equal(await one.client.call.ping(), 'pong');
      gate.open();
      assert.equal(await running, 'done');
      assert.deepEqual(reasons, ['connect', 'expiring', 'expiring']);
      assert.equal(claims.length, 3);
      assert.equal(given.server.io.sockets.size, 1);
      assert.deepEqual(one.states.slice(-1), ['authenticated']);
      assert.equal(one.states.length, 4);
    });

    it('tries a renewal again that the server could not check', async () => {
      await using tested = await givenBelieving();
      const answers: Claim[] = [
        {id: 'a', for: 2000},
        {status: 503},
        {status: 503},
        {id: 'a', for: 60_000},
      ];
      const {given, claims} = tested;
      const third = new Gate();
      await using one = givenClient(given.server.url, {
        ...over,
        credentials: () => {
          if (answers.length === 1) third.open();
          return answers.shift();
        },
      });
      await one.client.connect();
      given.server.io.emit('expiring', {expiresAt: Date.now() + 1000});
      await third.opened;
      assert.equal(await one.client.call.ping(), 'pong');
      assert.equal(claims.length, 4);
      assert.equal(one.states.length, 4);
    });

    it('that is a value is not sent again before its authentication ends', async () => {
      await using tested = await givenBelieving();
      const {given, claims} = tested;
      await using one = givenClient(given.server.url, {
        ...over,
        credentials: {id: 'a', for: 200},
      });
      await one.client.connect();
      await one.until('unauthorized');
      assert.equal(claims.length, 1);
      assert.equal(one.client.error?.code, 'AUTHENTICATION_EXPIRED');
    });

    it('that has expired comes back once with fresh credentials', async () => {
      await using tested = await givenBelieving({expiryNotice: 0});
      const {given} = tested;
      const reasons: string[] = [];
      await using one = givenClient(given.server.url, {
        ...over,
        credentials: reason => {
          reasons.push(reason);
          return reason === 'expiring' ? {id: 'a'} : {id: 'a', for: 100};
        },
      });
      const once = one.client.call.slow({}, {id: true});
      await tested.called.next();
      const plain = one.client.call.slow();
      await tested.called.next();
      const {sent, code} = (await failureOf(plain)) as {sent: boolean; code: string};
      assert.deepEqual([code, sent], ['AUTHENTICATION_EXPIRED', true]);
      // Over polling, the event that ends the connection comes after the answer.
      await one.until('disconnected');
      assert.equal(await one.client.call.ping(), 'pong');
      tested.gate.open();
      assert.equal(await once, 'done');
      // The server may have announced the end, too late for a renewal.
      assert.deepEqual(new Set(reasons), new Set(['connect', 'expiring']));
      assert.deepEqual(one.states.slice(4), BACK);
    });

    it('whose fresh credentials have expired too is unauthorized', async () => {
      await using tested = await givenBelieving();
      const {given, claims} = tested;
      const expired = {statusCode: 401, code: 'AUTHENTICATION_EXPIRED', sent: false};
      for (const credentials of [() => ({for: -1}), {for: -1}]) {
        await using one = givenClient(given.server.url, {...over, credentials});
        assert.deepEqual(await failureOf(one.client.call.ping()), expired);
        assert.equal(one.client.state, 'unauthorized');
        assert.equal(claims.splice(0).length, typeof credentials === 'function' ? 2 : 1);
      }
    });

    it('that is revoked is unauthorized; its calls fail with that', async () => {
      await using tested = await givenBelieving();
      const {given, called} = tested;
      await using one = givenClient(given.server.url, {credentials: {id: 'a'}, ...over});
      const calls = [one.client.call.slow(), one.client.call.slow({}, {id: true})];
      await called.next();
      await called.next();
      given.server.disconnectUser('a');
      const revoked = {statusCode: 401, code: 'AUTHENTICATION_REVOKED', sent: true};
      for (const call of calls) assert.deepEqual(await failureOf(call), revoked);
      await one.until('unauthorized');
      assert.equal(one.client.state, 'unauthorized');
      assert.equal(one.client.error?.code, 'AUTHENTICATION_REVOKED');
    });
  });
}

describe('Credentials', () => {
  it('are asked for once at a time', async () => {
    await using tested = await givenBelieving();
    const ready = new Gate();
    let asked = 0;
    await using one = givenClient(tested.given.server.url, {
      credentials: async () => {
        asked++;
        await ready.opened;
        return {id: 'a'};
      },
    });
    void one.client.connect();
    await one.until('authenticating');
    for (const {conn} of tested.given.server.io.sockets.values()) conn.close();
    await one.until('authenticating');
    ready.open();
    await one.client.connect();
    assert.equal(asked, 1);
    await Promise.all([one.client.authenticate(), one.client.authenticate()]);
    assert.equal(asked, 2);
  });

  it('that cannot be made are tried again; those that are refused before are not', async () => {
    await using tested = await givenBelieving();
    const failures: unknown[] = [new Error('no network'), 'no network'];
    await using one = givenClient(tested.given.server.url, {
      credentials: () => {
        if (failures.length > 0) throw failures.pop();
        return {id: 'a'};
      },
    });
    assert.equal(await one.client.call.ping(), 'pong');
    const gone = Object.assign(new Error('Logged out.'), {statusCode: 401});
    await using other = givenClient(tested.given.server.url, {
      credentials: () => Promise.reject(gone),
    });
    assert.deepEqual(await failureOf(other.client.call.ping()), {
      statusCode: 401,
      code: undefined,
      sent: false,
    });
    assert.equal(other.client.state, 'unauthorized');
    assert.equal(other.client.error?.message, 'Logged out.');
    assert.equal(other.client.error.cause, gone);
  });

  it('may be replaced at any time', async () => {
    await using tested = await givenBelieving();
    const {given, claims} = tested;
    const never = new Promise(() => undefined);
    await using one = givenClient(given.server.url, {credentials: () => never});
    void one.client.connect();
    await one.until('authenticating');
    await one.client.authenticate({id: 'b'});
    await one.client.authenticate({id: 'b', for: 1000});
    assert.deepEqual(claims, [{id: 'b'}, {id: 'b', for: 1000}]);
    assert.equal(given.server.io.sockets.size, 1);
    const other = one.client.authenticate({id: 'c'});
    const {statusCode} = (await failureOf(other)) as {statusCode: number};
    assert.equal(statusCode, 401);
    assert.equal(one.client.state, 'unauthorized');
  });

  it('may be in the handshake', async () => {
    await using tested = await givenBelieving({credentials: 'handshake'});
    const {given, claims} = tested;
    await using one = givenClient(given.server.url, {
      credentials: {id: 'a', for: 1},
      io: {auth: {id: 'a'}},
    });
    assert.equal(await one.client.call.ping(), 'pong');
    assert.deepEqual(claims, [{id: 'a'}]);
    await using refused = givenClient(given.server.url, {io: {auth: {status: 401}}});
    assert.deepEqual(await failureOf(refused.client.connect()), {
      statusCode: 401,
      code: 'AUTHENTICATION_FAILED',
      sent: false,
    });
  });

  it('of no kind are sent as none', async () => {
    const received: unknown[] = [];
    await using given = await givenServer(server =>
      server.auth((_socket, credentials) => {
        received.push(credentials);
        return true;
      }),
    );
    await using one = givenClient(given.server.url, {credentials: undefined});
    await one.client.connect();
    assert.deepEqual(received, [undefined]);
  });
});
