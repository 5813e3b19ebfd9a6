import {asGlobalInterceptor, inject} from '@loopback/core';
import type {Interceptor} from '@loopback/core';
import {get, HttpErrors, param, RestBindings} from '@loopback/rest';
import type {RestServer} from '@loopback/rest';
import {feed, SocketBindings, socketMethod, tracked} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {EventEmitter, getEventListeners} from 'node:events';
import {request} from 'node:http';
import type {IncomingMessage} from 'node:http';
import {Readable} from 'node:stream';
import {describe, it} from 'node:test';
import {givenApp} from '../../helpers/app';
import type {AppOptions, GivenApp} from '../../helpers/app';
import {awaited, once} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';

/** The acts of the methods of a test, which the test waits for. */
const events = new EventEmitter();
const BLOCK = 'x'.repeat(1024 * 1024);

async function* endless(label: string, signal?: AbortSignal) {
  let made = 0;
  try {
    while (!signal?.aborted) yield {at: made++, block: BLOCK};
  } finally {
    events.emit('ended', label, made);
  }
}

class ListingController {
  @get('/rows/{count}')
  @socketMethod()
  async *rows(@param.path.integer('count') count: number) {
    for (let at = 0; at < count; at++) yield at % 2 ? {at} : tracked(`${at}`, {at});
  }

  @get('/later')
  @socketMethod()
  async later() {
    await Promise.resolve();
    return this.rows(1);
  }

  @get('/unusual')
  @socketMethod()
  async *unusual() {
    yield* [undefined, null, 'text\nline', new Date(0)];
  }

  @get('/missing')
  @socketMethod()
  async *missing() {
    yield* await Promise.reject<string[]>(new HttpErrors.NotFound('No such topic.'));
  }

  @get('/unencodable/{after}')
  @socketMethod()
  async *unencodable(@param.path.integer('after') after: number) {
    try {
      yield* Array.from({length: after}, (_, at) => at);
      yield 1n;
    } finally {
      events.emit('ended', 'unencodable');
    }
  }

  @get('/broken')
  @socketMethod()
  async *broken() {
    yield 1;
    throw await Promise.resolve(new Error('The cursor was closed.'));
  }

  @get('/endless')
  @socketMethod()
  endless() {
    return endless('endless');
  }

  @get('/blocked')
  @socketMethod()
  async *blocked(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
    try {
      yield 'first';
      for await (const item of feed<string>(events, 'never', {signal})) yield item;
    } finally {
      events.emit('ended', 'blocked', getEventListeners(events, 'never').length);
    }
  }

  @get('/waits')
  @socketMethod()
  async waits(@inject(SocketBindings.SIGNAL) signal: AbortSignal) {
    events.emit('waiting');
    await once(signal, 'abort');
    events.emit('ended', 'waits');
    signal.throwIfAborted();
  }

  @get('/after')
  @socketMethod()
  after(@inject(SocketBindings.AFTER) after?: string) {
    return {after: after === undefined};
  }

  @get('/bytes')
  @socketMethod()
  bytes() {
    return Readable.from([Buffer.from('bytes')]);
  }

  @get('/rest-only')
  restOnly() {
    return this.rows(1);
  }
}

interface Given {
  readonly given: GivenApp;
  readonly url: string;
  /** Messages of the errors that REST logged. */
  readonly logged: string[];
}

async function givenListings(options: AppOptions = {}): Promise<Given> {
  const logged: string[] = [];
  const given = await givenApp({
    controllers: [ListingController],
    servers: {'': {anonymous: true}},
    ...options,
    setup: async app => {
      app
        .bind(RestBindings.SequenceActions.LOG_ERROR)
        .to((error, status) => status < 500 || logged.push(error.message));
      await options.setup?.(app);
    },
  });
  const {url = ''} = await given.app.get<RestServer>('servers.RestServer');
  return {given, logged, url};
}

/** Returns the response as soon as it has headers; its body is not read. */
async function responseOf(url: string): Promise<IncomingMessage> {
  const [response] = (await once(request(url).end(), 'response')) as [IncomingMessage];
  return response;
}

describe('a method that streams, called over REST', () => {
  it('is answered as JSON values, one a line', async () => {
    const {given, url} = await givenListings();
    await using _ = given;
    const response = await fetch(`${url}/rows/3`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    assert.equal(await response.text(), '{"at":0}\n{"at":1}\n{"at":2}\n');
    assert.equal(await (await fetch(`${url}/rows/0`)).text(), '');
    assert.equal(await (await fetch(`${url}/later`)).text(), '{"at":0}\n');
    const unusual = await (await fetch(`${url}/unusual`)).text();
    assert.equal(unusual, 'null\nnull\n"text\\nline"\n"1970-01-01T00:00:00.000Z"\n');
  });

  it('is a stream for sockets', async () => {
    const {given} = await givenListings();
    await using _ = given;
    await using client = await givenAuthenticated(given.server.url);
    const {stream} = await client.socket.emitWithAck('rows', {count: 2});
    const {result} = await client.socket.emitWithAck('$next', {stream, got: 0, max: 1});
    assert.deepEqual(result.items, [{at: 0}]);
  });

  it('is answered with an ordinary error before the first item', async () => {
    const {given, logged, url} = await givenListings();
    await using _ = given;
    const response = await fetch(`${url}/missing`);
    const {error} = await response.json();
    assert.deepEqual([response.status, error.message], [404, 'No such topic.']);
    const ended = once(events, 'ended');
    assert.equal((await fetch(`${url}/unencodable/0`)).status, 500);
    await ended;
    assert.equal(logged.length, 1);
  });

  for (const [path, message] of [
    ['/broken', /cursor was closed/],
    ['/unencodable/2', /BigInt/],
  ] as const) {
    it(`is cut by a later error, which is logged once: ${path}`, async () => {
      const {given, logged, url} = await givenListings();
      await using _ = given;
      const response = await fetch(`${url}${path}`);
      assert.equal(response.status, 200);
      const received: string[] = [];
      await assert.rejects(async () => {
        for await (const chunk of response.body ?? [])
          received.push(String(Buffer.from(chunk)));
      });
      assert.match(received.join(''), /^[01]\n1?/);
      assert.equal(logged.length, 1);
      assert.match(logged[0], message);
    });
  }

  it('makes items as the client reads them, and ends when it leaves', async () => {
    const {given, logged, url} = await givenListings();
    await using _ = given;
    const ended = once(events, 'ended');
    const response = await responseOf(`${url}/endless`);
    await once(response, 'readable');
    response.destroy();
    const [label, made] = await ended;
    assert.equal(label, 'endless');
    assert.ok(made < 64, `${made} items of 1 MB were made`);
    assert.deepEqual(logged, []);
  });

  it('aborts its signal when the client leaves', async () => {
    const {given, logged, url} = await givenListings();
    await using _ = given;
    const ended = once(events, 'ended');
    const response = await responseOf(`${url}/blocked`);
    response.destroy();
    assert.deepEqual(await ended, ['blocked', 0]);
    assert.deepEqual(logged, []);
  });

  it('does not keep the application from stopping', async () => {
    const {given, logged, url} = await givenListings();
    const ended = once(events, 'ended');
    const response = await responseOf(`${url}/endless`);
    response.on('error', () => undefined);
    await awaited(given.app.stop(), 'the stop');
    await ended;
    assert.deepEqual(logged, []);
  });

  it('shows its iterable to interceptors of the application', async () => {
    const seen: unknown[] = [];
    const interceptor: Interceptor = async (_invocation, next) => {
      const result: unknown = await next();
      seen.push(Symbol.asyncIterator in (result as object));
      return result;
    };
    const {given, url} = await givenListings({
      setup: app =>
        void app.bind('seen').to(interceptor).apply(asGlobalInterceptor('any')),
    });
    await using _ = given;
    await (await fetch(`${url}/rows/1`)).text();
    assert.deepEqual(seen, [true]);
  });
});

describe('other REST operations', () => {
  it('have a signal when they are socket methods', async () => {
    const {given, logged, url} = await givenListings();
    await using _ = given;
    const [waiting, ended] = [once(events, 'waiting'), once(events, 'ended')];
    const call = request(`${url}/waits`)
      .on('error', () => undefined)
      .end();
    await waiting;
    call.destroy();
    assert.deepEqual(await ended, ['waits']);
    assert.deepEqual(await (await fetch(`${url}/after`)).json(), {after: true});
    assert.deepEqual(logged, []);
  });

  it('answer a Readable as REST does', async () => {
    const {given, url} = await givenListings();
    await using _ = given;
    const response = await fetch(`${url}/bytes`);
    assert.equal(response.headers.get('content-type'), 'application/octet-stream');
    assert.equal(await response.text(), 'bytes');
  });

  it('are left alone when they are no socket methods', async () => {
    const {given, url} = await givenListings();
    await using _ = given;
    assert.equal(await (await fetch(`${url}/rest-only`)).text(), '{}');
  });
});
