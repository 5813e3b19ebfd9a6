import assert from 'node:assert/strict';
import {it} from 'node:test';
import {inParallel} from '../helpers/in-parallel';
import {StreamsServer} from '../helpers/streams-server';
import {WireClient} from '../helpers/wire-client';

const STREAMS = Number(process.env.STREAMS ?? 10_000);
/** Streams of a client at a time; the most that a socket may have. */
const AT_ONCE = 32;
const CLIENTS = 8;
/** ms that a stream without a socket is kept. */
const WINDOW = 1000;
/** Bytes of heap that may be left of a way, whatever else the process does. */
const MOST_LEFT = 1024 * 1024;

/** A stream to be ended. */
interface Opened {
  readonly client: WireClient;
  /** The user's id, if the user has one. */
  readonly user: string | undefined;
  /** Options of the call: an id and a ref of its own. */
  readonly $call: {readonly id?: string; readonly ref: string};
}

interface Way {
  /** Opens a stream, and ends it or leaves it to `end`. */
  run(opened: Opened): Promise<unknown>;
  /** Ends the client, and all its streams with it. */
  end?(client: WireClient, user: string | undefined): Promise<unknown>;
  /** ms that the authentication lasts. */
  lasts?: number;
  /** True when the ends of the streams are read by nobody, so that they wait for their time. */
  waits?: boolean;
}

async function open({client, $call}: Opened, name: string, args: object = {}) {
  return client.open(name, args, {$call});
}

async function readToEnd(client: WireClient, stream: string): Promise<unknown> {
  for (let got = 0; ;) {
    const {result, error} = await client.read(stream, got);
    if (error || result.done) return error;
    got += result.items.length as number;
  }
}

const cutOff = (client: WireClient) => client.cut();

const WAYS: Record<string, Way> = {
  'read to the end, and stopped': {
    async run(opened) {
      const stream = await open(opened, 'numbers', {to: 100});
      assert.equal(await readToEnd(opened.client, stream), undefined);
      assert.deepEqual(await opened.client.stop(stream), {result: true});
    },
  },
  'read to the end': {
    async run(opened) {
      const stream = await open(opened, 'numbers', {to: 10});
      assert.equal(await readToEnd(opened.client, stream), undefined);
    },
    waits: true,
  },
  'stopped after a read': {
    async run(opened) {
      const stream = await open(opened, 'numbers');
      await opened.client.read(stream, 0);
      assert.deepEqual(await opened.client.stop(stream), {result: true});
    },
  },
  'stopped while its method waits, and a read': {
    async run(opened) {
      const stream = await open(opened, 'blocked');
      await opened.client.read(stream, 0);
      const waiting = opened.client.read(stream, 1);
      assert.deepEqual(await opened.client.stop(stream), {result: true});
      assert.equal((await waiting).result.done, true);
    },
  },
  failed: {
    async run(opened) {
      const stream = await open(opened, 'numbers', {to: 10, fails: true});
      const error = await readToEnd(opened.client, stream);
      assert.equal((error as {statusCode: number}).statusCode, 404);
    },
    waits: true,
  },
  cancelled: {
    async run(opened) {
      const {client, $call} = opened;
      const stream = await open(opened, 'blocked');
      await client.read(stream, 0);
      const waiting = client.read(stream, 1);
      const {id, ref} = $call;
      const body = id === undefined ? {ref} : {method: 'blocked', id};
      assert.deepEqual(await client.call('$cancel', body), {result: true});
      assert.equal((await waiting).error.code, 'CALL_CANCELLED');
    },
    waits: true,
  },
  'unread Readables, stopped': {
    async run(opened) {
      const stream = await open(opened, 'readable');
      assert.deepEqual(await opened.client.stop(stream), {result: true});
    },
  },
  'Readables that cannot open': {
    async run(opened) {
      const stream = await open(opened, 'readable', {fails: true});
      const {error} = await opened.client.read(stream, 0);
      assert.equal(error.statusCode, 404);
      await opened.client.stop(stream);
    },
  },
  'web streams, stopped after a read': {
    async run(opened) {
      const stream = await open(opened, 'webStream');
      await opened.client.read(stream, 0);
      assert.deepEqual(await opened.client.stop(stream), {result: true});
    },
  },
  'unread, cut off': {
    run: opened => open(opened, 'numbers'),
    end: cutOff,
  },
  'unread Readables, cut off': {
    run: opened => open(opened, 'readable'),
    end: cutOff,
  },
  'cut off while reads wait': {
    async run(opened) {
      const {client} = opened;
      const stream = await open(opened, 'blocked');
      await client.read(stream, 0);
      void client.read(stream, 1);
      void client.read(stream, 1, {wait: 60_000});
    },
    end: cutOff,
  },
  expired: {
    async run(opened) {
      const stream = await open(opened, 'blocked');
      await opened.client.read(stream, 0);
    },
    lasts: 500,
    end: ({wire}) => wire.closed,
  },
  revoked: {
    async run(opened) {
      const stream = await open(opened, 'blocked');
      await opened.client.read(stream, 0);
    },
    async end(client, user) {
      if (user === undefined) return client.close();
      void client.call('revoke', user);
      return client.wire.closed;
    },
  },
};

let users = 0;

/** Ends that many streams; the clients stay if the streams can be ended without them. */
async function run(
  server: StreamsServer,
  way: Way,
  hasId: boolean,
  streams: number,
): Promise<WireClient[]> {
  const enter = async () => {
    const user = hasId ? `user ${++users}` : undefined;
    const client = await WireClient.enter(server.url, {id: user, lasts: way.lasts});
    return {client, user};
  };
  let left = streams;
  const stay: WireClient[] = [];
  await inParallel(CLIENTS, CLIENTS, async () => {
    let entered = await enter();
    for (let calls = 0; left > 0;) {
      const count = Math.min(left, AT_ONCE);
      left -= count;
      const {client, user} = entered;
      await Promise.all(
        Array.from({length: count}, () => {
          const call = String(++calls);
          const $call = {...(hasId && {id: call}), ref: call};
          return way.run({client, user, $call});
        }),
      );
      if (!way.end) continue;
      await way.end(client, user);
      entered = await enter();
    }
    stay.push(entered.client);
  });
  return stay;
}

const close = (clients: WireClient[]) =>
  Promise.all(clients.map(client => client.close()));

/** Ends streams in one way, and compares what is there with what was there after fewer of them. */
async function compare(
  server: StreamsServer,
  name: string,
  way: Way,
  hasId: boolean,
): Promise<void> {
  const gone = () =>
    server.settled(({remains: {streams, sockets, users}, ended, opened}) => {
      return streams + sockets + users === 0 && ended === opened;
    });
  await close(await run(server, way, hasId, STREAMS / 10));
  await gone();
  const before = await server.census();
  const clients = await run(server, way, hasId, STREAMS);
  if (!way.end) {
    const {ended, opened, remains} = await server.settled(
      now => now.ended === now.opened,
    );
    assert.equal(ended, opened);
    // Those that a client has not stopped can be read: 32 of a socket.
    const most = way.waits ? 32 * CLIENTS : 0;
    assert.ok(remains.streams <= most, `${remains.streams} streams`);
    const {survivors} = await server.census();
    // Of each the iterable and the signal.
    assert.ok(survivors <= 2 * most, `${survivors} objects survive`);
  }
  await close(clients);
  await gone();
  const after = await server.census();
  const bytes = after.heap - before.heap;
  const opened = after.opened - before.opened;
  console.log(`streams-retained, ${name}:`, {opened, bytes, heap: after.heap});
  assert.equal(opened, STREAMS);
  assert.equal(after.ended, after.opened);
  assert.deepEqual(after.remains, before.remains);
  assert.equal(after.survivors, 0);
  assert.ok(bytes < MOST_LEFT, `${bytes} bytes are left`);
}

for (const hasId of [false, true]) {
  const who = hasId ? 'users with an id, whose calls have one' : 'users without an id';
  it(`nothing is retained of ${STREAMS} streams of ${who}`, async context => {
    const retryWindow = {time: WINDOW, calls: 100};
    await using server = await StreamsServer.start({retryWindow});
    for (const [name, way] of Object.entries(WAYS)) {
      await context.test(name, () => compare(server, name, way, hasId));
    }
  });
}
