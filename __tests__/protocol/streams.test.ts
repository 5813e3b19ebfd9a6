import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {ReadableStream} from 'node:stream/web';
import {it} from 'node:test';
import {inject} from '@loopback/core';
import {SocketBindings, socketMethod, tracked} from 'loopback4-socket';
import type {MethodHandler} from 'loopback4-socket';
import {givenAuthenticated} from '../helpers/client';
import {INTERNAL} from '../helpers/faults';
import {Gate} from '../helpers/gate';
import {describeSection} from '../helpers/section';
import {count, givenStreams, readAll, Ticker} from '../helpers/streams';

const SHAPES: Record<string, MethodHandler> = {
  'an async generator': () => count(3),
  'a promise of one': () => Promise.resolve(count(3)),
  'a Node stream': () => Readable.from([0, 1, 2]),
  'a web stream': () =>
    new ReadableStream({
      start: controller => {
        for (const item of [0, 1, 2]) controller.enqueue(item);
        controller.close();
      },
    }),
  'any object that can be iterated': () => {
    const numbers = count(3);
    return {[Symbol.asyncIterator]: () => ({next: () => numbers.next()})};
  },
  'a value that is called back': (_socket, _credentials, _args, callback) =>
    callback(null, count(3)),
};

const CANCELLED = 'CALL_CANCELLED';

describeSection('Streams', options => {
  for (const [shape, handler] of Object.entries(SHAPES)) {
    it(`are made of ${shape}`, async () => {
      await using app = await givenStreams(new Ticker(), {}, server =>
        server.defineMethod('shape', handler),
      );
      await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
      const answer = await client.open('shape');
      assert.deepEqual(Object.keys(answer), ['stream']);
      assert.match(answer.stream, /^[\w-]{16}$/);
      assert.deepEqual(await readAll(client, answer.stream), [0, 1, 2]);
      assert.deepEqual(app.logged, []);
    });
  }

  it('are answered in flight, and not afterwards', async () => {
    const gate = new Gate();
    await using app = await givenStreams(
      new Ticker(),
      {maxCallsInFlight: 1, callTimeout: 2000},
      server =>
        server.defineMethod('later', async () => {
          await gate.opened;
          return count(1);
        }),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const opening = client.open('later');
    assert.equal((await client.call('ping')).error.code, 'TOO_MANY_REQUESTS');
    gate.open();
    const {stream} = await opening;
    assert.deepEqual(await client.call('ping'), {result: 'pong'});
    assert.deepEqual(await readAll(client, stream), [0]);
  });

  it('ask the iterable for the items of reads, and one more', async () => {
    let made = 0;
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('endless', async function* () {
        for (;;) yield await Promise.resolve(made++);
      }),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('endless');
    await client.call('ping');
    assert.equal(made, 1);
    const {result} = await client.call('$next', {stream, got: 0, max: 3});
    await client.call('ping');
    assert.ok(
      made <= Number(result.items.length) + 1,
      `${made} of ${result.items.length}`,
    );
    assert.deepEqual(result.items, [...result.items.keys()]);
  });

  it('have items as they were when they were yielded, null for undefined, and ids', async () => {
    const item = {at: 0, list: ['a'], bytes: Buffer.from('a')};
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('items', async function* () {
        yield item.list;
        item.list.push('b');
        yield undefined;
        yield tracked('x', item.bytes);
        item.bytes[0] = 0;
        yield await Promise.resolve(tracked('y', undefined));
        yield {value: {id: 'z', value: 1}};
      }),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('items');
    const items: unknown[] = [];
    const ids: unknown[] = [];
    for (let done = false; !done;) {
      const {result} = await client.call('$next', {stream, got: items.length});
      assert.equal(result.at, items.length);
      const none = result.items.map(() => null);
      assert.notDeepEqual(result.ids, none, 'no ids where no item has one');
      ids.push(...(result.ids ?? none));
      items.push(...result.items);
      done = result.done;
    }
    const [list, nothing, bytes, none, plain] = items;
    assert.deepEqual(
      [list, nothing, none, plain],
      [['a'], null, null, {value: {id: 'z', value: 1}}],
    );
    assert.equal(Buffer.from(bytes as Buffer).toString(), 'a');
    assert.deepEqual(ids, [null, null, 'x', 'y', null]);
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  const wrong: Record<string, unknown> = {
    'a BigInt': 1n,
    'a cycle': cycle,
    '11 buffers': Array.from({length: 11}, () => Buffer.from('a')),
    '11 buffers below objects': Array.from({length: 11}, () => ({
      of: [Buffer.from('a')],
    })),
  };
  for (const [what, item] of Object.entries(wrong)) {
    it(`end with 500 at an item with ${what}, after the items before it`, async () => {
      const ended = new Gate();
      await using app = await givenStreams(new Ticker(), {}, server =>
        server.defineMethod('wrong', async function* wrong() {
          try {
            yield* count(2);
            yield item;
          } finally {
            ended.open();
          }
        }),
      );
      await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
      const {stream} = await client.open('wrong');
      const items: unknown[] = [];
      let answer = await client.call('$next', {stream, got: 0});
      while (answer.result) {
        items.push(...answer.result.items);
        answer = await client.call('$next', {stream, got: items.length});
      }
      assert.deepEqual(items, [0, 1]);
      assert.deepEqual(answer, INTERNAL);
      await ended.opened;
      assert.deepEqual(
        app.logged.map(([, status, {handler}]) => [status, handler]),
        [[500, 'wrong']],
      );
    });
  }

  it('have 10 buffers in an answer at most', async () => {
    const item = (from: number, buffers: number) =>
      Array.from({length: buffers}, (_, at) => ({of: Buffer.from([from + at])}));
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('binary', async function* () {
        yield await Promise.resolve(item(0, 10));
        yield item(10, 6);
        yield item(16, 5);
        yield 'text';
        yield item(21, 5);
      }),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('binary');
    const buffers: number[] = [];
    for (let got = 0, done = false; !done;) {
      const {result} = await client.call('$next', {stream, got});
      const inAnswer = result.items
        .filter((one: unknown) => one !== 'text')
        .flat()
        .map((one: {of: Uint8Array}) => Buffer.from(one.of)[0]);
      assert.ok(inAnswer.length <= 10);
      buffers.push(...inAnswer);
      got += Number(result.items.length);
      done = result.done;
    }
    assert.deepEqual(buffers, [...Array(26).keys()]);
  });

  it('are not opened by a call without an ack', async () => {
    const ended = new Gate();
    await using app = await givenStreams(new Ticker(), {emitFailed: true}, server =>
      server.defineMethod('one', () =>
        Readable.from([1]).on('close', () => ended.open()),
      ),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    client.socket.emit('one');
    const {event, error} = await client.next('failed');
    assert.deepEqual([event, error.statusCode], ['one', 400]);
    await ended.opened;
    assert.deepEqual(app.logged, []);
  });

  it('are refused where too many are open, until their iterables have ended', async () => {
    const ticker = new Ticker();
    const gate = new Gate();
    const returned = new Gate();
    await using app = await givenStreams(ticker, {maxStreams: 2}, server =>
      server.defineMethod('slow', () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => undefined),
          return: async () => {
            returned.open();
            await gate.opened;
            return {done: true, value: undefined};
          },
        }),
      })),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('slow');
    const ended = await client.open('count', 0);
    assert.deepEqual(await readAll(client, ended.stream), []);
    const second = await client.open('ticks');
    const refused = await client.open('ticks');
    assert.equal(refused.error.code, 'TOO_MANY_REQUESTS');
    assert.deepEqual(await client.call('$stop', {stream}), {result: true});
    await returned.opened;
    assert.equal((await client.open('ticks')).error.code, 'TOO_MANY_REQUESTS');
    gate.open();
    await client.call('ping');
    assert.match((await client.open('ticks')).stream, /./);
    await client.call('$stop', second);
    await ticker.ended.next();
    assert.deepEqual(app.logged, []);
  });

  it('are ended by $cancel, and then all reads are answered 499', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker);
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const cancels = [
      [{$call: {ref: 'r'}}, {ref: 'r'}],
      [{$call: {id: 'i'}}, {method: 'ticks', id: 'i'}],
    ];
    for (const [call, cancel] of cancels) {
      const {stream} = await client.open('ticks', null, call);
      const reads = [1, 2].map(() => client.call('$next', {stream, got: 0}));
      assert.deepEqual(await client.call('$cancel', cancel), {result: true});
      for (const read of reads) assert.equal((await read).error.code, CANCELLED);
      await ticker.ended.next();
      const {error} = await client.call('$next', {stream, got: 0});
      assert.equal(error.code, CANCELLED);
      assert.deepEqual(await client.call('$cancel', cancel), {result: false});
      assert.deepEqual(await client.call('$stop', {stream}), {result: true});
    }
    assert.deepEqual(app.logged, []);
  });

  it('end when nobody reads them for streamTimeout', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker, {streamTimeout: 100});
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const unread = await client.open('ticks');
    const read = await client.open('ticks');
    const waiting = client.call('$next', {...read, got: 0});
    await ticker.ended.next();
    const gone = await client.call('$next', {...unread, got: 0});
    assert.equal(gone.error.code, 'STREAM_GONE');
    ticker.tick('still here');
    assert.deepEqual((await waiting).result.items, ['still here']);
    await ticker.ended.next();
    assert.deepEqual(app.logged, []);
  });

  it('continue while the server waits for calls, and are then answered 503', async () => {
    const ticker = new Ticker();
    const gate = new Gate();
    await using app = await givenStreams(ticker, {}, server =>
      server.defineMethod('slow', () => gate.opened),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('ticks');
    const slow = client.call('slow');
    await client.call('ping');
    const stopped = app.app.stop();
    await client.next('draining');
    const read = client.call('$next', {stream, got: 0});
    assert.equal((await client.open('ticks')).error.code, 'SHUTTING_DOWN');
    ticker.tick('a');
    assert.deepEqual((await read).result.items, ['a']);
    const last = client.call('$next', {stream, got: 1});
    assert.equal((await client.call('ping')).error.code, 'SHUTTING_DOWN');
    gate.open();
    assert.deepEqual(await slow, {});
    assert.equal((await last).error.code, 'SHUTTING_DOWN');
    await stopped;
    await ticker.ended.next();
  });

  it('start after an item where the method injects AFTER', async () => {
    class NewsController {
      @socketMethod()
      async *news(
        _socket: unknown,
        _credentials: unknown,
        _args: unknown,
        @inject(SocketBindings.AFTER, {optional: true}) after?: string,
      ) {
        yield await Promise.resolve(after ?? 'the start');
      }
    }
    const appOptions = {controllers: [NewsController]};
    await using app = await givenStreams(new Ticker(), {}, undefined, appOptions);
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('news', null, {$call: {after: '7'}});
    assert.deepEqual(await readAll(client, stream), ['7']);
    const first = await client.open('news');
    assert.deepEqual(await readAll(client, first.stream), ['the start']);
    for (const after of [1, null, 'x'.repeat(129)]) {
      const {error} = await client.open('news', null, {$call: {after}});
      assert.equal(error.statusCode, 400);
    }
    const {error} = await client.open('ticks', null, {$call: {after: '7'}});
    assert.equal(error.statusCode, 400);
  });
});
