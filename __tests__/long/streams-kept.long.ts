import assert from 'node:assert/strict';
import {it} from 'node:test';
import {StreamsServer} from '../helpers/streams-server';
import {WireClient} from '../helpers/wire-client';

const RECONNECTS = Number(process.env.RECONNECTS ?? 1000);
/** Streams that a connection opens, and reads of each. */
const STREAMS = 8;
const READS = 16;
/** Most streams of a user without a socket. */
const MOST_STREAMS = 32;
/** Bytes of an answer, and those that the streams of a user keep until each has one answer. */
const ANSWER = 64 * 1024;
const KEPT = 1024 * 1024;
const MB = 1024 ** 2;

for (const bytes of [100, 8000, 60_000]) {
  it(`${RECONNECTS} reconnects of a user who reads no stream on keep little, with items of ${bytes} bytes`, async () => {
    await using server = await StreamsServer.start();
    const most = {kept: 0, streams: 0, detached: 0, open: 0};
    let first = 0;
    for (let at = 0; at < RECONNECTS; at++) {
      const client = await WireClient.enter(server.url, {id: 'one'});
      await Promise.all(
        Array.from({length: STREAMS}, async (_, place) => {
          const $call = {id: `${at}-${place}`};
          const stream = await client.open('plain', {bytes}, {$call});
          const reads = Array.from({length: READS}, () => client.read(stream, 0));
          await reads[0];
        }),
      );
      const {remains, opened, ended} = await server.counts();
      most.kept = Math.max(most.kept, remains.kept);
      most.streams = Math.max(most.streams, remains.streams);
      most.detached = Math.max(most.detached, remains.detached);
      most.open = Math.max(most.open, opened - ended);
      if (at === RECONNECTS / 10) first = (await server.census()).heap;
      await client.cut();
    }
    const {remains} = await server.settled(now => now.remains.sockets === 0);
    const {heap} = await server.census();
    const grown = (heap - first) / MB;
    console.log(`streams-kept, ${bytes} bytes:`, {...most, grown});
    assert.equal(remains.detached, MOST_STREAMS);
    assert.equal(remains.streams, MOST_STREAMS);
    assert.equal(most.detached, MOST_STREAMS);
    assert.ok(most.streams <= MOST_STREAMS + 2 * STREAMS, `${most.streams} streams`);
    assert.ok(most.open <= MOST_STREAMS + 2 * STREAMS, `${most.open} are open`);
    const bound = KEPT + most.streams * (ANSWER + 2 * bytes);
    assert.ok(most.kept <= bound, `${most.kept} bytes are kept`);
    assert.ok(grown < 2, `${grown} MB more`);
    // Also streams without a socket end with their user.
    const client = await WireClient.enter(server.url, {id: 'one'});
    void client.call('revoke', 'one');
    await client.wire.closed;
    const after = await server.settled(now => now.ended === now.opened);
    assert.equal(after.ended, after.opened);
    assert.equal(after.remains.streams + after.remains.users, 0);
    assert.equal(after.remains.kept, 0);
  });
}
