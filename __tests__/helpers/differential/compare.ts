import {build} from './application';
import {viaLoopBack, viaPlan} from './callers';
import type {WorldCaller} from './callers';
import {change} from './changes';
import {describeCombination, simpler} from './combinations';
import type {Combination} from './combinations';
import {describeError, World} from './world';

/** The observations of calls, phase by phase. */
export interface Seen {
  /** Results, or errors. */
  readonly outcomes: string[];
  /** All that happened, in order. */
  readonly trace: string[];
  readonly unhandled: string[];
}

/** A difference from LoopBack. */
export interface Fault {
  readonly combination: Combination;
  readonly kind: string;
  readonly plan: string;
  readonly loopback: string;
}

/** Runs a combination both ways; gives the first difference. */
export async function compare(combination: Combination): Promise<Fault | undefined> {
  const loopback = await run(combination, World.bare(), viaLoopBack);
  const plan = await run(combination, World.bare(), viaPlan);
  return firstFault(combination, plan, loopback);
}

/** The first difference between what was seen with a plan and with a plain LoopBack. */
export function firstFault(
  combination: Combination,
  plan: readonly Seen[],
  loopback: readonly Seen[],
): Fault | undefined {
  const fault = (kind: string, ours: unknown, theirs: unknown): Fault => ({
    combination,
    kind,
    plan: String(ours),
    loopback: String(theirs),
  });
  for (const [phase, theirs] of loopback.entries()) {
    const ours = plan[phase];
    const during = `in ${PHASES[phase]}`;
    for (const [at, outcome] of theirs.outcomes.entries()) {
      if (ours.outcomes[at] !== outcome)
        return fault(`another outcome ${during}`, ours.outcomes[at], outcome);
    }
    const [mine, other] = [ours.trace, theirs.trace].map(trace =>
      settersLast(trace).join(' | '),
    );
    if (mine === other) continue;
    const sorted = [ours.trace, theirs.trace].map(trace => [...trace].sort().join());
    const reordered = sorted[0] === sorted[1];
    // A plan waits for fewer promises, so calls at the same time may overtake each other.
    if (reordered && phase === PHASES.length - 1) continue;
    const kind = reordered ? 'another order' : 'another number of runs';
    return fault(`${kind} ${during}`, mine, other);
  }
  // LoopBack leaves one itself where it resolves two things and the second throws at once.
  const [ours, theirs] = [plan, loopback].map(seen =>
    seen.flatMap(({unhandled}) => unhandled),
  );
  if (ours.length <= theirs.length) return undefined;
  return fault('unhandled rejection', ours, theirs);
}

/** The simplest combination that shows a fault of the same kind. */
export async function simplest(fault: Fault): Promise<Fault> {
  for (const less of simpler(fault.combination)) {
    const found = await compare(less);
    if (found && nameOf(found) === nameOf(fault)) return simplest(found);
  }
  return fault;
}

const nameOf = ({kind}: Fault) => kind.split(' in ')[0];

export function describeFault({combination, kind, plan, loopback}: Fault): string {
  return `${describeCombination(combination)}: ${kind}\n    plan:     ${plan}\n    LoopBack: ${loopback}`;
}

const PHASES = [
  'the first call',
  'the second call',
  'a call after a change',
  'two calls at once',
] as const;

/** Makes all calls of a combination. */
export async function run(
  combination: Combination,
  world: World,
  via: (
    world: World,
    controller: ReturnType<typeof build>,
  ) => WorldCaller | Promise<WorldCaller>,
): Promise<Seen[]> {
  const caller = await via(world, build(world, combination));
  const all: Seen[] = [];
  let counted = 0;
  const calls = async (count: number) => {
    const known = world.counted;
    const outcomes = await Promise.all(
      Array.from({length: count}, () => outcomeOf(world, caller, combination, ++counted)),
    );
    // Rejections that nobody handles are told of in the turn in which they happen.
    const unhandled = unhandledSoFar.splice(0);
    await world.quiet();
    unhandled.push(...unhandledSoFar.splice(0));
    const {trace} = world;
    all.push(
      count === 1
        ? {outcomes, trace, unhandled}
        : {
            outcomes: renumbered(outcomes, known),
            trace: trace.map(event => event.replace(/#\d+/g, '')),
            unhandled,
          },
    );
    world.trace = [];
  };
  await calls(1);
  await calls(1);
  change(world, () => caller.connection, combination);
  await calls(1);
  await calls(2);
  // Those of LoopBack's last calls are not the plan's.
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  all.at(-1)?.unhandled.push(...unhandledSoFar.splice(0));
  return all;
}

/** With setters last: LoopBack assigns what is promised as the promises settle. */
function settersLast(trace: readonly string[]): string[] {
  const isSetter = (event: string) => event.startsWith('set ');
  const setters = trace.filter(isSetter).sort();
  return [...trace.filter(event => !isSetter(event)), ...setters];
}

/**
 * Numbers what is new in the order in which the outcomes show it: calls at the same time may overtake each
 * other, and with them what was numbered when it was first seen.
 */
function renumbered(outcomes: readonly string[], known: number): string[] {
  const numbers = new Map<string, number>();
  return outcomes.map(outcome =>
    outcome.replace(/#(\d+)/g, (found, number: string) => {
      if (Number(number) <= known) return found;
      if (!numbers.has(number)) numbers.set(number, known + numbers.size + 1);
      return `#${numbers.get(number)}`;
    }),
  );
}

async function outcomeOf(
  world: World,
  caller: WorldCaller,
  {signature, user, input: kind}: Combination,
  number: number,
): Promise<string> {
  const sent = {
    objects: {args: number},
    nothing: undefined,
    falsy: [0, '', null][number % 3],
  };
  const args = signature === 'operation' ? {x: `args ${number}`} : sent[kind];
  const users = {object: {user: number}, none: undefined, text: 'user'};
  const credentials = kind === 'objects' ? {credentials: number} : undefined;
  const input = {credentials, user: users[user], args};
  try {
    const result = await caller.call(input);
    return typeof result === 'string' ? result : await world.describe(result);
  } catch (error) {
    return `fails with ${describeError(error)}`;
  }
}

const unhandledSoFar: string[] = [];
const ignore = () => undefined;

/** Watches for rejections that nobody handles, in place of the test runner. */
export function watchRejections(): Disposable {
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', error => unhandledSoFar.push(describeError(error)));
  // Without it, Node warns of each that is handled later.
  process.on('rejectionHandled', ignore);
  return {
    [Symbol.dispose]: () => {
      process.off('rejectionHandled', ignore);
      process.removeAllListeners('unhandledRejection');
      for (const other of others) process.on('unhandledRejection', other);
    },
  };
}
