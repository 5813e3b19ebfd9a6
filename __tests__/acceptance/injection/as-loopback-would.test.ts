import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {describeFault, watchRejections} from '../../helpers/differential/compare';
import type {Fault} from '../../helpers/differential/compare';
import {compareAll, RANDOM, SEED} from '../../helpers/differential/compare-all';
import {combinations} from '../../helpers/differential/generated';
import {compareOverSocket, isSeenByClients} from '../../helpers/differential/over-socket';

/** One of so many combinations is compared here; all of them in `__tests__/long`. */
const EVERY = 5;
/** One of so many is called over a socket too. */
const OVER_SOCKET = 50;

describe('a call gives what LoopBack gives', () => {
  it('whatever is injected, however it is bound, and whoever intercepts it', context =>
    compareAll(context, EVERY));

  it('over a socket as well', async context => {
    using _watched = watchRejections();
    const faults: Fault[] = [];
    const seen = [...combinations(RANDOM, SEED)].filter(isSeenByClients);
    const some = seen.filter((_, at) => at % OVER_SOCKET === 0);
    for (const combination of some) {
      const fault = await compareOverSocket(combination);
      if (fault) faults.push(fault);
    }
    context.diagnostic(`${some.length} combinations`);
    assert.ok(some.length >= 50);
    assert.equal(faults.length, 0, faults.map(describeFault).join('\n'));
  });
});
