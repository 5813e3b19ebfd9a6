import {Session} from './session.mjs';

/**
 * Runs every subject once a round, each round in another order and each in new processes, so that
 * what else the machine does falls on all alike. Answers with `{subject, round, values}` one by one.
 */
export async function* runRounds(subjects, measures, settings) {
  for (let round = 0; round < settings.rounds; round++) {
    for (const subject of rotate(subjects, round)) {
      const values = {};
      let failure;
      try {
        for (const methods of sizesOf(subject, measures)) {
          const due = measures.filter(
            measure => measure.methods.includes(methods) && suits(subject, measure),
          );
          Object.assign(values, await runOne(subject, due, {...settings, methods}));
        }
      } catch (error) {
        failure = error;
      }
      yield {subject: subject.name, round, values, failure};
    }
  }
}

async function runOne(subject, due, settings) {
  const session = await Session.start(subject, settings);
  const values = {};
  try {
    for (const measure of due) {
      Object.assign(values, await measure.measure(session, settings));
    }
  } finally {
    await session.end();
  }
  return values;
}

function suits(subject, measure) {
  return subject.wire !== null || measure.withoutSockets;
}

function sizesOf(subject, measures) {
  const sizes = measures
    .filter(measure => suits(subject, measure))
    .flatMap(({methods}) => methods);
  return [...new Set(sizes)].sort((a, b) => a - b);
}

function rotate(list, by) {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
