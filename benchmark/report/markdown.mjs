import {formatNumber, formatSpread} from './numbers.mjs';
import {spread} from './summary.mjs';

const OVERVIEW = [
  ['cpu-20', 'CPU, 20 in flight'],
  ['cpu-4', '4'],
  ['cpu-1', '1'],
  ['connect-1', 'connect'],
  ['connect-200', '200 methods'],
  ['heap-1', 'heap'],
  ['heap-200', '200 methods'],
  ['fan-out', 'fan-out'],
  ['burst', 'burst'],
];

export function toMarkdown({runs, summary, counts, settings, environment}) {
  return [
    '# Performance',
    introduction(settings),
    '## Overview',
    'Ratios to socket.io by hand, of CPU time and of heap; less is better.',
    overview(summary),
    '## Kinds of injection',
    'CPU time of a call with 20 in flight, as a ratio to socket.io by hand: the full call, and the same ' +
      'controller with one more thing injected. The last three take a LoopBack context for each call.',
    injectionTable(summary),
    ...summary.map(section),
    '## Counts',
    'What does not depend on the machine: writes (each is a system call) and bytes of heap allocated ' +
      'for a call, when 20 calls arrive at once on a socket, and writes when one does.',
    countTable(counts),
    '## Who is busy',
    'CPU of the server and of the load generator, in percent of a core, with 20 calls in flight: the ' +
      'server is what limits the calls.',
    loadTable(runs, summary),
    '## Environment',
    environmentTable(environment),
  ].join('\n\n');
}

function introduction({rounds}) {
  return [
    'Written by `npm run bench` in [benchmark](../benchmark/README.md), which says how it is measured.',
    'Every server does the same: it authenticates a token, then answers a call whose small object of ' +
      'arguments and whose user decide the answer, which the load generator checks. The server has one ' +
      'core, the load generator another. Servers are measured in turns of a fraction of a second, in ' +
      'an order that rotates, and started anew for each round.',
    `Shown are the median of ${rounds} round${rounds === 1 ? '' : 's'}, the least and the most; then the ratio, in the same round, ` +
      'to the server that is written by hand on socket.io: plain (× by hand), and with the writes of ' +
      'one tick coalesced into one (× coalesced).',
  ].join('\n\n');
}

function overview(summary) {
  const found = OVERVIEW.map(([name, title]) => ({
    title,
    rows: summary.find(({metric}) => metric.name === name)?.rows ?? [],
  }));
  const subjects = found[0].rows
    .map(({subject}) => subject)
    .filter(({measures}) => !measures);
  return table([
    ['', ...found.map(({title}) => title)],
    ...subjects.map(({name, title}) => [
      title,
      ...found.map(({rows}) => {
        const ratio = rows.find(({subject}) => subject.name === name)?.ratios.raw;
        return ratio ? formatNumber(ratio.median, 2) : '–';
      }),
    ]),
  ]);
}

function injectionTable(summary) {
  const rows = summary.find(({metric}) => metric.name === 'cpu-20')?.rows ?? [];
  return table([
    ['', '× by hand', 'least–most', 'goal'],
    ...rows
      .filter(({subject}) => subject.name === 'ours-full' || subject.goal)
      .map(({subject: {title, goal}, ratios}) => [
        title,
        ...cells(ratios.raw),
        goal ? `≤ ${formatNumber(goal, 1)}` : '',
      ]),
  ]);
}

function section({metric, rows}) {
  const {name, title, unit, digits, more, plot} = metric;
  const baselines = metric.baselines.filter(baseline =>
    rows.some(row => row.ratios[baseline]),
  );
  const heads = {raw: '× by hand', 'raw-coalesced': '× coalesced', rest: '× REST alone'};
  return [
    `## ${title}`,
    more ? 'More is better.' : '',
    plot ? `![${title}](performance/${name}.svg)` : '',
    table([
      ['', unit, 'least–most', ...baselines.flatMap(each => [heads[each], 'least–most'])],
      ...rows.map(({subject, value, ratios}) => [
        subject.title,
        formatNumber(value.median, digits),
        formatSpread(value, digits),
        ...baselines.flatMap(each => cells(ratios[each])),
      ]),
    ]),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function cells(ratio) {
  return ratio ? [formatNumber(ratio.median, 2), formatSpread(ratio, 2)] : ['–', ''];
}

function countTable(counts) {
  const [{values: raw}] = counts;
  return table([
    ['', 'writes', '1 alone', 'bytes', 'least–most', '× by hand'],
    ...counts.map(({title, values}) => [
      title,
      formatNumber(values.writes, 2),
      formatNumber(values.writesAlone, 2),
      formatNumber(values.bytes, 0),
      formatSpread(values.spread, 0),
      formatNumber(values.bytes / raw.bytes, 2),
    ]),
  ]);
}

function loadTable(runs, summary) {
  const load = (subject, name) => {
    const own = runs.filter(run => run.subject === subject);
    return spread(own.map(({values}) => values[name]));
  };
  return table([
    ['', 'server', 'load generator'],
    ...summary[0].rows
      .map(({subject: {name, title}}) => [
        title,
        load(name, 'server-load-20'),
        load(name, 'client-load-20'),
      ])
      .filter(([, server]) => server)
      .map(([title, ...loads]) => [
        title,
        ...loads.map(({median}) => formatNumber(median, 0)),
      ]),
  ]);
}

function environmentTable({date, node, system, processor, cores, versions}) {
  return table([
    ['', ''],
    ['Date', date],
    ['Node.js', node],
    ['System', system],
    ['Processor', `${processor}, ${cores} cores`],
    ...Object.entries(versions),
  ]);
}

function table([head, ...lines]) {
  const row = cells => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [row(head), row(rule), ...lines.map(row)].join('\n');
}
