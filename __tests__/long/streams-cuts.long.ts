import assert from 'node:assert/strict';
import {it} from 'node:test';
import {givenClient} from '../helpers/client';
import {fateOf} from '../helpers/cuts';
import {Proxy} from '../helpers/proxy';
import {ReturningClient, StreamReader} from '../helpers/stream-reader';
import {StreamsServer} from '../helpers/streams-server';
import {Random} from './random';
import {seedOf} from './seed';

const CUTS = Number(process.env.CUTS ?? 1000);
const CLIENTS = 8;
/** Streams of a client at a time. */
const AT_ONCE = 4;

const numbers = (to: number) => Array.from({length: to}, (_, n) => n);

function connect(url: string, at: number) {
  return givenClient(url, {
    transports: [at % 4 === 3 ? 'polling' : 'websocket'],
    reconnectionDelay: 1,
    reconnectionDelayMax: 20,
    // A cut may leave a handshake without an answer; the client's default would wait 20 s for it.
    timeout: 500,
  });
}

it(`each item arrives once and in order over ${CUTS} cuts of the network`, async () => {
  const seed = seedOf('streams-cuts');
  const random = new Random(seed);
  const counts = {cuts: 0, streams: 0, items: 0, calls: 0, connections: 0, failed: 0};
  await using server = await StreamsServer.start();
  await using proxy = await Proxy.to(server.url, () =>
    proxy.cuts < CUTS ? fateOf(random) : undefined,
  );
  const read = async (returning: ReturningClient, id: string, own: Random) => {
    const to = own.below(own.chance(0.1) ? 2000 : 200);
    const fails = own.chance(0.2);
    const args = {to, fails, pause: own.pick([0, 0, 1, 3])};
    const reader = new StreamReader(returning, {
      name: 'numbers',
      args,
      $call: {id},
      max: own.pick([1, 7, 64, 256]),
      credit: own.pick([1, 2, 16]),
    });
    const error = await reader.readAll();
    assert.equal(error?.statusCode, fails ? 404 : undefined, JSON.stringify(error));
    assert.deepEqual(reader.items, numbers(to));
    counts.streams++;
    counts.items += to;
    counts.calls += reader.calls;
    counts.connections += reader.connections;
    if (fails) counts.failed++;
  };
  const all = Array.from({length: CLIENTS}, async (_, at) => {
    await using client = connect(proxy.url, at);
    const returning = new ReturningClient(client, {id: String(at)});
    const work = Array.from({length: AT_ONCE}, async (_one, place) => {
      const own = new Random(seed, 1 + at * AT_ONCE + place);
      for (let count = 0; proxy.cuts < CUTS; count++) {
        await read(returning, `${place}-${count}`, own);
      }
    });
    await Promise.all(work);
  });
  await Promise.all(all);
  counts.cuts = proxy.cuts;
  console.log('streams-cuts:', counts);
  const {opened, ended} = await server.settled(now => now.opened === now.ended);
  // No method ran twice.
  assert.equal(opened, counts.streams);
  assert.equal(ended, opened);
  assert.ok(counts.calls > counts.streams, 'No call was repeated.');
  assert.ok(counts.connections > counts.streams + CUTS / 4, 'No stream was taken over.');
});

it('on a restarted server a tracked stream goes on, and another is gone', async () => {
  const RESTARTS = 5;
  const TO = 4000;
  let server = await StreamsServer.start();
  await using proxy = await Proxy.to(server.url, () => undefined);
  const counts = {streams: 0, gone: 0, lost: 0};
  let over = false;
  const all = Array.from({length: CLIENTS}, async (_, at) => {
    await using client = connect(proxy.url, at);
    const returning = new ReturningClient(client, {id: String(at)});
    const tracked = at % 2 === 0;
    for (let count = 0; !over; count++) {
      counts.streams++;
      const items: unknown[] = [];
      let after: string | undefined;
      for (let part = 0; items.length < TO; part++) {
        const reader = new StreamReader(returning, {
          name: 'numbers',
          args: {to: TO, tracked, pause: 1},
          $call: {id: `${count}-${part}`, ...(after !== undefined && {after})},
          max: 16,
          credit: 4,
        });
        const error = await reader.readAll();
        items.push(...reader.items);
        after = reader.lastId ?? after;
        if (!error) break;
        assert.deepEqual([error.statusCode, error.code], [410, 'STREAM_GONE']);
        counts.gone++;
        if (tracked) continue;
        assert.equal(after, undefined);
        counts.lost++;
        break;
      }
      assert.deepEqual(items, numbers(tracked ? TO : items.length));
    }
  });
  try {
    for (let restart = 0; restart < RESTARTS; restart++) {
      await new Promise(resolve => setTimeout(resolve, 1000));
      await server[Symbol.asyncDispose]();
      server = await StreamsServer.start();
      proxy.passTo(server.url);
    }
    over = true;
    await Promise.all(all);
  } finally {
    await server[Symbol.asyncDispose]();
  }
  console.log('streams-cuts, restarts:', counts);
  assert.ok(counts.gone >= RESTARTS * 2 && counts.lost >= RESTARTS);
});
