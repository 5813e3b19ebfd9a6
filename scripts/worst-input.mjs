// Measures the CPU of single inputs, beside a server of hand-written socket.io in the same run:
// `npm run check:worst-input`. Fails when one costs more than a tenth of what the other spends on a request
// of 119,999 events that comes before any authentication.
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {request} from 'node:http';
import WebSocket from 'ws';

const ROUNDS = Number(process.env.ROUNDS ?? 12);
const MOST = 0.1;
const SEPARATOR = '\x1e';
const POLLING = '/socket.io/?transport=polling&EIO=';
const AUTHENTICATION = '42["authentication",{"token":"ok"}]';

const fill = (size, piece) => piece.repeat(Math.floor(size / piece.length));
const events = (count, frame = '42["a"]') =>
  Array.from({length: count}, () => frame).join(SEPARATOR);
const bytes = (limit, frame) => events(Math.floor(limit / (frame.length + 1)), frame);
const members = (size, value) => {
  const parts = [];
  for (let at = 0, length = 0; length < size - 20; at++) {
    parts.push(`"k${at}":${value}`);
    length += parts.at(-1).length + 1;
  }
  return `{${parts.join(',')}}`;
};
const json = size => ({
  array: `[${fill(size, '1,')}1]`,
  'array of arrays': `[${fill(size, '[],')}1]`,
  object: members(size, 1),
  'object of objects': members(size, '{}'),
  string: `"${fill(size, 'x')}"`,
  'string of escapes': `"${fill(size, '\\u0001')}"`,
  nesting: '['.repeat(size / 2) + ']'.repeat(size / 2),
});
/** The inputs that the first server accepts, and those of the other. */
const MEGABYTE = 999_000;
const LARGEST = 448 * 1024 - 100;
const rooms = (limit, join = room => `40/room-${room},`, separator = SEPARATOR) => {
  const frames = [];
  for (let at = 0, size = 0; size < limit - 20; at++) {
    frames.push(join(at));
    size += frames.at(-1).length + 1;
  }
  return frames.join(separator);
};
/** As a packet of Engine.IO 3. */
const packet3 = frame => `${frame.length}:${frame}`;

/** Payloads of one request of the polling transport. */
const polled = {
  'POST of 119,999 events (1 MB)': {body: events(119_999)},
  'POST of 119,999 events, authenticated': {body: events(119_999), authenticated: true},
  'POST of 5,000 events, authenticated': {body: events(5000), authenticated: true},
  'POST of 5,000 calls with acks, authenticated': {
    body: events(5000, '421["echo"]'),
    authenticated: true,
  },
  'POST of 5,000 calls of no method, authenticated': {
    body: events(5000, '421["a"]'),
    authenticated: true,
  },
  'POST of 64 KB of events': {body: bytes(64_000, '42["a"]')},
  'POST of 64 KB of calls with acks': {body: bytes(64_000, '421["a"]')},
  'POST of 64 KB of authentications': {body: bytes(64_000, '421["authentication"]')},
  'POST of 64 KB of pings': {body: bytes(64_000, '3')},
  'POST of 64 KB of CONNECTs to one namespace': {body: bytes(64_000, '40/room-1,')},
  'POST of 64 KB of CONNECTs to many namespaces': {body: rooms(64_000)},
  'POST of 64 KB of CONNECTs to one namespace (EIO 3)': {
    body: fill(64_000, packet3('40/room-1,')),
    protocol: 3,
  },
  'POST of 64 KB of CONNECTs to many namespaces (EIO 3)': {
    body: rooms(64_000, room => packet3(`40/room-${room},`), ''),
    protocol: 3,
  },
  'POST of 64 KB of CONNECTs to none': {body: rooms(64_000, at => `40/x${at},`)},
  'POST of 64 KB of CONNECTs and leavings': {
    body: rooms(64_000, at => `40/room-${at},${SEPARATOR}41/room-${at},`),
  },
  'POST of 1 MB of CONNECTs, authenticated': {body: rooms(999_000), authenticated: true},
  'POST of 448 KB of events, authenticated': {
    body: bytes(LARGEST, '42["a"]'),
    authenticated: true,
  },
  'POST of 448 KB of CONNECTs, authenticated': {
    body: rooms(LARGEST),
    authenticated: true,
  },
  'POST of 448 KB of events (EIO 3), authenticated': {
    body: fill(LARGEST, '7:42["a"]'),
    protocol: 3,
    authenticated: true,
  },
  'POST of 64 KB of CONNECTs, authenticated': {body: rooms(64_000), authenticated: true},
  'POST of 64 KB of events (EIO 3)': {body: fill(64_000, '7:42["a"]'), protocol: 3},
  'POST of 1 MB of events (EIO 3)': {body: fill(999_000, '7:42["a"]'), protocol: 3},
  'POST of 1 MB of events (EIO 3), authenticated': {
    body: fill(999_000, '7:42["a"]'),
    protocol: 3,
    authenticated: true,
  },
  'POST of 1 MB of empty packets (EIO 3), authenticated': {
    body: fill(999_000, '1:3'),
    protocol: 3,
    authenticated: true,
  },
  'POST of digits (EIO 3)': {body: fill(64_000, '1'), protocol: 3},
};

/** Messages of a websocket. */
const sent = {
  ...Object.fromEntries(
    Object.entries(json(MEGABYTE)).flatMap(([name, text]) => [
      [`1 MB ${name} as args`, {frames: [`420["echo",${text}]`], authenticated: true}],
      [`1 MB ${name} as credentials`, {frames: [`420["authentication",${text}]`]}],
      [`1 MB ${name} before authentication`, {frames: [`420["echo",${text}]`]}],
      [`1 MB ${name} as handshake`, {frames: [`40/room-1,{"a":${text}}`]}],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(json(LARGEST)).map(([name, text]) => [
      `448 KB ${name} as args`,
      {frames: [`420["echo",${text}]`], authenticated: true},
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({
      'wrong items': `{"list":[${fill(LARGEST, '1,')}1]}`,
      'empty items': `{"list":[${fill(LARGEST, '{},')}{}]}`,
      'unknown keys': members(LARGEST, 1),
    }).map(([name, text]) => [
      `448 KB of ${name} for a schema`,
      {frames: [`420["checked",${text}]`], authenticated: true},
    ]),
  ),
  '448 KB of a name': {frames: [`420["${fill(LARGEST, 'x')}"]`], authenticated: true},
  '448 KB binary': {
    frames: ['451-["echo",{"_placeholder":true,"num":0}]', Buffer.alloc(LARGEST)],
    authenticated: true,
  },
  'an ack id of 448 KB': {
    frames: [`42${fill(LARGEST, '1')}["echo"]`],
    authenticated: true,
  },
  '1 MB of a name': {frames: [`420["${fill(999_000, 'x')}"]`], authenticated: true},
  '1 MB of a namespace': {frames: [`40/${fill(999_000, 'x')},`]},
  '10 attachments of 500 KB': {
    frames: [`4510-["echo"${',{"_placeholder":true,"num":0}'.repeat(15_000)}]`].concat(
      Array.from({length: 10}, () => Buffer.alloc(1)),
    ),
    authenticated: true,
  },
  '10 attachments of 1 MB': {
    frames: [`4510-["echo"${',{"_placeholder":true,"num":0}'.repeat(30_000)}]`].concat(
      Array.from({length: 10}, () => Buffer.alloc(1)),
    ),
    authenticated: true,
  },
  '1 MB binary': {
    frames: ['451-["echo",{"_placeholder":true,"num":0}]', Buffer.alloc(999_000)],
    authenticated: true,
  },
  'an ack id of 1 MB': {frames: [`42${fill(999_000, '1')}["echo"]`], authenticated: true},
};

/** Joins over a websocket, each in a message of its own. */
const joined = Object.fromEntries(
  Object.entries({
    'CONNECTs to one namespace': rooms(64_000, () => '40/room-1,'),
    'CONNECTs to many namespaces': rooms(64_000),
    'CONNECTs to none': rooms(64_000, at => `40/x${at},`),
    'CONNECTs and leavings': rooms(
      64_000,
      at => `40/room-${at},${SEPARATOR}41/room-${at},`,
    ),
    'CONNECTs that authenticate': rooms(64_000, at => `40/room-${at},{"token":"ok"}`),
    'CONNECTs that authenticate, and leavings': rooms(
      64_000,
      at => `40/room-${at},{"token":"ok"}${SEPARATOR}41/room-${at},`,
    ),
  }).flatMap(([name, frames]) =>
    [false, true].map(authenticated => [
      `64 KB of ${name} over a websocket${authenticated ? ', authenticated' : ''}`,
      {frames: frames.split(SEPARATOR), authenticated},
    ]),
  ),
);

const inputs = {...polled, ...sent, ...joined};

if (process.argv[2]) await serve(process.argv[2]);
else await measure();

async function serve(kind) {
  const url = kind === 'raw' ? await serveRaw() : await serveOurs();
  process.on('message', async message => {
    // The work of an input ends after some turns of the loop.
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    // Else one input would pay for the garbage of another.
    if (message === 'usage before') global.gc({type: 'minor'});
    process.send(process.cpuUsage());
  });
  process.once('disconnect', () => process.exit());
  process.send(url);
}

async function serveRaw() {
  const [{createServer}, {Server}] = [
    await import('node:http'),
    await import('socket.io'),
  ];
  const http = createServer();
  const io = new Server(http, {allowEIO3: true});
  const serveSocket = socket => {
    socket.on('authentication', (_credentials, ack) => {
      socket.emit('authenticated', true);
      if (typeof ack === 'function') ack({result: true});
    });
    for (const name of ['echo', 'checked']) {
      socket.on(name, (...args) => {
        const ack = args.at(-1);
        if (typeof ack === 'function') ack({result: 1});
      });
    }
  };
  io.on('connection', serveSocket);
  io.of(/^\/room-/).on('connection', serveSocket);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return `http://127.0.0.1:${http.address().port}`;
}

async function serveOurs() {
  const {RestApplication} = await import('@loopback/rest');
  const {SocketBindings, SocketComponent, socketMethod, SocketServer} =
    await import('loopback4-socket');
  const app = new RestApplication({rest: {port: 0, host: '127.0.0.1'}});
  app.component(SocketComponent);
  app.configure(SocketBindings.COMPONENT).to({io: {allowEIO3: true}});
  const options = {timeout: 60_000};
  for (const server of [
    SocketServer.get(app, undefined, options),
    SocketServer.get(app, 'rooms', {...options, namespace: /^\/room-/}),
  ]) {
    server.auth(() => true);
    server.defineMethod('echo', () => 1);
  }
  class CheckedController {
    checked() {
      return 1;
    }
  }
  const args = {
    type: 'object',
    additionalProperties: false,
    properties: {
      list: {
        type: 'array',
        items: {
          type: 'object',
          required: ['a', 'b'],
          properties: {a: {type: 'string'}, b: {type: 'number'}},
        },
      },
    },
  };
  const {prototype} = CheckedController;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'checked');
  socketMethod({args})(prototype, 'checked', descriptor);
  app.controller(CheckedController);
  await app.start();
  return SocketServer.get(app).url;
}

async function measure() {
  const servers = [];
  for (const kind of ['raw', 'ours']) {
    const child = fork(import.meta.filename, [kind], {
      execArgv: ['--expose-gc', ...(process.env.PROFILE === kind ? ['--cpu-prof'] : [])],
    });
    const [url] = await once(child, 'message');
    servers.push({child, url, kind});
  }
  const chosen = Object.entries(inputs).filter(
    ([name], at) => at === 0 || name.includes(process.env.ONLY ?? ''),
  );
  const spent = new Map(chosen.map(([name]) => [name, {raw: [], ours: []}]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, input] of chosen) {
      for (const {child, url, kind} of servers) {
        const cost = await costOf(child, url, input);
        // The first round warms up.
        if (round > 0) spent.get(name)[kind].push(cost);
      }
    }
  }
  for (const {child} of servers) child.disconnect();
  // The least of the rounds, since all that disturbs them adds to what an input costs.
  report(
    [...spent].map(([name, {raw, ours}]) => [name, Math.min(...raw), Math.min(...ours)]),
  );
}

function report(rows) {
  const [[, worst]] = rows;
  const ms = value => value.toFixed(1).padStart(8);
  console.log(`${'ms of CPU'.padEnd(56)} socket.io     ours  ours / first of socket.io`);
  let failed = false;
  for (const [name, raw, ours] of rows) {
    const ratio = ours / worst;
    failed ||= ratio > MOST;
    const mark = ratio > MOST ? ' TOO MUCH' : '';
    console.log(
      `${name.padEnd(56)} ${ms(raw)} ${ms(ours)}    ${ratio.toFixed(3)}${mark}`,
    );
  }
  if (failed) process.exitCode = 1;
}

async function costOf(child, url, input) {
  const client = input.body ? await openPolling(url, input) : await openWebSocket(url);
  await client.join(input.authenticated);
  const before = await usageOf(child, 'usage before');
  await client.send(input);
  const after = await usageOf(child, 'usage after');
  await client.close();
  return (after.user + after.system - before.user - before.system) / 1000;
}

async function usageOf(child, question) {
  child.send(question);
  const [usage] = await once(child, 'message');
  return usage;
}

async function openPolling(url, {protocol = 4}) {
  const path = POLLING + protocol + (protocol === 3 ? '&b64=1' : '');
  const frame = (...frames) =>
    protocol === 3 ? frames.map(packet3).join('') : frames.join(SEPARATOR);
  const opened = await ask(url + path);
  const [, sid] = /"sid":"([^"]+)"/.exec(opened);
  const address = `${url}${path}&sid=${sid}`;
  return {
    async join(authenticated) {
      if (protocol === 4) await ask(address, '40');
      let text = opened;
      if (!text.includes('40')) text += await ask(address);
      if (!authenticated) return;
      await ask(address, frame(AUTHENTICATION));
      while (!text.includes('authenticated"')) text += await ask(address);
    },
    send: ({body}) => ask(address, body),
    close: () => ask(address, frame('1')),
  };
}

/** The answer's body; nothing where the connection is cut. */
async function ask(url, body) {
  const sending = request(url, {
    agent: false,
    method: body === undefined ? 'GET' : 'POST',
  });
  sending.setHeader('content-type', 'text/plain;charset=UTF-8');
  sending.end(body);
  try {
    const [response] = await once(sending, 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    return text;
  } catch {
    return '';
  }
}

async function openWebSocket(url) {
  const socket = new WebSocket(`${url}/socket.io/?EIO=4&transport=websocket`);
  socket.on('error', () => undefined);
  const received = [];
  let wake = () => undefined;
  socket.on('message', data => {
    received.push(String(data));
    wake();
  });
  const until = async start => {
    while (!received.some(one => one.startsWith(start))) {
      await new Promise(resolve => (wake = resolve));
    }
  };
  await once(socket, 'open');
  return {
    async join(authenticated) {
      socket.send('40');
      await until('40');
      if (!authenticated) return;
      socket.send(AUTHENTICATION);
      await until('42["authenticated"');
    },
    /** Settles when the server has dealt with it: it answers a ping of the websocket protocol. */
    async send({frames}) {
      for (const one of frames) socket.send(one);
      const dealt = Promise.race([once(socket, 'pong'), once(socket, 'close')]);
      socket.ping();
      await dealt;
    },
    close: () => socket.terminate(),
  };
}
