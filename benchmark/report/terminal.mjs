import {formatNumber, formatSpread} from './numbers.mjs';

/** The tables, as text. */
export function printSummary(summary) {
  for (const {metric, rows} of summary) {
    const {title, unit, digits} = metric;
    const baselines = metric.baselines.filter(name =>
      rows.some(({ratios}) => ratios[name]),
    );
    console.log(`\n${title} (${unit})`);
    print([
      ['', 'median', 'min–max', ...baselines.flatMap(name => [`× ${name}`, 'min–max'])],
      ...rows.map(({subject, value, ratios}) => [
        subject.name,
        formatNumber(value.median, digits),
        formatSpread(value, digits),
        ...baselines.flatMap(name => [
          ratios[name] ? formatNumber(ratios[name].median, 2) : '',
          ratios[name] ? formatSpread(ratios[name], 2) : '',
        ]),
      ]),
    ]);
  }
}

function print(lines) {
  const widths = lines[0].map((_, column) =>
    Math.max(...lines.map(line => line[column].length)),
  );
  for (const line of lines) {
    const cells = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]),
    );
    console.log(`  ${cells.join('  ')}`);
  }
}
