import {securityId} from '@loopback/security';
import type {RateLimiter, SocketServer, SocketServerOptions} from 'loopback4-socket';
import {CallError} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {getEventListeners} from 'node:events';
import {describe, it} from 'node:test';
import {once} from '../../__tests__/helpers/awaited';
import {followController} from '../../__tests__/helpers/follow-controller';
import {Gate} from '../../__tests__/helpers/gate';
import {Queue} from '../../__tests__/helpers/queue';
import {givenServer} from '../../__tests__/helpers/server';
import {failureOf, givenClient, TRANSPORTS} from './helpers/client';

const CANCELLED = {statusCode: 499, code: 'CALL_CANCELLED', sent: true};
const NEVER_SENT = {...CANCELLED, sent: false};

/** Signals of the calls that run. */
const started = new Queue<AbortSignal>();

const FollowController = followController(started);

const given = (
  options: SocketServerOptions = {},
  define: (server: SocketServer) => void = () => undefined,
) =>
  givenServer(
    server => {
      server.auth((_socket, {id}: {id?: string}) => ({[securityId]: id}));
      server.defineMethod('ping', () => 'pong');
      define(server);
    },
    options,
    {controllers: [FollowController]},
  );

for (const transport of TRANSPORTS) {
  const options = {credentials: {id: 'a'}, io: {transports: [transport]}};

  describe(`An abort over ${transport}`, () => {
    it('reaches the signal of the method, and the call is answered 499', async () => {
      await using app = await given();
      await using one = givenClient(app.server.url, options);
      const {client} = one;
      await client.connect();
      const [socket] = app.server.io.sockets.values();
      const answers = new Queue<string>();
      socket.conn.on('packetCreate', ({data}: {data: unknown}) => {
        if (String(data).includes('"error"')) answers.push(String(data));
      });
      const abort = new AbortController();
      const call = client.call.follow({}, {signal: abort.signal});
      const signal = await started.next();
      assert.equal(signal.aborted, false);
      const reason = new Error('No longer needed.');
      abort.abort(reason);
      const error = await call.catch((caught: unknown) => caught);
      assert.ok(error instanceof CallError);
      assert.equal(error.cause, reason);
      assert.deepEqual(await failureOf(call), CANCELLED);
      // The server answers after it has aborted the signal.
      assert.match(await answers.next(), /"statusCode":499.*"CALL_CANCELLED"/);
      assert.match(String(signal.reason), /cancelled/);
      assert.equal(await client.call.ping(), 'pong');
    });

    it('ends a call with an id, also one that was sent again', async () => {
      await using app = await given();
      await using one = givenClient(app.server.url, options);
      const {client} = one;
      const abort = new AbortController();
      const call = client.call.follow({}, {id: true, signal: abort.signal});
      const signal = await started.next();
      for (const {conn} of app.server.io.sockets.values()) conn.close();
      await one.until('disconnected');
      await client.connect();
      assert.equal(await client.call.ping(), 'pong');
      abort.abort();
      assert.deepEqual(await failureOf(call), CANCELLED);
      if (!signal.aborted) await once(signal, 'abort');
      assert.equal(started.size, 0);
    });

    it('while the connection is lost reaches a call with an id after it', async () => {
      await using app = await given();
      await using one = givenClient(app.server.url, options);
      const abort = new AbortController();
      const call = one.client.call.follow({}, {id: true, signal: abort.signal});
      const signal = await started.next();
      for (const {conn} of app.server.io.sockets.values()) conn.close();
      await one.until('disconnected');
      abort.abort();
      assert.deepEqual(await failureOf(call), CANCELLED);
      if (!signal.aborted) await once(signal, 'abort');
    });

    it('ends a call that waits for a guard, which never runs', async () => {
      const gate = new Gate();
      const waiting = new Queue<string>();
      await using app = await given({}, server =>
        server.onConnected(socket => {
          socket.use(([event], next) => {
            waiting.push(event);
            if (event === 'ping') next();
            else void gate.opened.then(() => next());
          });
        }),
      );
      await assertNeverRuns(app.server.url, waiting, gate);
    });

    it('ends a call that waits for the limiter, which never runs', async () => {
      const gate = new Gate();
      const waiting = new Queue<string>();
      let first = true;
      const limiter: RateLimiter = {
        consume: () => {
          waiting.push('consumed');
          if (!first) return Promise.resolve();
          first = false;
          return gate.opened;
        },
      };
      await using app = await given({callLimiter: {limiter}});
      await assertNeverRuns(app.server.url, waiting, gate);
    });

    async function assertNeverRuns(
      url: string | undefined,
      waiting: Queue<string>,
      gate: Gate,
    ): Promise<void> {
      await using one = givenClient(url, options);
      const abort = new AbortController();
      const call = one.client.call.follow({}, {signal: abort.signal});
      await waiting.next();
      abort.abort();
      assert.deepEqual(await failureOf(call), CANCELLED);
      assert.equal(await one.client.call.ping(), 'pong');
      gate.open();
      assert.equal(await one.client.call.ping(), 'pong');
      assert.equal(started.size, 0);
    }
  });
}

describe('A call that is cancelled before it is sent', () => {
  it('is never sent', async () => {
    const seen: string[] = [];
    await using app = await given({}, server =>
      server.onConnected(socket => {
        socket.onAny(name => seen.push(name));
      }),
    );
    await using one = givenClient(app.server.url, {credentials: {id: 'a'}});
    const {client} = one;
    const abort = new AbortController();
    const waiting = [
      client.call.follow({}, {signal: abort.signal}),
      client.call.follow({}, {signal: abort.signal, id: true}),
    ];
    abort.abort();
    const late = client.call.follow({}, {signal: abort.signal});
    for (const call of [...waiting, late]) {
      assert.deepEqual(await failureOf(call), NEVER_SENT);
    }
    assert.equal(await client.call.ping(), 'pong');
    assert.deepEqual(seen, ['ping']);
  });

  it('leaves no listener on its signal, nor does one that is answered', async () => {
    await using app = await given();
    await using one = givenClient(app.server.url, {credentials: {id: 'a'}});
    const {signal} = new AbortController();
    assert.equal(await one.client.call.ping({}, {signal}), 'pong');
    await failureOf(one.client.call.missing({}, {signal}));
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });
});
