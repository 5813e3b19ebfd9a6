import {
  AuthorizationComponent,
  AuthorizationDecision,
  authorize,
} from '@loopback/authorization';
import type {AuthorizationContext} from '@loopback/authorization';
import {intercept} from '@loopback/core';
import type {Interceptor} from '@loopback/core';
import {securityId} from '@loopback/security';
import {socketMethod} from 'loopback4-socket';
import type {Socket} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {RateLimiterMemory} from 'rate-limiter-flexible';
import {givenAuthenticated} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {count, givenStreams, readAll, Ticker} from '../../helpers/streams';

const started: unknown[] = [];

async function* note(args: unknown) {
  started.push(args);
  yield await Promise.resolve(args);
}

const doubling: Interceptor = async (_context, next) => {
  const items = (await next()) as AsyncIterable<number>;
  async function* double() {
    for await (const item of items) yield item * 2;
  }
  return double();
};

const byName = {
  voters: [
    ({principals: [{name}]}: AuthorizationContext) =>
      Promise.resolve(
        name === 'ana' ? AuthorizationDecision.ALLOW : AuthorizationDecision.DENY,
      ),
  ],
};

class GuardedController {
  @intercept(doubling)
  @socketMethod()
  doubled() {
    return count(3);
  }

  @authorize(byName)
  @socketMethod()
  secret() {
    return note('secret');
  }

  @socketMethod({args: {type: 'number'}})
  strict(_socket: Socket, _credentials: unknown, args: number) {
    return note(args);
  }
}

const givenGuarded = () =>
  givenStreams(
    new Ticker(),
    {},
    server =>
      server.auth((_socket, {id}: {id: string}) => ({[securityId]: id, name: id})),
    {
      controllers: [GuardedController],
      setup: app => void app.component(AuthorizationComponent),
    },
  );

describe('a call that streams', () => {
  it('shows its iterable to interceptors', async () => {
    await using app = await givenGuarded();
    await using client = await givenAuthenticated(app.server.url, {id: 'ana'});
    const {stream} = await client.open('doubled');
    assert.deepEqual(await readAll(client, stream), [0, 2, 4]);
  });

  it('is authorized and validated before its method starts', async () => {
    await using app = await givenGuarded();
    await using ana = await givenAuthenticated(app.server.url, {id: 'ana'});
    await using ben = await givenAuthenticated(app.server.url, {id: 'ben'});
    assert.equal((await ben.open('secret')).error.statusCode, 403);
    assert.equal((await ben.open('strict', 'text')).error.code, 'VALIDATION_FAILED');
    assert.deepEqual(started, []);
    const {stream} = await ana.open('secret');
    assert.deepEqual(await readAll(ana, stream), ['secret']);
    assert.deepEqual(await readAll(ben, (await ben.open('strict', 1)).stream), [1]);
  });

  it('passes guards and the limiter, which see no read, $stop or $cancel', async () => {
    const seen: unknown[] = [];
    const limiter = new RateLimiterMemory({points: 1, duration: 60});
    const ticker = new Ticker();
    await using app = await givenStreams(ticker, {callLimiter: {limiter}}, server =>
      server.onConnected(socket =>
        socket.use(([event], next) => {
          seen.push(event);
          setImmediate(() => next(event === 'ticks' ? undefined : new Error('refused')));
        }),
      ),
    );
    for (const [id, end, body] of [
      ['1', '$stop', undefined],
      ['2', '$cancel', {ref: 'r'}],
    ] as const) {
      await using client = await givenAuthenticated(app.server.url, {id});
      const {stream} = await client.open('ticks', null, {$call: {ref: 'r'}});
      const order: number[] = [];
      const reads = [0, 1, 2, 3].map(async at => {
        const answer = await client.call('$next', {stream, got: 0, max: 1});
        order.push(at);
        return answer.result?.items ?? answer.error.code;
      });
      // A refused call is answered behind the guard, which is later than the reads come.
      assert.ok((await client.call('ping')).error);
      ticker.tick('a', 'b', 'c');
      for (const [at, item] of ['a', 'b', 'c'].entries()) {
        assert.deepEqual(await reads[at], [item]);
      }
      assert.deepEqual(await client.call(end, body ?? {stream}), {result: true});
      assert.deepEqual(await reads[3], end === '$stop' ? [] : 'CALL_CANCELLED');
      assert.deepEqual(order, [0, 1, 2, 3]);
      assert.equal((await client.open('ticks')).error.code, 'TOO_MANY_REQUESTS');
      await ticker.ended.next();
    }
    assert.deepEqual(seen, ['ticks', 'ping', 'ticks', 'ticks', 'ping', 'ticks']);
  });

  it('that its client no longer waits for is not opened, or has an id and is read later', async () => {
    const gate = new Gate();
    const ended = new Gate();
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('late', async () => {
        await gate.opened;
        return {
          [Symbol.asyncIterator]: () => ({
            next: () => Promise.resolve({done: true, value: undefined}),
            return: () => {
              ended.open();
              return Promise.resolve({done: true, value: undefined});
            },
          }),
        };
      }),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'});
    const late = await client.open('late', null, {$call: {timeout: 1}});
    assert.equal(late.error.code, 'CALL_TIMEOUT');
    const kept = await client.open('late', null, {$call: {timeout: 1, id: 'k'}});
    assert.equal(kept.error.code, 'CALL_TIMEOUT');
    gate.open();
    await ended.opened;
    const {stream} = await client.open('late', null, {$call: {id: 'k'}});
    assert.deepEqual(await readAll(client, stream), []);
    assert.deepEqual(app.logged, []);
  });

  it('is opened by calls that waited for authentication', async () => {
    await using app = await givenStreams(new Ticker());
    await using client = await givenAuthenticated(app.server.url, {id: '1'});
    client.socket.disconnect().connect();
    await client.next('connect');
    await client.next('connect');
    client.socket.emit('authentication', {id: '1'});
    const {stream} = await client.open('count', 3);
    assert.deepEqual(await readAll(client, stream), [0, 1, 2]);
  });
});
