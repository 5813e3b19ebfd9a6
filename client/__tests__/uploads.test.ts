import {securityId} from '@loopback/security';
import type {SocketServerOptions} from 'loopback4-socket';
import {CallError} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {Readable} from 'node:stream';
import {describe, it} from 'node:test';
import type {GivenApp} from '../../__tests__/helpers/app';
import {Queue} from '../../__tests__/helpers/queue';
import {givenServer} from '../../__tests__/helpers/server';
import {hashOf, SeenUploads, uploadController} from '../../__tests__/helpers/uploads';
import {failureOf, givenClient, TRANSPORTS} from './helpers/client';
import {allOf} from './helpers/counting';

const KiB = 1024;

interface GivenUploads extends AsyncDisposable {
  readonly app: GivenApp;
  readonly url: string | undefined;
  readonly seen: SeenUploads;
  /** The number of `$send` that came. */
  readonly sent: () => number;
  /** Cuts all connections. */
  drop(): void;
}

async function givenUploads(options: SocketServerOptions = {}): Promise<GivenUploads> {
  const seen = new SeenUploads();
  let sent = 0;
  const app = await givenServer(
    server => {
      server.auth((_socket, {id}: {id?: string}) => ({[securityId]: id}));
      server.defineMethod('ping', () => 'pong');
    },
    options,
    {
      controllers: [uploadController(seen)],
      component: {reconnectWindow: 20, drainTimeout: 0},
    },
  );
  app.server.io.on('connection', socket => {
    socket.prependAny(name => {
      if (name === '$send') sent++;
    });
  });
  return {
    app,
    url: app.server.url,
    seen,
    sent: () => sent,
    drop: () => {
      for (const {conn} of app.server.io.sockets.values()) conn.close();
    },
    [Symbol.asyncDispose]: async () => {
      seen.gate.open();
      await app[Symbol.asyncDispose]();
    },
  };
}

/** Numbers without an end, and an entry when they are no longer read. */
async function* endless(closed: Queue<unknown>) {
  try {
    for (let at = 0; ; at++) {
      await new Promise(resolve => setImmediate(resolve));
      yield at;
    }
  } finally {
    closed.push(undefined);
  }
}

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
    const circular: unknown[] = [];
    circular.push(circular);
    const call = one.client.call.list(undefined, {upload: [circular]});
    assert.equal(((await failureOf(call)) as CallError).code, 'NOT_SENDABLE');
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
