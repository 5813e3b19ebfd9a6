import assert from 'node:assert/strict';
import {it} from 'node:test';
import {seedOf} from '../../../__tests__/long/seed';
import {runExactlyOnce} from '../helpers/exactly-once';

const CALLS = Number(process.env.CALLS ?? 100_000);
const CUTS = Number(process.env.CUTS ?? 1000);
const CLIENTS = 50;

it(`${CALLS} calls with ids of ${CLIENTS} clients run once, over ${CUTS} cuts of the network`, async () => {
  const counts = await runExactlyOnce(
    {calls: CALLS, clients: CLIENTS, cuts: CUTS},
    seedOf('exactly-once'),
  );
  console.log('exactly once:', counts);
  assert.ok(counts.calls >= CALLS && counts.cuts >= CUTS);
  assert.ok(counts.arrived > counts.calls, 'none was sent again');
});
