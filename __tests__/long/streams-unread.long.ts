import assert from 'node:assert/strict';
import {it} from 'node:test';
import {inParallel} from '../helpers/in-parallel';
import {StreamsServer} from '../helpers/streams-server';
import {WireClient} from '../helpers/wire-client';

const CLIENTS = 1000;
const MOST_BYTES = 4096;
/** ms in which nobody reads a stream. */
const TIMEOUT = 8000;

/** Clients that are connected at the same time. */
const connect = (url: string) => inParallel(CLIENTS, 50, () => WireClient.enter(url));

/** Calls all the time; returns ms of the slowest answer. */
async function standBy(client: WireClient, watch: {readonly over: boolean}) {
  let slowest = 0;
  let calls = 0;
  while (!watch.over) {
    const began = performance.now();
    assert.deepEqual(await client.call('echo', ++calls), {result: calls});
    slowest = Math.max(slowest, performance.now() - began);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  return {calls, slowest};
}

for (const reads of [0, 1]) {
  const how = reads === 0 ? 'never read' : 'read once';
  it(`${CLIENTS} clients ${how}: streams are paused, small, and end in time`, async () => {
    await using server = await StreamsServer.start({streamTimeout: TIMEOUT});
    const bystander = await WireClient.enter(server.url);
    const warm = await bystander.open('plain', {});
    await bystander.read(warm, 0);
    await bystander.stop(warm);
    const clients = await connect(server.url);
    // A call of each, because the first one makes what a connection keeps.
    for (const client of clients) await client.call('echo', 1);
    const before = await server.census();
    const watch = {over: false};
    const standing = standBy(bystander, watch);
    const began = performance.now();
    const batches = await inParallel(CLIENTS, 50, async at => {
      const stream = await clients[at].open('plain', {});
      const {result} =
        reads > 0 ? await clients[at].read(stream, 0) : {result: {items: []}};
      return result.items.length as number;
    });
    const opened = await server.census();
    const took = performance.now() - began;
    assert.ok(took < TIMEOUT, `The streams were opened in ${took} ms.`);
    assert.equal(opened.opened - before.opened, CLIENTS);
    assert.equal(opened.ended, before.ended);
    assert.equal(opened.remains.streams, CLIENTS);
    const bytes = (opened.heap - before.heap) / CLIENTS;
    const pulled = opened.pulled - before.pulled;
    const sent = batches.reduce((sum, count) => sum + count, 0);
    // One item ahead of the reads.
    assert.equal(pulled, sent + CLIENTS);
    const ended = await server.settled(({remains}) => remains.streams === 0);
    watch.over = true;
    const {calls, slowest} = await standing;
    console.log(`streams-unread, ${how}:`, {bytes, pulled, sent, calls, slowest});
    assert.equal(ended.pulled, opened.pulled);
    assert.equal(ended.ended, ended.opened);
    assert.deepEqual(ended.remains, before.remains);
    assert.ok(bytes < MOST_BYTES, `${bytes} bytes of a stream`);
    assert.equal(bystander.wire.isClosed, false);
    assert.ok(clients.every(({wire}) => !wire.isClosed));
    await Promise.all([bystander, ...clients].map(client => client.close()));
  });
}
