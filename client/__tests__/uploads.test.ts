import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {Readable} from 'node:stream';
import {describe, it} from 'node:test';
import {Queue} from '../../__tests__/helpers/queue';
import {hashOf} from '../../__tests__/helpers/chunks';
import {failureOf, givenClient, TRANSPORTS} from './helpers/client';
import {allOf} from './helpers/counting';
import {endless, givenUploads, KiB} from './helpers/uploading';

for (const transport of TRANSPORTS) {
  const options = {credentials: {id: 'a'}, io: {transports: [transport]}};

  describe(`An upload over ${transport}`, () => {
    it('arrives as it was, whatever its source', async () => {
      await using uploads = await givenUploads();
      await using one = givenClient(uploads.url, options);
      const bytes = randomBytes(300 * KiB + 17);
      const hash = hashOf([bytes]);
      const buffer = new ArrayBuffer(bytes.length);
      new Uint8Array(buffer).set(bytes);
      const parts = [bytes.subarray(0, 70 * KiB), bytes.subarray(70 * KiB)];
      const sources = {
        bytes,
        buffer,
        blob: new Blob([bytes]),
        stream: new Blob([bytes]).stream(),
        iterable: parts,
        'Node stream': Readable.from(parts),
      };
      const items: Record<string, number> = {};
      for (const [name, upload] of Object.entries(sources)) {
        const photo = await one.client.call.photo(undefined, {upload});
        assert.equal(photo.hash, hash, name);
        items[name] = photo.items;
      }
      // Bytes are sent in parts of 32 KiB, the values of iterables as they are.
      const {stream, ...others} = items;
      assert.deepEqual(others, {
        bytes: 10,
        buffer: 10,
        blob: 10,
        iterable: 2,
        'Node stream': 2,
      });
      assert.ok(stream >= 10);
    });

    it('carries values of any kind, many in a packet', async () => {
      await using uploads = await givenUploads();
      await using one = givenClient(uploads.url, options);
      const values = Array.from({length: 3000}, (_, at) => ({at, list: [at]}));
      assert.deepEqual(await one.client.call.list(undefined, {upload: values}), values);
      assert.ok(uploads.sent() < 20, `${uploads.sent()} packets`);
      const nested = Array.from({length: 7}, (_, at) => ({
        at,
        list: [Buffer.from('a'), Buffer.from('b'), [Buffer.from('c')]],
      }));
      assert.deepEqual(
        await allOf(one.client.call.echo(undefined, {upload: nested})),
        nested,
      );
      assert.deepEqual(await one.client.call.list(undefined, {upload: []}), []);
    });

    it('shows its progress as the method takes it', async () => {
      await using uploads = await givenUploads();
      await using one = givenClient(uploads.url, options);
      const shown: [number, number | undefined][] = [];
      const onProgress = (...progress: [number, number | undefined]) =>
        void shown.push(progress);
      const upload = randomBytes(1000 * KiB);
      await one.client.call.photo(undefined, {upload, onProgress});
      assert.deepEqual(shown.at(-1), [1000 * KiB, 1000 * KiB]);
      assert.ok(shown.length > 4);
      const sorted = [...shown].sort(([a], [b]) => a - b);
      assert.deepEqual(shown, sorted);
      shown.splice(0);
      await one.client.call.list(undefined, {upload: ['a', 'b'], onProgress});
      assert.deepEqual(shown.at(-1), [2, 2]);
      const stream = new Blob(['abc']).stream();
      await one.client.call.photo(undefined, {upload: stream, onProgress});
      assert.deepEqual(shown.at(-1), [3, undefined]);
    });

    it('with an id goes on over the next connection, and runs once', async () => {
      await using uploads = await givenUploads();
      await using one = givenClient(uploads.url, options);
      const bytes = randomBytes(2000 * KiB);
      for (const repeatable of [true, false]) {
        const {runs} = uploads.seen;
        let cuts = 0;
        const photo = await one.client.call.photo(undefined, {
          id: true,
          upload: repeatable ? bytes : new Blob([bytes]).stream(),
          onProgress: sent => {
            if (sent < (cuts + 1) * 220 * KiB || cuts === 8) return;
            cuts++;
            uploads.drop();
          },
        });
        assert.equal(photo.hash, hashOf([bytes]));
        assert.equal(uploads.seen.runs, runs + 1);
        assert.equal(cuts, 8);
      }
    });

    it('ends when the method answers early, and so does its source', async () => {
      await using uploads = await givenUploads();
      await using one = givenClient(uploads.url, options);
      const closed = new Queue<unknown>();
      const first = one.client.call.first(undefined, {upload: endless(closed)});
      assert.equal(await first, 0);
      await closed.next();
      assert.deepEqual(
        await failureOf(one.client.call.refuse(undefined, {upload: endless(closed)})),
        {statusCode: 422, code: undefined, sent: true},
      );
      await closed.next();
      assert.equal(await one.client.call.ping(), 'pong');
    });

    it('is cancelled by its signal, and the iterable of the method throws', async () => {
      await using uploads = await givenUploads();
      await using one = givenClient(uploads.url, options);
      const abort = new AbortController();
      async function* some() {
        yield Buffer.from('a');
        await new Promise(() => undefined);
      }
      const call = one.client.call.photo(undefined, {
        upload: some(),
        signal: abort.signal,
      });
      await uploads.seen.taken.next();
      abort.abort();
      assert.deepEqual(await failureOf(call), {
        statusCode: 499,
        code: 'CALL_CANCELLED',
        sent: true,
      });
      assert.match(String(await uploads.seen.thrown.next()), /cancelled/);
    });
  });
}
