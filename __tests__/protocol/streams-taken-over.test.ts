import assert from 'node:assert/strict';
import {it} from 'node:test';
import {RestBindings} from '@loopback/rest';
import {socketMethod} from 'loopback4-socket';
import {givenAuthenticated, givenClient} from '../helpers/client';
import type {TestClient} from '../helpers/client';
import {Gate} from '../helpers/gate';
import {describeSection} from '../helpers/section';
import {streamRemainsOf} from '../helpers/stream-remains';
import {count, givenStreams, readAll, Ticker} from '../helpers/streams';

const CALL = {$call: {id: 'c'}};

/** Cuts the connection, as a network does. */
async function cut(client: TestClient): Promise<void> {
  const {socket} = client;
  socket.io.reconnection(false);
  socket.io.engine.close();
  await client.next('disconnect');
}

describeSection('A stream after a lost connection', options => {
  const login = (url: string | undefined, id?: string) =>
    givenAuthenticated(url, {id}, options);

  it('is taken over by the first read, which gets all that follows got', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker);
    await using lost = await login(app.server.url, '1');
    const {stream} = await lost.open('ticks', null, CALL);
    const first = lost.call('$next', {stream, got: 0});
    await lost.call('ping');
    ticker.tick('a', 'b');
    assert.deepEqual((await first).result.items, ['a', 'b']);
    await cut(lost);
    ticker.tick('c');
    await using client = await login(app.server.url, '1');
    const {result} = await client.call('$next', {stream, got: 1});
    assert.deepEqual(result, {at: 1, items: ['b', 'c'], done: false});
    const next = client.call('$next', {stream, got: 3});
    await client.call('ping');
    ticker.tick('d');
    assert.deepEqual((await next).result, {at: 3, items: ['d'], done: false});
    // These are acknowledged.
    assert.equal((await client.call('$next', {stream, got: 5})).error.statusCode, 400);
    await client.call('$stop', {stream});
    await ticker.ended.next();
    assert.deepEqual(streamRemainsOf(app.server), {
      ...{streams: 0, sockets: 0, users: 0, detached: 0, kept: 0, buffered: 0},
    });
    assert.deepEqual(app.logged, []);
  });

  it('refuses reads on the earlier connection, also those that wait on a quiet stream', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker);
    await using early = await login(app.server.url, '1');
    await using late = await login(app.server.url, '1');
    const {stream} = await early.open('ticks', null, CALL);
    const waiting = [1, 2].map(() => early.call('$next', {stream, got: 0}));
    await early.call('ping');
    const read = late.call('$next', {stream, got: 0});
    for (const one of waiting) assert.equal((await one).error.code, 'STREAM_TAKEN');
    for (const again of [false, true]) {
      const {error} = await early.call('$next', {stream, got: 0, again});
      assert.deepEqual([error.statusCode, error.code], [409, 'STREAM_TAKEN']);
    }
    assert.deepEqual(await early.call('$stop', {stream}), {result: false});
    ticker.tick('a');
    assert.deepEqual((await read).result.items, ['a']);
    // The later connection has left, and the earlier one still cannot read.
    await cut(late);
    const {error} = await early.call('$next', {stream, got: 1});
    assert.equal(error.code, 'STREAM_TAKEN');
    await using last = await login(app.server.url, '1');
    const rest = last.call('$next', {stream, got: 1});
    await last.call('ping');
    ticker.tick('b');
    assert.deepEqual((await rest).result.items, ['b']);
  });

  it('answers the repeated call with the same stream, whose method runs once', async () => {
    let runs = 0;
    const gate = new Gate();
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('later', async () => {
        runs++;
        await gate.opened;
        return count(3);
      }),
    );
    await using lost = await login(app.server.url, '1');
    lost.socket.emit('later', null, CALL, () => undefined);
    await lost.call('ping');
    await cut(lost);
    await using client = await login(app.server.url, '1');
    const opening = client.open('later', null, CALL);
    gate.open();
    const {stream} = await opening;
    assert.deepEqual(await readAll(client, stream), [0, 1, 2]);
    assert.deepEqual(await client.open('later', null, CALL), {stream});
    assert.equal(runs, 1);
  });

  it('has the end and an error too', async () => {
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('fail', async function* () {
        yield* count(2);
        throw {statusCode: 404, message: 'No more.'};
      }),
    );
    for (const method of ['count', 'fail']) {
      for (const got of [0, 1, 2]) {
        await using lost = await login(app.server.url, '1');
        const call = {$call: {id: `${method} ${got}`}};
        const {stream} = await lost.open(method, 2, call);
        let error: unknown;
        await readAll(lost, stream).catch((thrown: unknown) => (error = thrown));
        await cut(lost);
        await using client = await login(app.server.url, '1');
        const again = await client.call('$next', {stream, got});
        if (method === 'count') {
          const items = [0, 1].slice(got);
          assert.deepEqual(
            again,
            {error}.error ?? {result: {at: got, items, done: true}},
          );
          continue;
        }
        // The client has acknowledged both items with its last read.
        if (got < 2) assert.equal(again.error.code, 'STREAM_GONE');
        else assert.deepEqual(again, {error});
      }
    }
  });

  it('is gone for a call without an id, and on another namespace', async () => {
    const ticker = new Ticker();
    class RoomsController {
      @socketMethod()
      numbers() {
        return count(3);
      }
    }
    await using app = await givenStreams(ticker, {namespace: /^\/room-\d$/}, undefined, {
      controllers: [RoomsController],
    });
    const {url} = app.app.getSync(RestBindings.SERVER);
    await using lost = await login(`${url}/room-1`, '1');
    await using other = await login(`${url}/room-2`, '1');
    const {stream} = await lost.open('numbers', null, CALL);
    assert.equal((await other.call('$next', {stream, got: 0})).error.code, 'STREAM_GONE');
    assert.deepEqual(await other.call('$stop', {stream}), {result: false});
    assert.deepEqual(await readAll(lost, stream), [0, 1, 2]);
    const plain = await lost.open('ticks');
    await cut(lost);
    await ticker.ended.next();
    await using client = await login(`${url}/room-1`, '1');
    const {error} = await client.call('$next', {...plain, got: 0});
    assert.equal(error.code, 'STREAM_GONE');
    assert.deepEqual(app.logged, []);
  });

  it('ends when its user does not come back in time', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker, {retryWindow: {time: 50, calls: 100}});
    await using lost = await login(app.server.url, '1');
    const {stream} = await lost.open('ticks', null, CALL);
    await cut(lost);
    await ticker.ended.next();
    await using client = await login(app.server.url, '1');
    assert.equal(
      (await client.call('$next', {stream, got: 0})).error.code,
      'STREAM_GONE',
    );
  });

  it('continues for a user without an id where sessions are recovered', async () => {
    const ticker = new Ticker();
    const io = {connectionStateRecovery: {maxDisconnectionDuration: 60_000}};
    await using app = await givenStreams(ticker, {}, undefined, {component: {io}});
    await using client = givenClient(app.server.url, {
      ...options,
      auth: {},
      reconnectionDelay: 1,
    });
    await client.authenticate({});
    const {stream} = await client.open('ticks', null, CALL);
    const {id} = client.socket;
    const read = client.call('$next', {stream, got: 0}).catch(() => undefined);
    // The client has an offset to recover from when it has got an event.
    app.server.io.emit('hello');
    await client.next('hello');
    client.socket.io.engine.close();
    await client.next('disconnect');
    await read;
    ticker.tick('a');
    await client.next('connect');
    await client.next('connect');
    assert.equal(client.socket.id, id);
    await client.authenticate({});
    const {result} = await client.call('$next', {stream, got: 0});
    assert.deepEqual(result, {at: 0, items: ['a'], done: false});
  });

  it('waits for got while 16 answers are not acknowledged', async () => {
    await using app = await givenStreams(new Ticker());
    await using client = await login(app.server.url, '1');
    const {stream} = await client.open('count', 100, CALL);
    const reads = Array.from({length: 16}, () =>
      client.call('$next', {stream, got: 0, max: 1}),
    );
    const answers = await Promise.all(reads);
    const items = answers.map(({result}) => result.items);
    assert.deepEqual(
      items,
      [...Array(16).keys()].map(at => [at]),
    );
    const blocked = client.call('$next', {stream, got: 0, max: 1, wait: 5});
    assert.deepEqual((await blocked).result, {at: 16, items: [], done: false});
    const {result} = await client.call('$next', {stream, got: 16, max: 1});
    assert.deepEqual(result.items, [16]);
  });

  it('is kept for 32 streams of a user; with more, the first that lost its connection ends', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker, {maxStreams: false});
    await using lost = await login(app.server.url, '1');
    const opened: string[] = [];
    for (let at = 0; at < 34; at++) {
      opened.push((await lost.open('ticks', null, {$call: {id: `${at}`}})).stream);
    }
    await cut(lost);
    await ticker.ended.next();
    await ticker.ended.next();
    assert.equal(streamRemainsOf(app.server).detached, 32);
    await using client = await login(app.server.url, '1');
    const codes: unknown[] = [];
    for (const stream of opened) {
      const {error} = await client.call('$next', {stream, got: 0, wait: 0});
      codes.push(error?.code);
    }
    assert.deepEqual(codes.slice(0, 3), ['STREAM_GONE', 'STREAM_GONE', undefined]);
    assert.equal(codes.filter(Boolean).length, 2);
    assert.equal(streamRemainsOf(app.server).detached, 0);
  });

  it('is not cancelled by the ref of its call on another connection', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker);
    await using lost = await login(app.server.url, '1');
    const {stream} = await lost.open('ticks', null, {$call: {id: 'c', ref: 'r'}});
    await cut(lost);
    await using client = await login(app.server.url, '1');
    await client.call('$next', {stream, got: 0, wait: 0});
    assert.deepEqual(await client.call('$cancel', {ref: 'r'}), {result: false});
    const cancel = {method: 'ticks', id: 'c'};
    assert.deepEqual(await client.call('$cancel', cancel), {result: true});
    await ticker.ended.next();
  });
});
