import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {combinations, describeCombination} from '../helpers/differential/combinations';
import {
  compare,
  describeFault,
  simplest,
  watchRejections,
} from '../helpers/differential/compare';
import type {Fault} from '../helpers/differential/compare';

const COUNT = 4000;
const SEED = 1;
/** How many faults are made simpler, which takes a while. */
const MOST_TOLD = 120;

describe('a call gives what LoopBack gives', () => {
  it('whatever is injected, however it is bound, and whoever intercepts it', async context => {
    using _watched = watchRejections();
    const faults: Fault[] = [];
    let count = 0;
    for (const combination of combinations(COUNT, SEED)) {
      count++;
      const fault = await compare(combination);
      if (fault) faults.push(fault);
    }
    context.diagnostic(`${count} combinations`);
    assert.ok(count >= 2000);
    assert.equal(faults.length, 0, await report(faults));
  });
});

/** The simplest combination of each fault, with how many others show it. */
async function report(faults: readonly Fault[]): Promise<string> {
  const counts = new Map<string, {fault: Fault; count: number}>();
  for (const one of faults.slice(0, MOST_TOLD)) {
    const fault = await simplest(one);
    const line = describeCombination(fault.combination);
    const known = counts.get(line);
    if (known) known.count++;
    else counts.set(line, {fault, count: 1});
  }
  const lines = [...counts.values()]
    .sort((one, other) => other.count - one.count)
    .map(({fault, count}) => `${count} × ${describeFault(fault)}`);
  return [`${faults.length} combinations differ:`, ...lines].join('\n');
}
