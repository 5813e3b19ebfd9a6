import assert from 'node:assert/strict';
import {it} from 'node:test';
import {givenAuthenticated, givenClient} from '../helpers/client';
import {INTERNAL} from '../helpers/faults';
import {Gate} from '../helpers/gate';
import {describeSection} from '../helpers/section';
import {count, givenStreams, readAll, Ticker} from '../helpers/streams';

const batch = (at: number, items: unknown[], done = false) => ({
  result: {at, items, done},
});

describeSection('$next', options => {
  it('is answered when there are items, with all that are ready', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker);
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('ticks');
    const waiting = client.call('$next', {stream, got: 0});
    await client.call('ping');
    ticker.tick('a');
    assert.deepEqual(await waiting, batch(0, ['a']));
    const next = client.call('$next', {stream, got: 1});
    await client.call('ping');
    ticker.tick('b', 'c');
    assert.deepEqual(await next, batch(1, ['b', 'c']));
    assert.deepEqual(app.logged, []);
  });

  it('has as many items as max says, 64 by default and 256 at most', async () => {
    await using app = await givenStreams(new Ticker());
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('count', 1000);
    let got = 0;
    for (const [max, most] of [
      [undefined, 64],
      [1, 1],
      [3, 3],
      [256, 256],
      [1e9, 256],
    ]) {
      const {result} = await client.call('$next', {stream, got, max});
      assert.equal(result.at, got);
      assert.ok(result.items.length > 0 && result.items.length <= most!, String(max));
      for (const item of result.items) assert.equal(item, got++);
    }
    assert.equal((await readAll(client, stream, {got, max: 256})).at(-1), 999);
  });

  it('has 64 KiB at most, and a larger item alone', async () => {
    const sizes = [30, 30, 30, 100, 1, 1];
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('large', async function* () {
        for (const size of sizes) yield await Promise.resolve('x'.repeat(size * 1024));
      }),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('large');
    const seen: number[] = [];
    while (seen.length < sizes.length) {
      const {result} = await client.call('$next', {stream, got: seen.length});
      const lengths = result.items.map((item: string) => item.length);
      const bytes = lengths.reduce((sum: number, length: number) => sum + length, 0);
      assert.ok(bytes <= 64 * 1024 || lengths.length === 1, lengths.join());
      seen.push(...lengths.map((length: number) => length / 1024));
    }
    assert.deepEqual(seen, sizes);
  });

  it('with wait is answered without items after that time', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker);
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('ticks');
    assert.deepEqual(await client.call('$next', {stream, got: 0, wait: 5}), batch(0, []));
    const waiting = client.call('$next', {stream, got: 0, wait: 1e12});
    await client.call('ping');
    ticker.tick('a');
    assert.deepEqual(await waiting, batch(0, ['a']));
    assert.deepEqual(await client.call('$next', {stream, got: 1, wait: 0}), batch(1, []));
  });

  it('is answered in order, also when many wait; a 17th is refused, and the stream continues', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker);
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('ticks');
    const order: number[] = [];
    const reads = Array.from({length: 16}, async (_, at) => {
      const answer = await client.call('$next', {stream, got: 0, max: 1});
      order.push(at);
      return answer;
    });
    for (const again of [false, true]) {
      const {error} = await client.call('$next', {stream, got: 0, again});
      assert.equal(error?.code, 'TOO_MANY_REQUESTS', `again: ${again}`);
    }
    ticker.tick(...order, ...Array.from({length: 16}, (_, at) => at));
    const answers = await Promise.all(reads);
    assert.deepEqual(
      answers,
      answers.map((_, at) => batch(at, [at])),
    );
    assert.deepEqual(order, [...order.keys()]);
    const last = client.call('$next', {stream, got: 16});
    ticker.tick('on');
    assert.deepEqual(await last, batch(16, ['on']));
  });

  it('with again sends what follows again, where the stream can be taken over', async () => {
    await using app = await givenStreams(new Ticker());
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('count', 5, {$call: {id: 'a'}});
    const {result} = await client.call('$next', {stream, got: 0, max: 2});
    assert.deepEqual(result.items[0], 0);
    assert.deepEqual(await readAll(client, stream, {again: true}), [0, 1, 2, 3, 4]);
    // The client has acknowledged these.
    await client.call('$next', {stream, got: 5});
    assert.equal(
      (await client.call('$next', {stream, got: 0, again: true})).error.code,
      'STREAM_GONE',
    );
    const other = await client.open('count', 5);
    await client.call('$next', {...other, got: 0, max: 1});
    const lost = await client.call('$next', {...other, got: 0, again: true});
    assert.equal(lost.error.code, 'STREAM_GONE');
    assert.deepEqual(
      await client.call('$next', {...other, got: 1, again: true, max: 1}),
      batch(1, [1]),
    );
  });

  it('gets the error of the method after the items before it', async () => {
    const thrown: unknown[] = [
      {statusCode: 404, message: 'No more.'},
      'nothing',
      new Error('secret'),
    ];
    const expected = [{statusCode: 404, message: 'No more.'}, 'nothing', INTERNAL.error];
    for (const [at, error] of thrown.entries()) {
      await using app = await givenStreams(new Ticker(), {}, server =>
        server.defineMethod('fail', async function* () {
          yield* count(3);
          throw error;
        }),
      );
      await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
      const {stream} = await client.open('fail');
      let got = 0;
      let answer = await client.call('$next', {stream, got});
      while (answer.result) {
        assert.equal(answer.result.done, false);
        got += Number(answer.result.items.length);
        answer = await client.call('$next', {stream, got});
      }
      assert.equal(got, 3);
      assert.deepEqual(answer, {error: expected[at]});
      assert.deepEqual(await client.call('$next', {stream, got}), answer);
      assert.equal(app.logged.length, at === 2 ? 1 : 0);
    }
  });

  it('is refused with another payload, and leaves the stream alone', async () => {
    await using app = await givenStreams(new Ticker());
    await using early = givenClient(app.server.url, options);
    assert.equal(
      (await early.call('$next', {stream: 'a', got: 0})).error.statusCode,
      401,
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('count', 3);
    const wrong: unknown[] = [
      undefined,
      stream,
      [stream],
      {},
      {stream},
      {got: 0},
      {stream: 1, got: 0},
      {stream, got: 1},
      {stream, got: 1e300},
      {stream, got: 2 ** 53},
      {stream, got: -1},
      {stream, got: 0.5},
      {stream, got: NaN},
      {stream, got: '0'},
      {stream, got: 0, max: 0},
      {stream, got: 0, max: -1},
      {stream, got: 0, max: '1'},
      {stream, got: 0, max: Infinity},
      {stream, got: 0, wait: -1},
      {stream, got: 0, wait: '1'},
      {stream, got: 0, wait: NaN},
      {stream, got: 0, again: 1},
    ];
    for (const body of wrong) {
      const {error} = await client.call('$next', body);
      assert.equal(error?.statusCode, 400, JSON.stringify(body));
    }
    assert.equal((await client.call('$next', {stream, got: 0}, 1)).error.statusCode, 400);
    const gone = await client.call('$next', {stream: '__proto__', got: 0});
    assert.equal(gone.error.code, 'STREAM_GONE');
    assert.deepEqual(await readAll(client, stream), [0, 1, 2]);
    assert.deepEqual(app.logged, []);
  });

  it('without an ack is ignored', async () => {
    await using app = await givenStreams(new Ticker(), {emitFailed: true});
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('count', 3);
    client.socket.emit('$next', {stream, got: 0});
    client.socket.emit('$next', {stream, got: -1});
    assert.deepEqual(await readAll(client, stream), [0, 1, 2]);
    assert.deepEqual(client.names, ['connect', 'authenticated']);
  });

  it('is refused for the stream of another user', async () => {
    await using app = await givenStreams(new Ticker());
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    await using stranger = await givenAuthenticated(app.server.url, {id: '2'}, options);
    await using nobody = await givenAuthenticated(app.server.url, {}, options);
    for (const args of [[], [{$call: {id: 'a'}}]]) {
      const {stream} = await client.open('count', 3, ...args);
      for (const other of [stranger, nobody]) {
        const {error} = await other.call('$next', {stream, got: 0});
        assert.equal(error.code, 'STREAM_GONE');
        assert.deepEqual(await other.call('$stop', {stream}), {result: false});
      }
      assert.deepEqual(await readAll(client, stream), [0, 1, 2]);
    }
  });
});

describeSection('$stop', options => {
  it('ends the stream before reads that wait', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker);
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('ticks');
    const reads = [1, 2].map(() => client.call('$next', {stream, got: 0}));
    assert.deepEqual(await client.call('$stop', {stream}), {result: true});
    for (const read of reads) assert.deepEqual(await read, batch(0, [], true));
    await ticker.ended.next();
    assert.deepEqual(await client.call('$stop', {stream}), {result: false});
    assert.equal(
      (await client.call('$next', {stream, got: 0})).error.code,
      'STREAM_GONE',
    );
    assert.deepEqual(app.logged, []);
  });

  it('answers reads that come with it, though the stream has ended', async () => {
    const ends: Record<string, () => AsyncGenerator> = {
      end: () => count(0),

      fail: async function* () {
        await Promise.resolve();
        throw 'failed';
      },
      items: () => count(1),
    };
    await using app = await givenStreams(new Ticker(), {}, server => {
      for (const [name, run] of Object.entries(ends)) server.defineMethod(name, run);
    });
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    for (const name of Object.keys(ends)) {
      const {stream} = await client.open(name);
      // The iterable ends meanwhile.
      await client.call('ping');
      const reads = [1, 2].map(() => client.call('$next', {stream, got: 0}));
      const stop = client.call('$stop', {stream});
      const answers = await Promise.all(reads);
      assert.deepEqual(await stop, {result: true});
      for (const answer of answers) assert.ok(answer.result ?? answer.error, name);
    }
  });

  it('aborts the signal, and then ends the iterable as break does', async () => {
    const events: string[] = [];
    const gate = new Gate();
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('manual', () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => Promise.resolve({done: false, value: events.push('next')}),
          return: () => {
            events.push('return');
            gate.open();
            return Promise.resolve({done: true, value: undefined});
          },
        }),
      })),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    const {stream} = await client.open('manual');
    await client.call('$next', {stream, got: 0, max: 1});
    await client.call('$stop', {stream});
    await gate.opened;
    assert.equal(events.at(-1), 'return');
    assert.equal(events.filter(event => event === 'return').length, 1);
  });

  it('is refused with another payload, and before authentication', async () => {
    await using app = await givenStreams(new Ticker());
    await using early = givenClient(app.server.url, options);
    assert.equal((await early.call('$stop', {stream: 'a'})).error.statusCode, 401);
    await using client = await givenAuthenticated(app.server.url, {id: '1'}, options);
    for (const body of [undefined, 'a', {}, {stream: 1}, {stream: null}]) {
      assert.equal((await client.call('$stop', body)).error.statusCode, 400);
    }
    assert.deepEqual(await client.call('$stop', {stream: 'a'}), {result: false});
  });
});
