import assert from 'node:assert/strict';
import {it} from 'node:test';
import {runInterleavings} from '../../helpers/interleavings';

// `npm run test:long` runs thousands, and others each time.
it('the rules of a connection hold in 100 orders of what happens to it', async () => {
  const counts = await runInterleavings(100, 20);
  assert.equal(counts.orders, 100);
  assert.ok(Object.values(counts).every(count => count > 0));
});
