import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {formatNumber} from './numbers.mjs';

const SHOWN = 25;

/** The functions in which servers spent most time themselves. */
export function printProfiles(folder) {
  for (const file of readdirSync(folder)) {
    console.log(`\n${file}: share of the CPU time`);
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    for (const {label, share} of topFunctions(profile)) {
      console.log(`  ${formatNumber(share * 100, 1).padStart(5)} %  ${label}`);
    }
  }
}

function topFunctions({nodes, samples, timeDeltas}) {
  const labels = new Map(nodes.map(({id, callFrame}) => [id, labelOf(callFrame)]));
  const times = new Map();
  let total = 0;
  samples.forEach((node, index) => {
    const label = labels.get(node);
    // Waiting, and what the profiler itself does.
    if (label === '(idle)' || label === 'dispatch') return;
    total += timeDeltas[index];
    times.set(label, (times.get(label) ?? 0) + timeDeltas[index]);
  });
  return [...times]
    .map(([label, time]) => ({label, share: time / total}))
    .sort((a, b) => b.share - a.share)
    .slice(0, SHOWN);
}

function labelOf({functionName, url, lineNumber}) {
  const name = functionName || '(anonymous)';
  if (!url) return name;
  const place = url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/(\w+\/)/, '$1');
  return `${name}  ${place}:${lineNumber + 1}`;
}
