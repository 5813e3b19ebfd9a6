import {metrics} from './metrics.mjs';
import {median} from './numbers.mjs';

/** For each metric that was measured, what each subject has, and its ratio to the baselines. */
export function summarize(runs, subjects) {
  return metrics
    .map(metric => ({
      metric,
      rows: subjects
        .map(subject => ({subject, ...rowOf(runs, metric, subject.name)}))
        .filter(({value}) => value),
    }))
    .filter(({rows}) => rows.length > 0);
}

function rowOf(runs, {name, baselines}, subject) {
  return {
    value: spread(valuesOf(runs, name, subject)),
    // Of the same round: what slows the machine down slows both.
    ratios: Object.fromEntries(
      baselines.map(baseline => {
        const base = valuesOf(runs, name, baseline);
        const ratios = valuesOf(runs, name, subject).map(
          (value, round) => value / base[round],
        );
        return [baseline, spread(ratios)];
      }),
    ),
  };
}

/** Sparse: by round. */
function valuesOf(runs, metric, subject) {
  const values = [];
  for (const run of runs) {
    const value = run.values[metric];
    if (run.subject === subject && typeof value === 'number') values[run.round] = value;
  }
  return values;
}

/** Median and extremes; `undefined` of nothing. */
export function spread(values) {
  const numbers = values.filter(Number.isFinite);
  if (numbers.length === 0) return undefined;
  return {
    median: median(numbers),
    min: Math.min(...numbers),
    max: Math.max(...numbers),
  };
}
