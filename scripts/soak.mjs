// Clients of every kind for a long time: `npm run test:soak -- [--minutes 10] [--clients 500] [--seed 1]`.
// Ends with 1 if the server's memory or its handles grow, if it ends or leaves a rejection unhandled, if an
// ack stays open, or if a call with an id runs twice. Runs of ten minutes or more are plotted.
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {parseArgs} from 'node:util';
import {plot} from './soak/plot.mjs';
import {peaksOf, trendOf} from './soak/trend.mjs';

const {values} = parseArgs({
  options: {
    minutes: {type: 'string', default: '10'},
    clients: {type: 'string', default: '500'},
    seed: {type: 'string', default: '1'},
  },
});
const minutes = Number(values.minutes);
const clients = Number(values.clients);
const LOADS = 2;
const root = join(import.meta.dirname, '..');
const PLOT = join(root, 'docs', 'operations', 'soak.svg');
/** ms between samples: enough of them, whatever the length. */
const every = Math.min(5000, (minutes * 60_000) / 40);
/** Where memory is not yet what it stays: all users must have come, and their answers be kept. */
const warmUp = Math.max(45_000, (minutes * 60_000) / 5);
/** Until then memory grows, because answers to calls with an id are kept for two minutes. */
const MIN_MINUTES_OF_HEAP = 5;
/** The largest growth of a trend, as a part of the mean. A longer run shows less. */
const TOLERANCE = minutes < 5 ? 0.1 : 0.05;

const failures = [];
const check = (holds, text) => {
  if (!holds) failures.push(text);
};

const server = await start('server.mjs', ['--expose-gc']);
let stopping = false;
server.child.once('exit', (code, signal) => {
  if (stopping) return;
  console.error(`The server ended with ${code ?? signal}.`);
  process.exit(1);
});
const {url} = await server.next();
const idle = await server.ask('sample');
const loads = await Promise.all(
  Array.from({length: LOADS}, (_, at) =>
    start('clients.mjs', [], url, clients / LOADS, Number(values.seed) + at),
  ),
);
const samples = [];
const began = Date.now();
console.log(`soak: ${clients} clients for ${minutes} minutes, SEED=${values.seed}`);
while (Date.now() - began < minutes * 60_000) {
  await new Promise(resolve => setTimeout(resolve, every));
  const [of, ...tallies] = await Promise.all(
    [server, ...loads].map(one => one.ask('sample')),
  );
  const sample = {at: Date.now() - began, ...of, ...sum(tallies)};
  samples.push(sample);
  const {at, heap, connections, timers, handles, answered} = sample;
  console.log(
    `${Math.round(at / 1000)} s: ${heap.toFixed(1)} MB, ${connections} connections, ` +
      `${timers} timers, ${handles} other handles, ${answered} answers`,
  );
}
const tally = sum(await Promise.all(loads.map(one => one.ask('finish'))));
for (const {child} of loads) child.disconnect();
const left = await settled();
stopping = true;
const exited = once(server.child, 'exit');
server.child.send('stop');
const [exitCode] = await exited;

const rates = samples.map((sample, at) => {
  const before = samples[at - 1] ?? {at: 0, answered: 0};
  return ((sample.answered - before.answered) * 1000) / (sample.at - before.at);
});
const steady = samples.filter(({at}) => at >= warmUp);
const pointsOf = value => steady.map(sample => [sample.at, value(sample)]);
const trends = {
  heap: trendOf(pointsOf(({heap}) => heap)),
  // As many clients are connected as happen to be.
  'timers per connection': trendOf(
    peaksOf(pointsOf(({timers, connections}) => timers / connections)),
  ),
  'handles per connection': trendOf(
    peaksOf(pointsOf(({handles, connections}) => handles / connections)),
  ),
};
for (const [name, {mean, growth}] of Object.entries(trends)) {
  if (name === 'heap' && minutes < MIN_MINUTES_OF_HEAP) {
    console.log(
      'The heap is not judged: answers are still being kept for the first time.',
    );
    continue;
  }
  check(
    growth <= mean * TOLERANCE,
    `${name} grew by ${growth.toFixed(2)} of ${mean.toFixed(2)}`,
  );
}
check(exitCode === 0, `the server ended with ${exitCode}`);
check(left.unhandled === 0, `${left.unhandled} unhandled rejections and exceptions`);
check(left.unexpected === 0, `${left.unexpected} faults logged that nobody planned`);
check(left.twice === 0, `${left.twice} calls with an id ran twice`);
check(tally.wrong === 0, `${tally.wrong} answers were wrong`);
check(
  tally.open === 0,
  `${tally.open} acks are neither answered nor gone with their socket`,
);
check(
  tally.called === tally.answered + tally.gone,
  `${tally.called} calls, ${tally.answered} answered, ${tally.gone} gone with their socket`,
);
check(left.connections === 0, `${left.connections} connections are left`);
check(
  left.handles <= idle.handles,
  `handles: ${idle.handles} before, ${left.handles} after`,
);
check(tally.answered > clients * minutes * 5, 'hardly anything was called');

const number = value => value.toLocaleString('en', {maximumFractionDigits: 2});
const drift = ({mean, growth}) =>
  `${number(mean)} (${growth < 0 ? '−' : '+'}${number(Math.abs(growth))} by linear regression)`;
const rows = [
  ['Minutes, clients', `${minutes}, ${clients}`],
  ['Connections made', number(tally.connected)],
  ['… cut by the client', number(tally.cut)],
  ['… ended by expiry', number(tally.expired)],
  ['Renewals', number(tally.renewed)],
  ['Calls', number(tally.called)],
  ['… answered', number(tally.answered)],
  ['… without an answer, because their socket ended', number(tally.gone)],
  ['… sent again with the same id', number(tally.retried)],
  ['Calls with an id that ran twice', number(left.twice)],
  ['Acks that stay open although their socket lives', number(tally.open)],
  ['Exits, unhandled rejections', `0, ${left.unhandled}`],
  ['Heap after garbage collection, MB, before the first client', number(idle.heap)],
  ['… mean after the warm-up', drift(trends.heap)],
  ['… after the last client', number(left.heap)],
  ['Timers for each connection, peaks', drift(trends['timers per connection'])],
  ['Other handles for each connection, peaks', drift(trends['handles per connection'])],
  ['Resident memory at most, MB', number(Math.max(...samples.map(({rss}) => rss)))],
];
const width = Math.max(...rows.map(([name]) => name.length));
for (const [name, value] of rows) console.log(`| ${name.padEnd(width)} | ${value} |`);
if (minutes >= 10 && failures.length === 0) {
  mkdirSync(dirname(PLOT), {recursive: true});
  const minute = samples.map(({at}) => at / 60_000);
  const series = (title, values) => ({
    title,
    points: values.map((value, at) => [minute[at], value]),
  });
  writeFileSync(
    PLOT,
    plot(`${minutes} minutes of ${clients} clients`, [
      series(
        'Heap after garbage collection, MB',
        samples.map(({heap}) => heap),
      ),
      series(
        'Sockets on the server',
        samples.map(({connections}) => connections),
      ),
      series('Calls answered per second', rates),
    ]),
  );
}
for (const failure of failures) console.error(`✖ ${failure}`);
console.log(failures.length === 0 ? 'soak: passed' : 'soak: failed');
process.exitCode = failures.length === 0 ? 0 : 1;

/** A process of soak/, which answers each question with one message. */
async function start(file, execArgv, ...args) {
  const child = fork(join(import.meta.dirname, 'soak', file), args.map(String), {
    execArgv,
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const next = async () => (await once(child, 'message'))[0];
  const ask = question => {
    const answer = next();
    child.send(question);
    return answer;
  };
  return {child, next, ask};
}

function sum(tallies) {
  const total = {};
  for (const one of tallies) {
    for (const [name, count] of Object.entries(one))
      total[name] = (total[name] ?? 0) + count;
  }
  return total;
}

/** Returns the remains after the server's pings have found that all clients are gone. */
async function settled() {
  const end = Date.now() + 60_000;
  for (;;) {
    const sample = await server.ask('sample');
    const gone = sample.connections === 0 && sample.handles <= idle.handles;
    if (gone || Date.now() > end) return sample;
    await new Promise(resolve => setTimeout(resolve, 250));
  }
}
