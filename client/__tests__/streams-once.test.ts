import assert from 'node:assert/strict';
import {it} from 'node:test';
import {runStreamsOnce} from './helpers/streams-once';

it('streams with ids give each item once, in order, over cuts of the network', async () => {
  const counts = await runStreamsOnce({items: 2000, clients: 8, cuts: 20}, 17);
  assert.ok(counts.items >= 2000 && counts.cuts >= 20);
});
