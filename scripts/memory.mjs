// Measures the memory that one hostile client makes a server hold: `npm run check:memory`. Fails when an attack makes it hold more
// than is documented, ends it, or leaves something unhandled. `ONLY=PINGs` runs those of that name.
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {attacks} from './memory/attacks.mjs';
import {WebSocketClient} from './memory/clients.mjs';

/** The length of an attack, in ms. */
const TIME = Number(process.env.TIME ?? 3000);
const EVERY = 250;
const MB = 1024 ** 2;
/** In MB; by far less than an attack takes that is not limited. */
const HEAP = 160;

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const failures = [];
console.log(`${'MB at most'.padEnd(50)}  held  bound  resident`);
for (const [name, attack] of Object.entries(attacks)) {
  if (name.includes(process.env.ONLY ?? '')) await measure(name, attack);
}
for (const failure of failures) console.error(failure);
process.exitCode = failures.length > 0 ? 1 : 0;

async function measure(name, {bound, handlers = Infinity, recovery, run}) {
  const child = fork(
    join(import.meta.dirname, 'memory', 'server.mjs'),
    recovery ? ['recovery'] : [],
    {
      execArgv: ['--expose-gc', `--max-old-space-size=${HEAP}`],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    },
  );
  let errors = '';
  let ended = false;
  child.stderr.on('data', data => (errors += data));
  const exit = once(child, 'exit').then(() => (ended = true));
  const [url] = await once(child, 'message');
  const ask = async () => {
    if (child.connected) child.send('measure');
    const answer = await Promise.race([once(child, 'message'), exit]);
    return ended ? {rss: Infinity, held: Infinity, faults: [errors]} : answer[0];
  };
  // Objects that the first connection makes once do not belong to the attack.
  const first = await WebSocketClient.open(url);
  await first.join();
  first.close();
  const before = await ask();
  const until = performance.now() + TIME;
  const alive = () => performance.now() < until && !ended;
  const attacking = run(url, alive);
  attacking.catch(() => undefined);
  const peak = {...before};
  const look = async () => {
    const now = await ask();
    for (const key of ['rss', 'held', 'most'])
      peak[key] = Math.max(peak[key], now[key] ?? 0);
    peak.faults = now.faults;
  };
  while (alive()) {
    await look();
    await pause(EVERY);
  }
  const client = await Promise.race([attacking, pause(TIME)]);
  await look();
  client?.close();
  if (!ended) child.disconnect();
  await exit;
  const held = (peak.held - before.held) / MB;
  const resident = (peak.rss - before.rss) / MB;
  const cell = (value, width) => value.toFixed(1).padStart(width);
  console.log(
    `${name.padEnd(50)} ${cell(held, 5)} ${cell(bound, 6)} ${cell(resident, 9)}`,
  );
  if (!(held <= bound)) failures.push(`${name}: ${held.toFixed(1)} MB are held.`);
  if (peak.most > handlers) failures.push(`${name}: ${peak.most} handlers ran at once.`);
  for (const fault of peak.faults) failures.push(`${name}: ${fault}`);
}
