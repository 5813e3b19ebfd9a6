const server = path => new URL(path, import.meta.url).href;
const loopback = server('servers/loopback/dist/server.js');

/** The full controller with one more thing injected: only its calls are measured. */
const injecting = (variant, what, goal) => ({
  name: `ours-${variant}`,
  title: `**loopback4-socket**, full, ${what}`,
  module: loopback,
  options: {variant},
  measures: ['calls'],
  goal,
});

/** A client that calls the same server as the others: only the client is measured. */
const calling = (client, title) => ({
  name: `client-${client}`,
  title,
  module: loopback,
  options: {variant: 'plain'},
  wire: null,
  kind: 'client',
  client,
});

/** A stream of items: the server and its client are measured. */
const streaming = (client, title, more) => ({
  name: `stream-${client}`,
  title,
  module: server('servers/pushing.mjs'),
  wire: null,
  kind: 'stream',
  client,
  ...more,
});

/**
 * The subjects: a server module with the options of its `start`, and the wire that the load
 * generator speaks with it, or with the `kind` of its client. Some take part in a few measures only, and have
 * a goal: the ratio to `raw` of the CPU time of a call, with 20 in flight.
 */
export const subjects = [
  {name: 'raw', title: 'socket.io by hand', module: server('servers/raw.mjs')},
  {
    name: 'raw-coalesced',
    title: 'socket.io by hand, writes coalesced',
    module: server('servers/raw.mjs'),
    options: {coalesce: true},
  },
  {
    name: 'ours',
    title: '**loopback4-socket**',
    module: loopback,
    options: {variant: 'plain'},
  },
  {
    name: 'ours-full',
    title: '**loopback4-socket**, interceptor, checked args, user',
    module: loopback,
    options: {variant: 'full'},
  },
  {
    name: 'ours-request-scope',
    title: '**loopback4-socket**, a context for each call',
    module: loopback,
    options: {variant: 'request-scope'},
  },
  injecting('getter', 'a getter', 0.8),
  injecting('request-dynamic', 'a REQUEST dynamic value', 0.8),
  injecting('async-provider', 'an async provider', 1),
  injecting('view', 'a view', 2),
  injecting('custom-resolve', 'an own resolve function', 2),
  injecting('context', 'its context', 2),
  {
    name: 'ws',
    title: 'ws, without socket.io',
    module: server('servers/ws.mjs'),
    wire: 'ws',
  },
  {
    name: 'loopback-socket',
    title: 'loopback-socket, socket.io 2',
    module: server('peers/loopback-socket/server.cjs'),
    wire: 'socketIo2',
  },
  {
    name: 'loopback-socket-on-4',
    title: 'loopback-socket, socket.io 4',
    module: server('peers/loopback-socket/server.cjs'),
    options: {socketIo: 4},
  },
  {
    name: 'loopback-socketio',
    title: '@loopback/socketio',
    module: server('peers/loopback-socketio/dist/server.js'),
  },
  {
    name: 'nestjs',
    title: 'NestJS gateway',
    module: server('peers/nestjs/dist/server.js'),
    options: {variant: 'plain'},
  },
  {
    name: 'nestjs-full',
    title: 'NestJS gateway, guard and validated args',
    module: server('peers/nestjs/dist/server.js'),
    options: {variant: 'full'},
  },
  {
    name: 'socket-controllers',
    title: 'socket-controllers',
    module: server('peers/socket-controllers/dist/server.js'),
  },
  {
    name: 'feathers',
    title: 'Feathers',
    module: server('peers/feathers/server.cjs'),
    wire: 'feathers',
  },
  {
    name: 'rest',
    title: 'REST application without sockets',
    module: server('servers/loopback/dist/rest-only.js'),
    // Nothing connects to it.
    wire: null,
  },
  calling('socket.io', 'socket.io-client, `timeout(5000).emitWithAck`'),
  calling('ours', '**loopback4-socket-client**'),
  calling('ours-timeout', '**loopback4-socket-client**, `{timeout: 5000}`'),
  calling('ours-id', '**loopback4-socket-client**, `{id: true}`'),
  streaming('batches', 'socket.io by hand, 64 items an event', {
    options: {batch: 64},
    // An item would wait until its batch is full.
    measures: ['streams'],
  }),
  streaming('events', 'socket.io by hand, an event for each item', {options: {batch: 1}}),
  streaming('reads', '**loopback4-socket**, 8 reads outstanding', {
    module: loopback,
    options: {variant: 'streams'},
  }),
].map(subject => ({
  wire: 'socketIo4',
  options: {},
  own: subject.module === loopback,
  ...subject,
}));
