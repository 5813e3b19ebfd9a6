import type {SocketServerOptions} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';
import type {AppOptions} from '../../__tests__/helpers/app';
import {once} from '../../__tests__/helpers/awaited';
import {closeBrowser, givenBrowser, noBrowser} from '../../__tests__/helpers/browser';
import {givenBelieving} from './helpers/believing';
import type {Believing, Claim} from './helpers/believing';
import {TRANSPORTS} from './helpers/client';
import {PageClient, servePage, watchRemains} from './helpers/page-client';

interface Tested extends Believing {
  readonly one: PageClient;
}

interface Given {
  readonly options?: SocketServerOptions;
  readonly component?: AppOptions['component'];
  /** The claims of a function are an array. `{id: 'a'}` unless given. */
  readonly credentials?: Claim | Claim[];
  readonly transports: readonly string[];
  readonly reconnectionDelay?: number;
}

interface Case extends Omit<Given, 'transports' | 'reconnectionDelay'> {
  /** Brings the end about. Returns outcomes of calls. */
  readonly act: (tested: Tested) => Promise<unknown[]>;
  readonly outcomes: unknown[];
  /** The states of the client, and the errors of those that have one. */
  readonly states: string;
  /** The code of the client's error at last. */
  readonly error?: string;
}

const CONNECTS = 'connecting → authenticating → authenticated';
const LOST = `${CONNECTS} → disconnected 503 DISCONNECTED`;

/** Each runs once over each transport. */
const CASES: Record<string, Case> = {
  'loses its connection: it comes back, and calls with an id run once': {
    async act({one, given, called, gate}) {
      const calls = [one.call('slow', 1), one.call('slow', 2, {id: 'a'})];
      assert.deepEqual([await called.next(), await called.next()], [1, 2]);
      for (const {conn} of given.server.io.sockets.values()) conn.close();
      const outcomes = [await calls[0], await one.call('ping')];
      gate.open();
      outcomes.push(await calls[1]);
      assert.equal(called.size, 0);
      return outcomes;
    },
    outcomes: [{statusCode: 503, code: 'DISCONNECTED', sent: true}, 'pong', 'done'],
    states: `${LOST} → ${CONNECTS}`,
  },

  'sees the server restart: it comes back, and calls made meanwhile are answered': {
    component: {drainTimeout: 0},
    async act({one, given, called}) {
      const cut = one.call('slow');
      await called.next();
      const stopped = given.app.stop();
      const outcome = await cut;
      await stopped;
      await one.until('disconnected');
      const waiting = one.call('ping');
      await given.app.start();
      return [outcome, await waiting];
    },
    outcomes: [{statusCode: 503, code: 'SHUTTING_DOWN', sent: true}, 'pong'],
    states: `${CONNECTS} → draining → disconnected 503 DISCONNECTED → ${CONNECTS}`,
  },

  'sees the server drain: it gets its answers, and keeps new calls for the next start': {
    component: {drainTimeout: 10_000},
    async act({one, given, called, gate}) {
      const running = one.call('slow');
      await called.next();
      const stopped = given.app.stop();
      await one.until('draining');
      const kept = one.call('ping');
      gate.open();
      const outcome = await running;
      await stopped;
      await given.app.start();
      return [outcome, await kept];
    },
    outcomes: ['done', 'pong'],
    states: `${CONNECTS} → draining → disconnected 503 DISCONNECTED → ${CONNECTS}`,
  },

  'has expired credentials: it comes back with fresh ones': {
    options: {expiryNotice: 0},
    credentials: [{id: 'a', for: 100}, {id: 'a'}],
    async act({one, gate}) {
      const calls = [one.call('slow'), one.call('slow', 2, {id: 'a'})];
      const outcomes = [await calls[0]];
      // Over polling, the event that ends the connection comes after the answer.
      await one.until('disconnected');
      outcomes.push(await one.call('ping'));
      gate.open();
      return [...outcomes, await calls[1]];
    },
    outcomes: [
      {statusCode: 401, code: 'AUTHENTICATION_EXPIRED', sent: true},
      'pong',
      'done',
    ],
    states: `${CONNECTS} → disconnected 401 AUTHENTICATION_EXPIRED → ${CONNECTS}`,
  },

  'has expired credentials and no others: it is unauthorized': {
    credentials: {id: 'a', for: 100},
    async act({one}) {
      const outcome = await one.call('slow');
      await one.until('unauthorized');
      return [outcome, await one.call('ping')];
    },
    outcomes: [
      {statusCode: 401, code: 'AUTHENTICATION_EXPIRED', sent: true},
      {statusCode: 401, code: 'AUTHENTICATION_EXPIRED', sent: false},
    ],
    states: `${CONNECTS} → unauthorized 401 AUTHENTICATION_EXPIRED`,
    error: 'AUTHENTICATION_EXPIRED',
  },

  'is revoked: it is unauthorized, and its calls fail with that': {
    async act({one, given, called}) {
      const calls = [one.call('slow'), one.call('slow', 2, {id: 'a'})];
      await called.next();
      await called.next();
      given.server.disconnectUser('a');
      const outcomes = await Promise.all(calls);
      await one.until('unauthorized');
      return [...outcomes, await one.call('ping')];
    },
    outcomes: [
      {statusCode: 401, code: 'AUTHENTICATION_REVOKED', sent: true},
      {statusCode: 401, code: 'AUTHENTICATION_REVOKED', sent: true},
      {statusCode: 401, code: 'AUTHENTICATION_REVOKED', sent: false},
    ],
    states: `${CONNECTS} → unauthorized 401 AUTHENTICATION_REVOKED`,
    error: 'AUTHENTICATION_REVOKED',
  },

  'is answered late: the call fails, and the answer is kept for its id': {
    async act({one, called, gate}) {
      await one.connect();
      const outcome = await one.call('slow', {}, {id: 'a', timeout: 30});
      gate.open();
      const again = await one.call('slow', {}, {id: 'a'});
      assert.equal(called.size, 1);
      return [outcome, again];
    },
    outcomes: [{statusCode: 504, code: 'CALL_TIMEOUT', sent: true}, 'done'],
    states: CONNECTS,
  },

  'is refused for want of time: it comes back by itself': {
    options: {timeout: 200},
    credentials: [{unanswered: true}, {unanswered: true}, {id: 'a'}],
    act: async ({one}) => [await one.call('ping')],
    outcomes: ['pong'],
    states: `connecting → authenticating → disconnected 408 AUTHENTICATION_TIMEOUT → ${CONNECTS}`,
  },

  'has wrong credentials: it is unauthorized, until it gets others': {
    credentials: {status: 403},
    async act({one, claims}) {
      const outcomes = [await one.call('ping'), await one.call('ping')];
      assert.equal(await one.error(), 'AUTHENTICATION_FAILED');
      assert.equal(claims.length, 1);
      await one.authenticate({id: 'a'});
      return [...outcomes, await one.call('ping')];
    },
    outcomes: [
      {statusCode: 403, code: 'AUTHENTICATION_FAILED', sent: false},
      {statusCode: 403, code: 'AUTHENTICATION_FAILED', sent: false},
      'pong',
    ],
    states: `connecting → authenticating → unauthorized 403 AUTHENTICATION_FAILED → ${CONNECTS}`,
  },
};

for (const [status, code] of [
  [408, 'AUTHENTICATION_FAILED'],
  [429, 'AUTHENTICATION_FAILED'],
  [503, 'AUTHENTICATION_UNAVAILABLE'],
] as const) {
  CASES[`is refused with ${status}: it comes back by itself`] = {
    credentials: [{status}, {status}, {id: 'a'}],
    async act({one, claims}) {
      const outcome = await one.call('ping');
      assert.equal(claims.length, 3);
      return [outcome];
    },
    outcomes: ['pong'],
    states: `connecting → authenticating → disconnected ${status} ${code} → ${CONNECTS}`,
  };
}

describe('A client in Chromium', {skip: noBrowser}, () => {
  after(closeBrowser);

  /** Runs a test with a server and a client in a page that the server serves. */
  async function withClient(
    {options, component, credentials = {id: 'a'}, ...rest}: Given,
    test: (tested: Tested) => Promise<void>,
  ): Promise<void> {
    await using believing = await givenBelieving(options, component, servePage);
    await using browser = await givenBrowser();
    const page = await browser.open(believing.given.server.url ?? '', watchRemains);
    const one = await PageClient.in(page, {credentials, ...rest});
    await test({...believing, one});
  }

  for (const transport of TRANSPORTS) {
    describe(`over ${transport}`, () => {
      for (const [title, {act, outcomes, states, error, ...given}] of Object.entries(
        CASES,
      )) {
        it(`that ${title}`, () =>
          withClient({...given, transports: [transport]}, async tested => {
            assert.deepEqual(await act(tested), outcomes);
            assert.equal(await tested.one.log(), states);
            assert.equal(await tested.one.error(), error);
            await tested.one.close();
          }));
      }
    });
  }

  /** Those of a client that chooses none. */
  const DEFAULT = ['polling', 'websocket'];
  const CLOSED = {statusCode: 499, code: 'CLOSED'};

  it('leaves nothing when it is closed while it is connected, and its calls fail', () =>
    withClient({transports: ['websocket']}, async ({one, given, called}) => {
      const calls = [one.call('slow'), one.call('slow', 2, {id: 'a'})];
      await called.next();
      await called.next();
      // Each call has a timer, and the connection has one.
      assert.deepEqual(await one.remains(), {timers: 3, listeners: 1, webSockets: 1});
      const ends = [...given.server.io.sockets.values()].map(({conn}) =>
        once(conn, 'close'),
      );
      await one.close();
      for (const call of calls) assert.deepEqual(await call, {...CLOSED, sent: true});
      assert.deepEqual(await one.call('ping'), {...CLOSED, sent: false});
      await Promise.all(ends);
      assert.equal(given.server.io.server.engine.clientsCount, 0);
      assert.ok(await one.isCollected());
    }));

  for (const transport of TRANSPORTS) {
    it(`leaves nothing when it is closed while it connects over ${transport}`, () =>
      withClient({transports: [transport]}, async ({one}) => {
        await one.connectAndClose();
        await one.leavesNothing();
      }));
  }

  it('leaves nothing when it is closed before it comes back', () =>
    withClient({transports: DEFAULT, reconnectionDelay: 60_000}, async tested => {
      const {one, given} = tested;
      await one.connect();
      for (const {conn} of given.server.io.sockets.values()) conn.close();
      await one.until('disconnected');
      const waiting = one.call('ping');
      assert.equal((await one.remains()).timers, 2);
      await one.close();
      assert.deepEqual(await waiting, {...CLOSED, sent: false});
    }));

  it('leaves nothing when a listener closes it as its connection is lost', () =>
    withClient({transports: DEFAULT, reconnectionDelay: 60_000}, async tested => {
      const {one, given} = tested;
      await one.connect();
      await one.closeAt('disconnected');
      for (const {conn} of given.server.io.sockets.values()) conn.close();
      await one.until('closed');
      await one.leavesNothing();
    }));

  it('leaves nothing when it is closed while it is unauthorized', () =>
    withClient({credentials: {status: 401}, transports: DEFAULT}, async ({one}) => {
      const {code} = (await one.call('ping')) as {code: string};
      assert.equal(code, 'AUTHENTICATION_FAILED');
      await one.close();
    }));
});
