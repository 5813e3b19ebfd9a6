import assert from 'node:assert/strict';
import {it} from 'node:test';
import {runUploadsOnce} from './helpers/uploads-once';

it('uploads with ids arrive once, as they were, over cuts of the network', async () => {
  const counts = await runUploadsOnce({uploads: 40, clients: 8, cuts: 20}, 17);
  assert.ok(counts.uploads >= 40 && counts.cuts >= 20);
});
