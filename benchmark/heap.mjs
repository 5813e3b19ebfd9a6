// Prints the objects of an idle authenticated socket, by class, beside socket.io by hand:
// node heap.mjs [methods]
import {checkInstallation} from './harness/installation.mjs';
import {Session} from './harness/session.mjs';
import {subjects} from './subjects.mjs';

const SOCKETS = 1000;
const SHOWN = 24;

const methods = Number(process.argv[2] ?? 1);
const chosen = subjects.filter(({name}) => name === 'raw' || name === 'ours');
checkInstallation(chosen);

const [raw, ours] = await Promise.all(chosen.map(measure));
const rows = [...new Set([...Object.keys(raw), ...Object.keys(ours)])]
  .map(name => ({name, raw: raw[name] ?? 0, ours: ours[name] ?? 0}))
  .sort((one, other) => other.raw + other.ours - one.raw - one.ours);
const rest = rows.splice(SHOWN);
rows.push({name: 'others', raw: sum(rest, 'raw'), ours: sum(rest, 'ours')});
rows.push({name: 'all', raw: sum(rows, 'raw'), ours: sum(rows, 'ours')});
console.log(`| bytes for each idle socket, ${methods} methods | by hand | ours | |`);
console.log('| --- | ---: | ---: | ---: |');
for (const row of rows) {
  const more = Math.round(row.ours - row.raw);
  const values = [
    Math.round(row.raw),
    Math.round(row.ours),
    more > 0 ? `+${more}` : more,
  ];
  console.log(`| ${row.name} | ${values.join(' | ')} |`);
}

async function measure(subject) {
  const session = await Session.start(subject, {methods});
  try {
    await session.connect(SOCKETS);
    await session.close();
    const before = await session.server.ask('heapObjects');
    await session.connect(SOCKETS);
    const after = await session.server.ask('heapObjects');
    return Object.fromEntries(
      Object.entries(after).map(([name, bytes]) => [
        name,
        (bytes - (before[name] ?? 0)) / SOCKETS,
      ]),
    );
  } finally {
    await session.end();
  }
}

function sum(list, key) {
  return list.reduce((total, row) => total + row[key], 0);
}
