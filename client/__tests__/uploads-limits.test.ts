import {CallError} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {describe, it} from 'node:test';
import {Queue} from '../../__tests__/helpers/queue';
import {hashOf} from '../../__tests__/helpers/chunks';
import {failureOf, givenClient} from './helpers/client';
import {allOf} from './helpers/counting';
import {endless, givenUploads, KiB} from './helpers/uploading';

describe('An upload', () => {
  const options = {credentials: {id: 'a'}};

  it('is bounded while the method does not take it', async () => {
    await using uploads = await givenUploads();
    await using one = givenClient(uploads.url, options);
    let made = 0;
    function* parts() {
      for (; made < 1000; made++) yield Buffer.alloc(32 * KiB);
    }
    const call = one.client.call.hold(undefined, {upload: parts()});
    await uploads.seen.iterators.next();
    for (let round = 0; round < 20; round++) await one.client.call.ping();
    assert.ok(made <= 9, `${made} parts were read`);
    assert.equal(uploads.sent(), 8);
    uploads.seen.gate.open();
    assert.equal(await call, 'held');
  });

  it('beside others that are not taken arrives in the end', async () => {
    await using uploads = await givenUploads();
    await using one = givenClient(uploads.url, options);
    const held = Array.from({length: 5}, () =>
      one.client.call.hold(undefined, {upload: randomBytes(500 * KiB)}),
    );
    for (const _ of held.slice(1)) await uploads.seen.iterators.next();
    const bytes = randomBytes(500 * KiB);
    const photo = one.client.call.photo(undefined, {upload: bytes});
    await one.client.call.ping();
    uploads.seen.gate.open();
    assert.equal((await photo).hash, hashOf([bytes]));
    assert.deepEqual(await Promise.all(held), Array(5).fill('held'));
  });

  it('whose source fails fails with its error, and the iterable of the method throws', async () => {
    await using uploads = await givenUploads();
    await using one = givenClient(uploads.url, options);
    const mistake = new Error('No such file.');
    async function* failing() {
      yield Buffer.from('a');
      throw mistake;
    }
    for (const id of [undefined, true] as const) {
      const call = one.client.call.photo(undefined, {upload: failing(), id});
      const error: unknown = await call.catch((caught: unknown) => caught);
      assert.ok(error instanceof CallError);
      assert.deepEqual([error.code, error.cause], ['NOT_SENDABLE', mistake]);
      assert.match(String(await uploads.seen.thrown.next()), /cancelled/);
    }
  });

  it('of what cannot be sent fails, and the connection stays', async () => {
    await using uploads = await givenUploads();
    await using one = givenClient(uploads.url, options);
    const circular: unknown[] = [];
    circular.push(circular);
    const values = [circular, 1n, Array(11).fill(Buffer.from('a')), 'a'.repeat(1e6)];
    for (const value of values) {
      const call = one.client.call.list(undefined, {upload: [value]});
      assert.equal(((await failureOf(call)) as CallError).code, 'NOT_SENDABLE');
    }
    const call = one.client.request('list', undefined, {upload: 5 as never});
    assert.deepEqual(await failureOf(call), {
      statusCode: 400,
      code: 'NOT_SENDABLE',
      sent: false,
    });
    assert.deepEqual(one.states.at(-1), 'authenticated');
    assert.equal(await one.client.call.ping(), 'pong');
  });

  it('without an id fails when its connection is lost', async () => {
    await using uploads = await givenUploads();
    await using one = givenClient(uploads.url, options);
    const call = one.client.call.hold(undefined, {upload: randomBytes(500 * KiB)});
    await uploads.seen.iterators.next();
    uploads.drop();
    assert.deepEqual(await failureOf(call), {
      statusCode: 503,
      code: 'DISCONNECTED',
      sent: true,
    });
  });

  it('to a method that takes none is refused', async () => {
    await using uploads = await givenUploads();
    await using one = givenClient(uploads.url, options);
    const call = one.client.call.ping(undefined, {upload: ['a']});
    assert.equal(((await failureOf(call)) as CallError).statusCode, 400);
    assert.equal(await one.client.call.ping(), 'pong');
  });

  it('to a server that has restarted begins again, if its source can be read again', async () => {
    await using uploads = await givenUploads();
    await using one = givenClient(uploads.url, options);
    const bytes = randomBytes(1000 * KiB);
    for (const repeatable of [true, false]) {
      let stopped: Promise<void> | undefined;
      const call = one.client.call.photo(undefined, {
        id: true,
        upload: repeatable ? bytes : new Blob([bytes]).stream(),
        onProgress: sent => {
          if (sent > 300 * KiB) stopped ??= uploads.app.app.stop();
        },
      });
      await one.until('disconnected');
      await stopped;
      await uploads.app.app.start();
      if (repeatable) assert.equal((await call).hash, hashOf([bytes]));
      else
        assert.deepEqual(await failureOf(call), {
          statusCode: 410,
          code: 'UPLOAD_GONE',
          sent: true,
        });
    }
  });

  it('takes longer than the timeout of a call while there is progress', async () => {
    await using uploads = await givenUploads();
    await using one = givenClient(uploads.url, {...options, timeout: 200});
    async function* slowly() {
      for (let at = 0; at < 5; at++) {
        await new Promise(resolve => setTimeout(resolve, 80));
        yield at;
      }
    }
    assert.deepEqual(
      await one.client.call.list(undefined, {upload: slowly()}),
      [0, 1, 2, 3, 4],
    );
    const hold = {upload: slowly()};
    const timedOut = {statusCode: 504, code: 'CALL_TIMEOUT', sent: true};
    assert.deepEqual(await failureOf(one.client.call.hold(undefined, hold)), timedOut);
    const call = one.client.call.list(undefined, {upload: slowly(), timeout: 150});
    assert.deepEqual(await failureOf(call), timedOut);
  });

  it('to a method that streams goes on while its items come', async () => {
    await using uploads = await givenUploads();
    await using one = givenClient(uploads.url, options);
    const values = Array.from({length: 500}, (_, at) => at);
    const {client} = one;
    assert.deepEqual(await allOf(client.call.echo(undefined, {upload: values})), values);
    const closed = new Queue<unknown>();
    for await (const item of client.call.echo(undefined, {upload: endless(closed)}))
      if (item === 100) break;
    await closed.next();
    const mistake = new Error('No more.');
    async function* failing() {
      yield 0;
      throw mistake;
    }
    const echoed = allOf(client.call.echo(undefined, {upload: failing()}));
    const error: unknown = await echoed.catch((caught: unknown) => caught);
    assert.equal((error as CallError).cause, mistake);
  });
});
