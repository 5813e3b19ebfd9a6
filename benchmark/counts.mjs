// Compares counts that do not depend on the machine with limits: node counts.mjs
import {readFileSync} from 'node:fs';
import {checkInstallation} from './harness/installation.mjs';
import {count} from './measures/counts.mjs';
import {formatNumber, formatSpread} from './report/numbers.mjs';
import {subjects} from './subjects.mjs';

const limits = JSON.parse(readFileSync(new URL('limits.json', import.meta.url), 'utf8'));

const chosen = subjects.filter(({name}) => name === 'raw' || name in limits);
checkInstallation(chosen);

const counted = {};
for (const subject of chosen) {
  counted[subject.name] = await count(subject);
  const {writes, writesAlone, bytes, spread} = counted[subject.name];
  console.log(
    `${subject.name}: ${writes} writes a call, ${writesAlone} alone; ` +
      `${formatNumber(bytes, 0)} bytes (${formatSpread(spread, 0)})`,
  );
}

const exceeded = Object.entries(limits).flatMap(([name, subjectLimits]) =>
  Object.entries(subjectLimits).map(([key, limit]) => {
    const ratio = counted[name][key] / counted.raw[key];
    console.log(`${name}: ${key} ${ratio.toFixed(3)} of raw, at most ${limit}`);
    return ratio > limit;
  }),
);
if (exceeded.includes(true)) {
  console.error('A limit of limits.json is exceeded.');
  process.exitCode = 1;
}
