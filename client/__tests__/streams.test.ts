import {CallError} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {getEventListeners} from 'node:events';
import {describe, it} from 'node:test';
import {awaited} from '../../__tests__/helpers/awaited';
import {failureOf, givenClient, TRANSPORTS} from './helpers/client';
import {allOf, givenCounting} from './helpers/counting';

/** Reads that a client has outstanding, of 64 items each. */
const MOST_AHEAD = 8 * 64;

const numbersTo = (to: number) => Array.from({length: to}, (_, at) => at);

for (const transport of TRANSPORTS) {
  const options = {credentials: {}, io: {transports: [transport]}};

  describe(`A stream over ${transport}`, () => {
    it('gives every item in order, and ends', async () => {
      await using counting = await givenCounting();
      await using one = givenClient(counting.url, options);
      for (const to of [0, 1, 64, 1000])
        assert.deepEqual(await allOf(one.client.call.count({to})), numbersTo(to));
      assert.equal(await one.client.call.ping(), 'pong');
    });

    it('can be awaited for its iterator', async () => {
      await using counting = await givenCounting();
      await using one = givenClient(counting.url, options);
      const items = await one.client.call.count({to: 3});
      assert.deepEqual(await items.next(), {value: 0, done: false});
      assert.deepEqual(await allOf(items), [1, 2]);
      assert.deepEqual(await items.next(), {value: undefined, done: true});
    });

    it('gives its items before the error in the middle', async () => {
      await using counting = await givenCounting();
      await using one = givenClient(counting.url, options);
      const got: unknown[] = [];
      const reading = async () => {
        for await (const item of one.client.call.failing()) got.push(item);
      };
      await assert.rejects(reading, (error: unknown) => {
        assert.ok(error instanceof CallError);
        assert.deepEqual([error.statusCode, error.code], [418, 'TEAPOT']);
        return true;
      });
      assert.deepEqual(got, [0, 1]);
    });

    it('fails as its call does', async () => {
      await using counting = await givenCounting();
      await using one = givenClient(counting.url, options);
      const refused = {statusCode: 404, code: 'METHOD_NOT_FOUND', sent: true};
      assert.deepEqual(await failureOf(allOf(one.client.call.missing())), refused);
      const notStreaming = {statusCode: 502, code: 'BAD_ANSWER', sent: true};
      assert.deepEqual(await failureOf(allOf(one.client.call.ping())), notStreaming);
    });

    it('ends at the server when its loop is left', async () => {
      await using counting = await givenCounting();
      await using one = givenClient(counting.url, options);
      for await (const item of one.client.call.endless()) if (item === 100) break;
      assert.equal(await counting.ended.next(), 'endless');
    });

    it('ends at the server when its signal is aborted', async () => {
      await using counting = await givenCounting();
      await using one = givenClient(counting.url, options);
      const abort = new AbortController();
      const items = await one.client.call.endless({}, {signal: abort.signal});
      await items.next();
      const reason = new Error('No longer needed.');
      abort.abort(reason);
      const error = await items.next().catch((caught: unknown) => caught);
      assert.ok(error instanceof CallError);
      assert.deepEqual([error.code, error.cause], ['CALL_CANCELLED', reason]);
      assert.equal(await counting.ended.next(), 'endless');
      assert.deepEqual(await items.next(), {value: undefined, done: true});
      assert.deepEqual(getEventListeners(abort.signal, 'abort'), []);
    });

    it('does not run ahead of a slow reader', async () => {
      await using counting = await givenCounting();
      await using one = givenClient(counting.url, options);
      const items = await one.client.call.endless();
      await items.next();
      // Answers that are on their way come before this one.
      for (let round = 0; round < 20; round++) await one.client.call.ping();
      const {pulled} = counting;
      assert.ok(pulled <= MOST_AHEAD + 2, `${pulled} items were pulled`);
      for (let round = 0; round < 20; round++) await one.client.call.ping();
      assert.equal(counting.pulled, pulled);
      for (let at = 1; at < 2 * MOST_AHEAD; at++)
        assert.deepEqual(await items.next(), {value: at, done: false});
    });
  });
}

describe('A stream', () => {
  it('gives items to readers at the same time in order, and ends all when it is returned', async () => {
    await using counting = await givenCounting();
    await using one = givenClient(counting.url, {credentials: {}});
    const items = await one.client.call.quiet();
    const reads = [items.next(), items.next(), items.next()];
    assert.deepEqual(await reads[0], {value: 0, done: false});
    assert.deepEqual(await items.return?.('enough'), {value: 'enough', done: true});
    for (const read of reads.slice(1))
      assert.deepEqual(await read, {value: undefined, done: true});
  });

  it('that nobody awaits or iterates is stopped', async () => {
    await using counting = await givenCounting({maxStreams: 1});
    await using one = givenClient(counting.url, {credentials: {}});
    for (let count = 0; count < 3; count++) {
      void one.client.call.endless();
      // The stop is on its way when the first one is answered.
      for (let pings = 0; pings < 2; pings++) await one.client.call.ping();
    }
    for (let count = 0; count < 3; count++)
      assert.equal(await counting.ended.next(), 'endless');
    // The server pulls one item ahead of the reads.
    assert.equal(counting.pulled, 3);
    assert.deepEqual(await allOf(one.client.call.count({to: 1})), [0]);
  });

  it('is not left open by an iterator that is returned before its call is answered', async () => {
    await using counting = await givenCounting();
    await using one = givenClient(counting.url, {credentials: {}});
    const items = one.client.call.endless()[Symbol.asyncIterator]();
    const read = items.next();
    await items.return?.();
    assert.deepEqual(await read, {value: undefined, done: true});
    await one.client.call.ping();
    assert.ok(counting.pulled <= 1);
  });

  it('fails without an unhandled rejection when it is iterated late or not at all', async () => {
    await using counting = await givenCounting();
    await using one = givenClient(counting.url, {credentials: {}});
    one.client.call.failing()[Symbol.asyncIterator]();
    one.client.call.missing()[Symbol.asyncIterator]();
    const late = one.client.call.missing();
    const items = late[Symbol.asyncIterator]();
    await one.client.call.ping();
    assert.equal(
      ((await failureOf(items.next())) as {code: string}).code,
      'METHOD_NOT_FOUND',
    );
    // A read fails that nobody waits for.
    const failing = await one.client.call.failing();
    await failing.next();
    await one.client.call.ping();
    await one.client.close();
  });

  it('fails when its connection is lost, after the items that have come', async () => {
    await using counting = await givenCounting();
    await using one = givenClient(counting.url, {credentials: {}});
    const items = await one.client.call.quiet();
    await items.next();
    counting.drop();
    const lost = {statusCode: 503, code: 'DISCONNECTED', sent: true};
    assert.deepEqual(await failureOf(items.next()), lost);
    await one.client.connect();
    assert.equal(await one.client.call.ping(), 'pong');
  });

  it('fails when its client is closed or disconnected', async () => {
    await using counting = await givenCounting();
    await using one = givenClient(counting.url, {credentials: {id: 'a'}});
    for (const id of [undefined, true] as const) {
      const items = await one.client.call.quiet({}, {id});
      await items.next();
      const read = items.next();
      one.client.disconnect();
      assert.deepEqual(await failureOf(read), {
        statusCode: 503,
        code: 'DISCONNECTED',
        sent: true,
      });
      await one.client.connect();
    }
    const items = await one.client.call.quiet();
    await items.next();
    const read = items.next();
    await one.client.close();
    assert.deepEqual(await failureOf(read), {
      statusCode: 499,
      code: 'CLOSED',
      sent: true,
    });
  });

  it('keeps a client connected that is released', async () => {
    await using counting = await givenCounting();
    await using one = givenClient(counting.url, {credentials: {}});
    one.client.retain();
    const items = await one.client.call.quiet();
    await items.next();
    one.client.release();
    await one.client.call.ping();
    assert.equal(one.client.state, 'authenticated');
    counting.gate.open();
    assert.deepEqual(await allOf(items), [1]);
    await awaited(one.until('idle'), 'the client to be idle');
  });
});
