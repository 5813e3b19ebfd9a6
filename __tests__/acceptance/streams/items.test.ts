import {tracked} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {createReadStream, existsSync, readdirSync} from 'node:fs';
import {PassThrough, Readable} from 'node:stream';
import {describe, it} from 'node:test';
import {seconds, until} from '../../helpers/awaited';
import {bytesParser} from '../../helpers/bytes-parser';
import {givenAuthenticated} from '../../helpers/client';
import {INTERNAL} from '../../helpers/faults';
import {givenStreams, readAll, Ticker} from '../../helpers/streams';

const OPEN_FILES = '/proc/self/fd';
const skip = existsSync(OPEN_FILES) ? false : `there is no ${OPEN_FILES}`;

describe('the items of a stream', {timeout: seconds(30)}, () => {
  it('may have promises, whose rejection is logged once', async () => {
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('promises', async function* promises() {
        yield await Promise.resolve(0);
        yield {later: Promise.reject(new Error('inside'))};
        yield [Buffer.from('a'), Promise.reject(new Error('beside a buffer'))];
        yield tracked('x', {later: Promise.reject(new Error('tracked'))});
        yield {later: Promise.reject(new Error('unsent')), not: 1n};
      }),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'});
    const {stream} = await client.open('promises');
    await assert.rejects(readAll(client, stream), INTERNAL.error);
    await client.call('ping');
    const messages = app.logged.map(([error]) => (error as Error).message);
    const [encoding] = messages.filter(message => message.includes('BigInt'));
    assert.deepEqual(
      messages.sort(),
      ['beside a buffer', encoding, 'inside', 'tracked', 'unsent'].sort(),
    );
  });

  it('are encoded by the application’s parser, also when they are sent again', async () => {
    const parser = bytesParser;
    const list = ['a'];
    const items = [['a'], {at: 1}, null, 'text'];
    await using app = await givenStreams(
      new Ticker(),
      {},
      server => {
        server.defineMethod('items', async function* () {
          yield list;
          list.push('b');
          yield await Promise.resolve(tracked('x', {at: 1}));
          yield undefined;
          yield 'text';
        });
        server.defineMethod('wrong', async function* () {
          yield await Promise.resolve(1);
          yield 1n;
        });
      },
      {component: {io: {parser}}},
    );
    const login = () => givenAuthenticated(app.server.url, {id: '1'}, {parser});
    await using first = await login();
    const {stream} = await first.open('items', null, {$call: {id: 'c'}});
    const {result} = await first.call('$next', {stream, got: 0, max: 2});
    assert.deepEqual(result.items[0], ['a']);
    await using second = await login();
    assert.deepEqual(await readAll(second, stream), items);
    const wrong = await second.open('wrong');
    await assert.rejects(readAll(second, wrong.stream), INTERNAL.error);
  });

  it('that an ack with a time limit has missed are sent again with again, or wait for the next read with wait', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker);
    await using client = await givenAuthenticated(app.server.url, {id: '1'});
    const {socket} = client;
    const {stream} = await client.open('ticks', null, {$call: {id: 'c'}});
    const late = socket.timeout(5).emitWithAck('$next', {stream, got: 0});
    await assert.rejects(late, /timed out/);
    ticker.tick('a', 'b');
    await client.call('ping');
    const again = await client.call('$next', {stream, got: 0, again: true});
    assert.deepEqual(again.result, {at: 0, items: ['a', 'b'], done: false});
    for (let got = 2; got < 6; got += 2) {
      const read = {stream, got, wait: 5};
      const nothing = await client.call('$next', read);
      assert.deepEqual(nothing.result, {at: got, items: [], done: false});
      ticker.tick(got, got + 1);
      const {result} = await client.call('$next', read);
      assert.deepEqual(result.items, [got, got + 1].slice(0, result.items.length));
      if (result.items.length < 2) await client.call('$next', {...read, got: got + 1});
    }
  });

  const failing: Record<string, () => Readable> = {
    'before it is returned': () =>
      new Readable({read: () => undefined}).destroy(new Error('early')),
    'at once': () => {
      const stream = new PassThrough();
      process.nextTick(() => stream.destroy(new Error('early')));
      return stream;
    },
    'after its first chunk': () => {
      const stream = new PassThrough();
      stream.write('a');
      setImmediate(() => stream.destroy(new Error('early')));
      return stream;
    },
  };
  for (const [when, make] of Object.entries(failing)) {
    it(`may come of a Readable that fails ${when}, which ends only the stream`, async () => {
      await using app = await givenStreams(new Ticker(), {}, server =>
        server.defineMethod('fails', make),
      );
      await using client = await givenAuthenticated(app.server.url, {id: '1'});
      const {stream} = await client.open('fails');
      await client.call('ping');
      await assert.rejects(readAll(client, stream), INTERNAL.error);
      const unread = await client.open('fails');
      await client.call('$stop', unread);
      await client.call('ping');
      for (const [error] of app.logged) assert.equal((error as Error).message, 'early');
      assert.ok(app.logged.length >= 1);
    });
  }

  it('leave no file open that was not read', {skip}, async () => {
    await using app = await givenStreams(new Ticker(), {maxStreams: false}, server =>
      server.defineMethod('file', () => createReadStream(__filename)),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'});
    const opened = () => readdirSync(OPEN_FILES).length;
    const before = opened();
    for (let at = 0; at < 1000; at += 20) {
      const streams = await Promise.all(
        Array.from({length: 20}, () => client.open('file')),
      );
      for (const {stream} of streams) {
        assert.deepEqual(await client.call('$stop', {stream}), {result: true});
      }
    }
    await until(() => opened() === before);
    assert.deepEqual(app.logged, []);
  });
});
