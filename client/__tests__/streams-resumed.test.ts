import {inject} from '@loopback/core';
import {securityId} from '@loopback/security';
import {SocketBindings, socketMethod, tracked} from 'loopback4-socket';
import type {SocketServerOptions} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {Queue} from '../../__tests__/helpers/queue';
import {givenServer} from '../../__tests__/helpers/server';
import {failureOf, givenClient, TRANSPORTS} from './helpers/client';
import {allOf, givenCounting} from './helpers/counting';

const GONE = {statusCode: 410, code: 'STREAM_GONE', sent: true};

for (const transport of TRANSPORTS) {
  const options = {credentials: {id: 'a'}, io: {transports: [transport]}};

  describe(`A stream with an id over ${transport}`, () => {
    it('goes on over the next connection', async () => {
      await using counting = await givenCounting();
      await using one = givenClient(counting.url, options);
      let at = 0;
      for await (const item of one.client.call.count({to: 3000}, {id: true})) {
        assert.equal(item, at++);
        if (at % 1000 === 500) {
          counting.drop();
          await one.until('disconnected');
        }
      }
      assert.deepEqual([at, counting.opened], [3000, 1]);
    });

    it('is stopped at the server over the next connection', async () => {
      await using counting = await givenCounting();
      await using one = givenClient(counting.url, options);
      const items = await one.client.call.endless({}, {id: true});
      await items.next();
      counting.drop();
      await one.until('disconnected');
      await items.return?.();
      assert.equal(await counting.ended.next(), 'endless');
    });

    it('is opened once when its connection is lost before it is', async () => {
      await using counting = await givenCounting();
      await using one = givenClient(counting.url, options);
      await one.client.connect();
      const reading = allOf(one.client.call.count({to: 5}, {id: true}));
      counting.drop();
      assert.deepEqual(await reading, [0, 1, 2, 3, 4]);
      assert.equal(counting.opened, 1);
    });
  });
}

/** A server whose method streams numbers with ids, after the last one that a client has. */
async function givenTracked(options: SocketServerOptions = {}) {
  const opened = new Queue<string | undefined>();
  class TrackedController {
    @socketMethod()
    async *numbers(
      _socket: unknown,
      _credentials: unknown,
      args: {to: number},
      @inject(SocketBindings.AFTER, {optional: true}) after?: string,
    ) {
      opened.push(after);
      for (let at = Number(after ?? -1) + 1; at < args.to; at++)
        yield tracked(String(at), at);
    }
  }
  const given = await givenServer(
    server => {
      server.auth((_socket, {id}: {id?: string}) => ({[securityId]: id}));
    },
    options,
    {controllers: [TrackedController], component: {reconnectWindow: 20, drainTimeout: 0}},
  );
  return {given, opened, [Symbol.asyncDispose]: () => given[Symbol.asyncDispose]()};
}

describe('A stream with an id', () => {
  it('that the server no longer has fails, when its items are not tracked', async () => {
    await using counting = await givenCounting({retryWindow: false});
    await using one = givenClient(counting.url, {credentials: {id: 'a'}});
    const items = await one.client.call.quiet({}, {id: true});
    await items.next();
    counting.drop();
    assert.deepEqual(await failureOf(items.next()), GONE);
  });

  it('of a user without an id fails then', async () => {
    await using counting = await givenCounting();
    await using one = givenClient(counting.url, {credentials: {}});
    const items = await one.client.call.quiet({}, {id: true});
    await items.next();
    counting.drop();
    assert.deepEqual(await failureOf(items.next()), GONE);
  });

  it('goes on after its last item on a server that has restarted, when its items are tracked', async () => {
    await using tested = await givenTracked();
    const {given, opened} = tested;
    await using one = givenClient(given.server.url, {credentials: {id: 'a'}});
    let at = 0;
    for await (const item of one.client.call.numbers({to: 2000}, {id: true})) {
      assert.equal(item, at++);
      if (at !== 700) continue;
      await given.app.stop();
      await given.app.start();
    }
    assert.equal(at, 2000);
    assert.equal(await opened.next(), undefined);
    // Items that had come when the server stopped are not sent again.
    assert.ok(Number(await opened.next()) >= 699);
    assert.equal(opened.size, 0);
  });

  it('starts after an item where its caller says so', async () => {
    await using tested = await givenTracked();
    await using one = givenClient(tested.given.server.url, {credentials: {id: 'a'}});
    const items = one.client.call.numbers({to: 10}, {after: '6'});
    assert.deepEqual(await allOf(items), [7, 8, 9]);
  });

  it('fails when another connection has taken it', async () => {
    await using counting = await givenCounting();
    await using one = givenClient(counting.url, {credentials: {id: 'a'}});
    await using other = givenClient(counting.url, {credentials: {id: 'a'}});
    const names = new Queue<string>();
    counting.given.server.io.on('connection', socket => {
      socket.prependAny((name, body) => {
        if (name === '$next') names.push(body.stream);
      });
    });
    const items = await one.client.call.quiet({}, {id: true});
    await items.next();
    const stream = await names.next();
    const read = items.next();
    const taking = other.client.request('$next', {stream, got: 1});
    taking.catch(() => undefined);
    assert.deepEqual(await failureOf(read), {
      statusCode: 409,
      code: 'STREAM_TAKEN',
      sent: true,
    });
  });
});
