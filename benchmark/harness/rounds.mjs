import {median} from '../report/numbers.mjs';
import {Session} from './session.mjs';

/**
 * Runs all subjects once a round, each time in new processes. Those live side by side and are measured in
 * turns of a fraction of a second, so that what else the machine does falls on all alike. Answers with
 * `{subject, round, values, failure}`: of each value the median of the turns.
 */
export async function* runRounds(subjects, measures, settings) {
  for (let round = 0; round < settings.rounds; round++) {
    const runs = subjects.map(subject => ({subject, round, values: {}}));
    for (const methods of sizesOf(measures)) {
      const due = measures.filter(measure => measure.methods.includes(methods));
      await runTogether(rotate(runs, round), due, {...settings, methods});
    }
    yield* runs.map(run => ({...run, subject: run.subject.name}));
  }
}

async function runTogether(runs, due, settings) {
  const started = [];
  try {
    for (const run of runs) {
      if (!due.some(measure => suits(run.subject, measure))) continue;
      await attempt(run, async () => {
        const session = await Session.start(run.subject, settings);
        started.push({run, session});
      });
    }
    for (const measure of due) {
      const suited = started.filter(({run}) => suits(run.subject, measure));
      await runTurns(measure, suited, settings);
    }
  } finally {
    for (const {session} of started) await session.end();
  }
}

async function runTurns({turns = 1, begin, turn, end}, started, settings) {
  const seen = new Map(started.map(one => [one, []]));
  for (const {run, session} of started) {
    await attempt(run, () => begin?.(session, settings));
  }
  // One profile is of one turn.
  for (let at = 0; at < (settings.profiles ? 1 : turns); at++) {
    for (const one of rotate(started, at)) {
      await attempt(one.run, async () => {
        seen.get(one).push(await turn(one.session, settings));
      });
    }
  }
  for (const [{run, session}, values] of seen) {
    await attempt(run, () => end?.(session));
    for (const name of Object.keys(values[0] ?? {})) {
      const all = values.map(value => value[name]);
      // A server that keeps up in some turns only does not keep up.
      run.values[name] = all.every(Number.isFinite) ? median(all) : NaN;
    }
  }
}

/** One subject's failure ends its run and no other's. */
async function attempt(run, step) {
  if (run.failure) return;
  try {
    await step();
  } catch (error) {
    run.failure = error;
  }
}

/** True when a measure is taken of a subject. */
export function suits({wire, kind, measures}, measure) {
  if (kind !== measure.kind) return false;
  if (measures && !measures.includes(measure.name)) return false;
  return kind !== undefined || wire !== null || measure.withoutSockets;
}

function sizesOf(measures) {
  return [...new Set(measures.flatMap(({methods}) => methods))].sort((a, b) => a - b);
}

function rotate(list, by) {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
