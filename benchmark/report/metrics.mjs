const microseconds = {unit: 'µs', digits: 2};
const bytes = {unit: 'B', digits: 0};
const milliseconds = {unit: 'ms', digits: 0};
const client = {...microseconds, kind: 'client', baselines: ['client-socket.io']};
const stream = {
  ...microseconds,
  kind: 'stream',
  baselines: ['stream-batches', 'stream-events'],
};
const delay = {unit: 'ms', digits: 1, kind: 'stream', baselines: ['stream-events']};

/** The reported figures, in this order: their values, and the subject that they are compared with. */
export const metrics = [
  {
    name: 'cpu-20',
    plot: true,
    title: 'CPU of a call, 20 in flight on a socket',
    ...microseconds,
  },
  {name: 'cpu-4', plot: true, title: 'CPU of a call, 4 in flight', ...microseconds},
  {name: 'cpu-1', plot: true, title: 'CPU of a call, 1 in flight', ...microseconds},
  {
    name: 'rate-20',
    title: 'Calls a second, 20 in flight',
    unit: '/s',
    digits: 0,
    more: true,
  },
  {
    name: 'latency-p50',
    plot: true,
    title: 'Median latency at 4,000 calls a second',
    unit: 'µs',
    digits: 0,
  },
  {
    name: 'connect-1',
    title: 'CPU to connect and authenticate, 1 method',
    unit: 'µs',
    digits: 0,
  },
  {
    name: 'connect-200',
    plot: true,
    title: 'CPU to connect and authenticate, 200 methods',
    unit: 'µs',
    digits: 0,
  },
  {name: 'heap-1', plot: true, title: 'Heap of an idle socket, 1 method', ...bytes},
  {name: 'heap-20', title: 'Heap of an idle socket, 20 methods', ...bytes},
  {name: 'heap-200', plot: true, title: 'Heap of an idle socket, 200 methods', ...bytes},
  {
    name: 'fan-out',
    plot: true,
    title: 'CPU of a message, one event to 1,000 sockets',
    ...microseconds,
  },
  {
    name: 'burst',
    plot: true,
    title: 'CPU of an event, 20 to one socket in one tick',
    ...microseconds,
  },
  {
    name: 'start-1',
    title: 'Start of the process, 1 method',
    ...milliseconds,
    baselines: ['rest'],
  },
  {
    name: 'start-200',
    title: 'Start of the process, 200 methods',
    ...milliseconds,
    baselines: ['rest'],
  },
  {
    name: 'start-cpu-1',
    plot: true,
    title: 'CPU to start the process, 1 method',
    ...milliseconds,
    baselines: ['rest'],
  },
  {
    name: 'start-cpu-200',
    title: 'CPU to start the process, 200 methods',
    ...milliseconds,
    baselines: ['rest'],
  },
  {name: 'client-20', title: 'CPU of a call in a client, 20 in flight', ...client},
  {name: 'client-1', title: 'CPU of a call in a client, one at a time', ...client},
  {name: 'stream', title: 'CPU of an item, server and client', ...stream},
  {name: 'stream-server', title: 'CPU of an item, server', ...stream},
  {name: 'stream-client', title: 'CPU of an item, client', ...stream},
  {name: 'stream-p50', title: 'Median latency of an item, 50 ms each way', ...delay},
  {name: 'stream-p95', title: '95th percentile of the latency of an item', ...delay},
].map(metric => ({baselines: ['raw', 'raw-coalesced'], ...metric}));
