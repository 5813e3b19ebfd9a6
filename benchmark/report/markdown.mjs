import {formatNumber, formatSpread} from './numbers.mjs';
import {spread} from './summary.mjs';

const OVERVIEW = [
  ['cpu-20', 'CPU, 20 in flight'],
  ['cpu-4', 'CPU, 4'],
  ['cpu-1', 'CPU, 1'],
  ['connect-1', 'connect'],
  ['connect-200', 'connect, 200 methods'],
  ['heap-1', 'heap'],
  ['heap-200', 'heap, 200 methods'],
  ['fan-out', 'fan-out'],
  ['burst', 'burst'],
];

export function toMarkdown({runs, summary, counts, settings, environment}) {
  return [
    '# Performance',
    introduction(settings),
    '## Overview',
    'Ratios of CPU time and of heap to socket.io by hand. Less is better.',
    overview(summary),
    '## Kinds of injection',
    'The CPU time of a call with 20 in flight, as a ratio to socket.io by hand. The first row is the full ' +
      'call. Each other row injects one more thing into the same controller. The last three rows need a ' +
      'LoopBack context for each call.',
    injectionTable(summary),
    ...summary.filter(({metric}) => !metric.kind).map(section),
    ...Object.keys(KINDS).map(kind =>
      kindSection(kind, {summary, settings, environment}),
    ),
    '## Counts',
    'These counts do not depend on the machine. Of a call, when 20 calls arrive at once on a socket: ' +
      '`writes` is the number of system calls that write, and `bytes` is the allocated heap. `1 alone` is ' +
      'the number of writes when one call arrives.',
    countTable(counts),
    '## Who is busy',
    'CPU of the server and of the load generator, in percent of a core, with 20 calls in flight. The ' +
      'server limits the number of calls.',
    loadTable(runs, summary),
    '## Environment',
    environmentTable(environment),
  ].join('\n\n');
}

function introduction({rounds}) {
  return [
    'CPU time and memory of this package, of socket.io by hand, and of similar packages. "By hand" is a server ' +
      'that uses socket.io directly, with a listener for each method. For example, 0.50 in the column "× by hand" ' +
      'means half of its cost.',
    [
      '`npm run bench` writes this page. [benchmark](../benchmark/README.md) describes the method.',
      'All servers do the same work: they authenticate a token and answer calls. An answer depends on the ' +
        'arguments, a small object, and on the user. The load generator checks each answer.',
      'The server has one core, and the load generator another.',
      'The servers are measured in turns of a fraction of a second, in an order that rotates. Each round starts ' +
        'new processes.',
      `Values are the median of ${rounds} round${rounds === 1 ? '' : 's'}, with the least and the most.`,
      '"× by hand" is the ratio to socket.io by hand in the same round. "× coalesced" is the ratio to the same ' +
        'server with all writes of one tick coalesced into one.',
    ]
      .map(item => `- ${item}`)
      .join('\n'),
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

const KINDS = {
  client: {
    title: 'CPU of a call in a client',
    text:
      'CPU time of the process of a client in Node.js, for each call over one socket. All clients call the same ' +
      'server of this package, over WebSocket. Less is better. A plain call of `loopback4-socket-client` has the ' +
      'timeout of the client, 30 s.',
  },
  stream: {
    title: 'Streams',
    text:
      'Small items, such as `{i, price}`, over one socket. A plain socket.io-client reads the stream with 8 reads ' +
      'outstanding, of 64 items each. By hand, the server pushes items, and the client grants credit for 64 at a ' +
      'time. The latency is from when an item is made until it arrives, with an item each 20 ms and a network of ' +
      '50 ms in each direction. Less is better. ' +
      '`node run.mjs --measure streams,stream-latency --report` in `benchmark` writes this section.',
  },
};

/** The section of the clients or of the streams, which has its own date: it is also written alone. */
export function kindSection(kind, {summary, settings: {rounds}, environment}) {
  const {date, node, processor, cores, versions} = environment;
  const {title, text} = KINDS[kind];
  return [
    `## ${title}`,
    text,
    `Values are the median of ${rounds} rounds, with the least and the most: ${date}, Node.js ${node}, ` +
      `socket.io-client ${versions['socket.io-client']}, ${processor}, ${cores} cores. ` +
      'Where the least and the most of a ratio are far apart, the machine had other work.',
    ...summary
      .filter(({metric}) => metric.kind === kind)
      .flatMap(({metric, rows}) => [`### ${metric.title}`, metricTable(metric, rows)]),
  ].join('\n\n');
}

function section({metric, rows}) {
  const {name, title, more, plot} = metric;
  return [
    `## ${title}`,
    more ? 'More is better.' : '',
    plot ? `![${title}](performance/${name}.svg)` : '',
    metricTable(metric, rows),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function metricTable(metric, rows) {
  const {unit, digits} = metric;
  const baselines = metric.baselines.filter(baseline =>
    rows.some(row => row.ratios[baseline]),
  );
  const heads = {
    raw: '× by hand',
    'raw-coalesced': '× coalesced',
    rest: '× REST alone',
    'client-socket.io': '× socket.io-client',
    'stream-batches': '× 64 an event',
    'stream-events': '× an event each',
  };
  return table([
    ['', unit, 'least–most', ...baselines.flatMap(each => [heads[each], 'least–most'])],
    ...rows.map(({subject, value, ratios}) => [
      subject.title,
      formatNumber(value.median, digits),
      formatSpread(value, digits),
      ...baselines.flatMap(each => cells(ratios[each])),
    ]),
  ]);
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
