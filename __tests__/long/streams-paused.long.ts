import assert from 'node:assert/strict';
import {it} from 'node:test';
import {StreamsServer} from '../helpers/streams-server';
import {WireClient} from '../helpers/wire-client';
import type {WireAnswer} from '../helpers/wire-client';

const STREAMS = 32;
const READS = 16;
/** Characters of an item: eight items are a batch of 64 KiB. */
const ITEM = 8100;
/** Bytes that may wait for a client, and CPU ms of a turn of the event loop. */
const MOST_WAITING = 1024 * 1024;
const MOST_TURN = 50;

/** Waits until the server pulls no more items. */
async function quiet(server: StreamsServer): Promise<number> {
  let before = -1;
  const census = await server.settled(({pulled}) => {
    const isQuiet = pulled === before;
    before = pulled;
    return isQuiet;
  });
  return census.pulled;
}

it(`a client that stops reading ${STREAMS} streams of ${READS} reads lets little wait`, async () => {
  await using server = await StreamsServer.start();
  const client = await WireClient.enter(server.url);
  const streams = await Promise.all(
    Array.from({length: STREAMS}, () => client.open('plain', {bytes: ITEM})),
  );
  const got = streams.map(() => 0);
  const check = (at: number, {result, error}: WireAnswer) => {
    assert.equal(error, undefined);
    assert.equal(result.at, got[at]);
    for (const {n, text} of result.items) {
      assert.equal(n, got[at]++);
      assert.equal(text.length, ITEM);
    }
  };
  const readAll = () =>
    streams.flatMap((stream, at) =>
      Array.from({length: READS}, () =>
        client.read(stream, got[at]).then(answer => check(at, answer)),
      ),
    );
  // Turns are compiled before they are measured.
  await Promise.all(readAll());
  const warm = got.reduce((sum, count) => sum + count);
  for (let round = 0; round < 3; round++) {
    const reads: Promise<void>[] = [];
    await server.watch();
    await client.wire.neglect(0, async () => {
      let before = await quiet(server);
      // The system takes some MB before anything waits in the process.
      for (let pulled = Infinity; pulled >= STREAMS * READS;) {
        reads.push(...readAll());
        const now = await quiet(server);
        pulled = now - before;
        before = now;
      }
      const watched = await server.watched();
      console.log('streams-paused:', {...watched, reads: reads.length});
      assert.ok(watched.engine + watched.tcp > 0, 'Nothing waited.');
      assert.ok(watched.waiting < MOST_WAITING, `${watched.waiting} bytes waited`);
      assert.ok(watched.cpu < MOST_TURN, `a turn had ${watched.cpu} ms of CPU`);
      await server.watch();
    });
    await Promise.all(reads);
    const {waiting, turn, cpu} = await server.watched();
    console.log('streams-paused, read again:', {waiting, turn, cpu});
    assert.ok(waiting < MOST_WAITING, `${waiting} bytes waited`);
    assert.ok(cpu < MOST_TURN, `a turn had ${cpu} ms of CPU`);
  }
  assert.ok(got.reduce((sum, count) => sum + count) > 3 * warm);
  assert.equal(client.wire.isClosed, false);
  await client.close();
});
