import assert from 'node:assert/strict';
import {it} from 'node:test';
import {inParallel} from '../helpers/in-parallel';
import {StreamsServer} from '../helpers/streams-server';
import {WireClient} from '../helpers/wire-client';
import {WAYS} from './stream-ends';
import type {Way} from './stream-ends';

const STREAMS = Number(process.env.STREAMS ?? 10_000);
/** Streams of a client at a time; the most that a socket may have. */
const AT_ONCE = 32;
const CLIENTS = 8;
/** ms that a stream without a socket is kept. */
const WINDOW = 1000;
/** Bytes of heap that may be left of a way, whatever else the process does. */
const MOST_LEFT = 2 * 1024 * 1024;

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

/** Expects that streams have ended while their clients stay. */
async function expectEnded(server: StreamsServer, {waits}: Way): Promise<void> {
  const {ended, opened, remains} = await server.settled(now => now.ended === now.opened);
  assert.equal(ended, opened);
  // Those that a client has not stopped can be read: of a socket 32, and those that were open with the last one.
  const most = waits ? (32 + AT_ONCE) * CLIENTS : 0;
  assert.ok(remains.streams <= most, `${remains.streams} streams`);
  const {survivors} = await server.census();
  // Of each the iterable and the signal.
  assert.ok(survivors <= 2 * most, `${survivors} objects survive`);
}

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
  try {
    if (!way.end) await expectEnded(server, way);
  } finally {
    await close(clients);
  }
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
