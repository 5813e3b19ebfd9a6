import assert from 'node:assert/strict';
import {it} from 'node:test';
import {seedOf} from '../../../__tests__/long/seed';
import {runStreamsOnce} from '../helpers/streams-once';

const ITEMS = Number(process.env.ITEMS ?? 100_000);
const CUTS = Number(process.env.CUTS ?? 1000);
const CLIENTS = 20;

it(`${ITEMS} items of streams of ${CLIENTS} clients come once, in order, over ${CUTS} cuts of the network`, async () => {
  const counts = await runStreamsOnce(
    {items: ITEMS, clients: CLIENTS, cuts: CUTS},
    seedOf('streams-once'),
  );
  console.log('streams once:', counts);
  assert.ok(counts.items >= ITEMS && counts.cuts >= CUTS);
});
