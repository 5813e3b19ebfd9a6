import assert from 'node:assert/strict';
import {it} from 'node:test';
import {runStreamsOnce} from './helpers/streams-once';

it('streams with ids give each item once, in order, over cuts of the network', async () => {
  const counts = await runStreamsOnce({items: 5000, clients: 8, cuts: 60}, 17);
  assert.ok(counts.items >= 5000 && counts.cuts >= 60);
});
