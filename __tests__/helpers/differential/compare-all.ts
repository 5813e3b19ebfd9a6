import assert from 'node:assert/strict';
import type {TestContext} from 'node:test';
import {describeCombination} from './combinations';
import {compare, describeFault, simplest, watchRejections} from './compare';
import type {Fault} from './compare';
import {combinations} from './generated';

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
export const RANDOM = 500;
export const SEED = 1;
/** The number of faults to simplify, which takes time. */
const MOST_TOLD = 120;

/** Compares one of so many combinations, by a plan and by LoopBack. */
export async function compareAll(context: TestContext, every: number): Promise<void> {
  using _watched = watchRejections();
  const faults: Fault[] = [];
  const all = [...combinations(RANDOM, SEED)];
  assert.ok(all.length >= 2000);
  const some = all.filter((_, at) => at % every === 0);
  for (const combination of some) {
    const fault = await compare(combination);
    if (fault) faults.push(fault);
  }
  context.diagnostic(`${some.length} of ${all.length} combinations`);
  assert.equal(faults.length, 0, await report(faults));
}

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
