import assert from 'node:assert/strict';
import {it} from 'node:test';
import {runCuts} from '../helpers/cuts';
import {seedOf} from './seed';

const CUTS = 1000;

it(`calls with an id run once, and are answered, over ${CUTS} cuts of the network`, async () => {
  const counts = await runCuts(CUTS, seedOf('cuts'));
  console.log('cuts:', counts);
  assert.ok(counts.arrived > counts.calls && counts.repeated > 0, 'none was retried');
});
