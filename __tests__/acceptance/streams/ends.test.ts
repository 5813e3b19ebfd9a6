import assert from 'node:assert/strict';
import {once} from 'node:events';
import {describe, it} from 'node:test';
import {inject} from '@loopback/core';
import {securityId} from '@loopback/security';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import type {SocketServerOptions} from 'loopback4-socket';
import type {GivenApp} from '../../helpers/app';
import {until} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {Gate} from '../../helpers/gate';
import {Queue} from '../../helpers/queue';
import {streamRemainsOf} from '../../helpers/stream-remains';
import {givenStreams, Ticker} from '../../helpers/streams';

/** How a stream is ended, and the options that it needs. */
interface Ending {
  readonly end: (client: TestClient, app: GivenApp, stream: string) => unknown;
  readonly options?: SocketServerOptions;
  /** When the authentication ends, in ms from now. */
  readonly expires?: number;
}

const leave = (client: TestClient) => void client.socket.disconnect();

const ENDINGS: Record<string, Ending> = {
  $stop: {
    end: async (client, _app, stream) =>
      assert.deepEqual(await client.call('$stop', {stream}), {result: true}),
  },
  $cancel: {
    end: async client =>
      assert.deepEqual(await client.call('$cancel', {ref: 'r'}), {result: true}),
  },
  'a client that leaves': {end: leave},
  'a lost connection': {end: client => client.socket.io.engine.close()},
  'a connection that the server closes': {
    end: (_client, {server}) => server.io.disconnectSockets(true),
  },
  expiry: {end: () => undefined, expires: 100},
  revocation: {
    end: (_client, {server}) => server.disconnectUser('1'),
  },
  'a server that stops': {end: (_client, {app}) => app.stop()},
};

/** The endings of a stream without a socket. */
const LATER: Record<string, Ending> = {
  'the time in which its user can come back': {
    end: leave,
    options: {retryWindow: {time: 20, calls: 10}},
  },
  'revocation without a socket': {
    end: async (client, {server}) => {
      const {streams} = streamRemainsOf(server);
      client.socket.disconnect();
      await client.next('disconnect');
      await until(() => streamRemainsOf(server).detached === streams);
      server.disconnectUser('1');
    },
  },
  'a server that stops without its socket': {
    end: async (client, {app}) => {
      client.socket.disconnect();
      await client.next('disconnect');
      await app.stop();
    },
  },
};

describe('a stream that is ended', () => {
  const happened = new Queue<string>();
  class BlockedController {
    /** Waits for what never comes, as long as its signal lets it. */
    @socketMethod()
    async *blocked(
      _socket: unknown,
      _credentials: unknown,
      {fails = false} = {},
      @inject(SocketBindings.SIGNAL) signal: AbortSignal,
    ) {
      signal.addEventListener('abort', () => happened.push('aborted'));
      try {
        yield 'first';
        happened.push('blocked');
        await once(new EventTarget(), 'never', {signal});
      } finally {
        happened.push('finally');

        if (fails) throw new Error('finally failed');
      }
    }
  }

  const givenBlocked = ({options = {}, expires}: Ending) =>
    givenStreams(
      new Ticker(),
      options,
      server =>
        server.auth((_socket, {id}: {id?: string}) => ({
          [securityId]: id,
          ...(expires && {expiresAt: Date.now() + expires}),
        })),
      {controllers: [BlockedController]},
    );

  const byAll = {...ENDINGS, ...LATER};
  for (const [how, ending] of Object.entries(byAll)) {
    for (const kept of [false, true]) {
      if (how in LATER && !kept) continue;
      it(`by ${how}${kept ? ', with an id' : ''} aborts its method, and leaves nothing`, async () => {
        await using app = await givenBlocked(
          // The stream with an id ends with the window.
          kept && !ending.options
            ? {...ending, options: {retryWindow: {time: 200, calls: 10}}}
            : ending,
        );
        await using client = await givenAuthenticated(app.server.url, {id: '1'});
        const call = {$call: {ref: 'r', ...(kept && {id: how})}};
        const {stream} = await client.open('blocked', {}, call);
        const {result} = await client.call('$next', {stream, got: 0});
        assert.deepEqual(result.items, ['first']);
        client.call('$next', {stream, got: 1}).catch(() => undefined);
        assert.equal(await happened.next(), 'blocked');
        await ending.end(client, app, stream);
        assert.equal(await happened.next(), 'aborted');
        assert.equal(await happened.next(), 'finally');
        const {socket} = client;
        if (how === '$cancel') await client.call('$stop', {stream});
        if (!/^\$/.test(how)) socket.disconnect();
        const remains = () => streamRemainsOf(app.server);
        await until(() => remains().streams + remains().users === 0);
        assert.deepEqual(remains(), {
          ...{streams: 0, sockets: 0, users: 0, detached: 0, kept: 0, buffered: 0},
        });
        assert.deepEqual(app.logged, []);
      });
    }
  }

  it('logs what its finally throws, once', async () => {
    await using app = await givenBlocked({...ENDINGS.$stop});
    await using client = await givenAuthenticated(app.server.url, {id: '1'});
    for (const blocks of [true, false]) {
      const {stream} = await client.open('blocked', {fails: true});
      await client.call('$next', {stream, got: 0});
      if (blocks) {
        client.call('$next', {stream, got: 1}).catch(() => undefined);
      }
      assert.equal(await happened.next(), 'blocked');
      await client.call('$stop', {stream});
      assert.deepEqual(
        [await happened.next(), await happened.next()],
        ['aborted', 'finally'],
      );
      await client.call('ping');
      const [[error, , {handler}], ...more] = app.logged.splice(0);
      assert.equal((error as Error).message, 'finally failed');
      assert.equal(handler, 'BlockedController.blocked');
      assert.deepEqual(more, []);
    }
  });

  it('is stopped at once though its method heeds no signal', async () => {
    const gate = new Gate();
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('deaf', async function* () {
        try {
          await gate.opened;
          yield {later: Promise.reject(new Error('inside'))};
        } finally {
          happened.push('finally');
        }
      }),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'});
    const {stream} = await client.open('deaf');
    const read = client.call('$next', {stream, got: 0});
    assert.deepEqual(await client.call('$stop', {stream}), {result: true});
    assert.deepEqual((await read).result, {at: 0, items: [], done: true});
    assert.equal(happened.size, 0);
    gate.open();
    assert.equal(await happened.next(), 'finally');
    await client.call('ping');
    // The item that nobody gets has a promise that rejects.
    assert.deepEqual(
      app.logged.map(([error]) => (error as Error).message),
      ['inside'],
    );
  });

  it('leaves nothing of hundreds, nor of their calls', async () => {
    const ticker = new Ticker();
    await using app = await givenStreams(ticker, {maxStreams: false});
    await using client = await givenAuthenticated(app.server.url, {id: '1'});
    const open = async (at: number, method: string, args: unknown) => {
      const call = at % 2 === 0 ? {} : {$call: {id: `${method} ${at}`}};
      const {stream} = await client.open(method, args, ...(at % 2 === 0 ? [] : [call]));
      return stream;
    };
    const ends: ((stream: string) => Promise<unknown>)[] = [
      stream => client.call('$stop', {stream}),
      async stream => {
        const read = client.call('$next', {stream, got: 0});
        await client.call('$stop', {stream});
        await read;
      },
    ];
    for (const end of ends) {
      for (let at = 0; at < 200; at++) await end(await open(at, 'ticks', null));
    }
    for (let at = 0; at < 200; at++) await open(at, 'count', 0);
    assert.ok(streamRemainsOf(app.server).streams <= 300);
    client.socket.disconnect();
    await client.next('disconnect');
    const remains = () => streamRemainsOf(app.server);
    await until(() => remains().sockets === 0);
    assert.ok(remains().streams <= 32);
    await app.app.stop();
    assert.deepEqual(remains(), {
      ...{streams: 0, sockets: 0, users: 0, detached: 0, kept: 0, buffered: 0},
    });
  });

  it('can be read where many have ended before their first read', async () => {
    await using app = await givenStreams(new Ticker(), {maxStreams: false});
    await using client = await givenAuthenticated(app.server.url, {id: '1'});
    const opened = await Promise.all(
      Array.from({length: 100}, () => client.open('count', 0)),
    );
    await client.call('ping');
    for (const {stream} of opened) {
      const {result} = await client.call('$next', {stream, got: 0});
      assert.equal(result?.done, true);
    }
    // Most that were read are forgotten, when others end.
    await client.call('$stop', await client.open('count', 0));
    assert.equal(streamRemainsOf(app.server).streams, 32);
  });

  it('is ended by an iterator that breaks the rules, and ends nothing else', async () => {
    const broken: Record<string, () => unknown> = {
      'no object': () => 1,
      nothing: () => undefined,
      'a getter that throws': () => ({
        get done() {
          throw new Error('a getter');
        },
      }),
      'a value that throws': () => ({
        done: false,
        value: new Proxy(
          {},
          {
            getPrototypeOf: () => {
              throw new Error('a prototype');
            },
          },
        ),
      }),
    };
    await using app = await givenStreams(new Ticker(), {}, server =>
      server.defineMethod('broken', (_socket, _credentials, name: string) => ({
        [Symbol.asyncIterator]: () => ({next: () => broken[name]()}),
      })),
    );
    await using client = await givenAuthenticated(app.server.url, {id: '1'});
    for (const name of Object.keys(broken)) {
      const {stream} = await client.open('broken', name);
      const {error} = await client.call('$next', {stream, got: 0});
      assert.equal(error?.statusCode, 500, name);
    }
    assert.equal(app.logged.length, Object.keys(broken).length);
  });
});
