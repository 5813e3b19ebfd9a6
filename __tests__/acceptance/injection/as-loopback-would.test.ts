import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {describeCombination} from '../../helpers/differential/combinations';
import {
  compare,
  describeFault,
  simplest,
  watchRejections,
} from '../../helpers/differential/compare';
import {combinations} from '../../helpers/differential/generated';
import {compareOverSocket, isSeenByClients} from '../../helpers/differential/over-socket';
import type {Fault} from '../../helpers/differential/compare';

/*
 * A call through a plan and one through a plain LoopBack context, as its REST server makes one, are
 * compared: results, errors, what is constructed and run how often and in which order, what nobody
 * handles. Where the two differ on purpose, or cannot be compared:
 *
 * | what                                    | why                                                            |
 * | --------------------------------------- | -------------------------------------------------------------- |
 * | in which context, and by which path, an | A plan looks ahead, so it has gone no path. Both are for logs. |
 * | error says that something is missing    |                                                                |
 * | rejections that LoopBack leaves alone   | It resolves two things, and the second throws at once. A plan  |
 * |                                         | may handle the first; it must not leave more alone.            |
 * | the order in which properties that are  | It depends on how many promises are waited for, as does which  |
 * | promised are set                        | of two calls at the same time overtakes the other.             |
 * | CONTROLLER_CURRENT in a constructor     | There is none yet. REST would make another one, without end.   |
 * | REST's RESPONSE and CONTEXT             | They do not exist; an error says so, unless they are optional. |
 * | a method with a callback                | LoopBack has none.                                             |
 * | a controller bound by anything but its  | Without its class nobody knows its methods; REST takes none    |
 * | class                                   | either.                                                        |
 * | a promise bound as a constant           | LoopBack refuses to bind it.                                   |
 */

/** Made of everything, beside the pairs of kinds. */
const RANDOM = 500;
const SEED = 1;
/** One of so many is called over a socket too. */
const OVER_SOCKET = 50;
/** How many faults are made simpler, which takes a while. */
const MOST_TOLD = 120;

describe('a call gives what LoopBack gives', () => {
  it('whatever is injected, however it is bound, and whoever intercepts it', async context => {
    using _watched = watchRejections();
    const faults: Fault[] = [];
    let count = 0;
    for (const combination of combinations(RANDOM, SEED)) {
      count++;
      const fault = await compare(combination);
      if (fault) faults.push(fault);
    }
    context.diagnostic(`${count} combinations`);
    assert.ok(count >= 2000);
    assert.equal(faults.length, 0, await report(faults));
  });

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

/** The simplest combination of each fault, with how many others show it. */
async function report(faults: readonly Fault[]): Promise<string> {
  const counts = new Map<string, {fault: Fault; count: number}>();
  const every = Math.ceil(faults.length / MOST_TOLD);
  for (const one of faults.filter((_, at) => at % every === 0)) {
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
