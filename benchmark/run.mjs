// Runs the benchmark: node run.mjs --help
import {mkdirSync, rmSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {pinned} from './harness/channel.mjs';
import {checkInstallation} from './harness/installation.mjs';
import {runRounds, suits} from './harness/rounds.mjs';
import {count} from './measures/counts.mjs';
import {measuresOf} from './measures/index.mjs';
import {printProfiles} from './report/profiles.mjs';
import {writeKindSection, writeReport} from './report/report.mjs';
import {summarize} from './report/summary.mjs';
import {printSummary} from './report/terminal.mjs';
import {subjects} from './subjects.mjs';

const {values: flags} = parseArgs({
  options: {
    only: {type: 'string'},
    measure: {type: 'string'},
    'in-flight': {type: 'string'},
    rounds: {type: 'string'},
    short: {type: 'boolean'},
    profile: {type: 'boolean'},
    report: {type: 'boolean'},
    help: {type: 'boolean'},
  },
});

if (flags.help) {
  console.log(`node run.mjs [options]
  --only raw,ours        subjects: ${subjects.map(({name}) => name).join(', ')}
  --measure calls        measures: ${[...new Set(measuresOf([20]).map(({name}) => name))].join(', ')}
  --in-flight 20         numbers of calls in flight on a socket, for the measure calls
  --rounds 3             how often each subject's processes are started anew
  --short                a selection, in under two minutes
  --profile              CPU profiles of the servers and clients, in profiles/
  --report               write docs/performance.md; with --measure client, or streams,stream-latency, only that section`);
  process.exit();
}

// Warm-up in calls, so that a busy machine does not cut it short; windows in milliseconds.
const full = {
  rounds: 3,
  warmUp: 10000,
  window: 250,
  broadcasts: 10,
  bursts: 500,
  items: 100_000,
};
const short = {
  rounds: 1,
  warmUp: 8000,
  window: 200,
  broadcasts: 10,
  bursts: 500,
  items: 100_000,
};
const settings = {
  ...(flags.short ? short : full),
  inFlight: (flags['in-flight'] ?? (flags.short ? '20,1' : '20,4,1'))
    .split(',')
    .map(Number),
};
if (flags.rounds) settings.rounds = Number(flags.rounds);
if (flags.profile) {
  settings.profiles = fileURLToPath(new URL('profiles', import.meta.url));
  rmSync(settings.profiles, {recursive: true, force: true});
  mkdirSync(settings.profiles, {recursive: true});
}

const defaults = flags.short
  ? {only: 'raw,raw-coalesced,ours,ours-full,nestjs', measure: 'burst,calls'}
  : {};
const measures = choose(measuresOf(settings.inFlight), flags.measure ?? defaults.measure);
const chosen = {
  subjects: choose(subjects, flags.only ?? defaults.only).filter(subject =>
    measures.some(measure => suits(subject, measure)),
  ),
  measures,
};
checkInstallation(chosen.subjects);
if (!pinned)
  console.error('Server and load generator share cores: no taskset, or one core.');

const runs = [];
for await (const run of runRounds(chosen.subjects, chosen.measures, settings)) {
  runs.push(run);
  console.error(
    `round ${run.round + 1}/${settings.rounds} ${run.subject}`,
    run.failure ?? '',
  );
}
const summary = summarize(runs, chosen.subjects);
printSummary(summary);
if (settings.profiles) printProfiles(settings.profiles);
const kinds = new Set(measures.map(({kind}) => kind));
const [kind] = kinds;
if (flags.report && kinds.size === 1 && kind) {
  await writeKindSection(kind, {runs, summary, settings});
} else if (flags.report) {
  const counts = [];
  for (const subject of chosen.subjects.filter(({wire}) => wire)) {
    console.error(`counting ${subject.name}`);
    counts.push({title: subject.title, values: await count(subject)});
  }
  await writeReport({runs, summary, counts, settings});
}
if (runs.some(({failure}) => failure)) process.exitCode = 1;

function choose(list, names) {
  if (!names) return list;
  return names.split(',').flatMap(name => {
    const found = list.filter(item => item.name === name);
    if (found.length === 0) throw new Error(`There is no ${name}: node run.mjs --help`);
    return found;
  });
}
