import assert from 'node:assert/strict';
import {it} from 'node:test';
import {runCuts} from '../../helpers/cuts';
import {seedOf} from '../../long/seed';

it('calls with an id run once, and are answered, over 100 cuts of the network', async () => {
  const counts = await runCuts(100, seedOf('cuts'));
  console.log('cuts:', counts);
  // Some of those that were sent again had come before, and some had not.
  assert.ok(counts.arrived > counts.calls && counts.repeated > 0, 'none was retried');
});
