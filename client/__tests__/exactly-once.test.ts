import assert from 'node:assert/strict';
import {it} from 'node:test';
import {runExactlyOnce} from './helpers/exactly-once';

it('calls with ids run once, and are answered, over cuts of the network', async () => {
  const counts = await runExactlyOnce({calls: 600, clients: 8, cuts: 20}, 17);
  assert.ok(counts.calls >= 600 && counts.cuts >= 20);
  assert.ok(counts.arrived > counts.calls, 'none was sent again');
});
