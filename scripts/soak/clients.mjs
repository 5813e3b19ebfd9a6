// Clients of a soak: `clients.mjs <url> <count> <seed>`. Each lives in turns: it connects, authenticates,
// calls, renews or lets its authentication expire, and is cut or leaves. Calls with an id are sent again
// on the next connection until they are answered.
import {io} from 'socket.io-client';

const [, , url, count, seed] = process.argv;
const tally = {
  connected: 0,
  cut: 0,
  expired: 0,
  renewed: 0,
  called: 0,
  answered: 0,
  gone: 0,
  retried: 0,
  wrong: 0,
  open: 0,
};
/** The longest time, in ms, of an answer on a connection that lasts. */
const PATIENCE = 20_000;
let finishing = false;

/** mulberry32: numbers that look random and are the same for the same seed. */
function randomOf(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const isResult = expected => reply => reply.result === expected;
const isError = test => reply => reply.error !== undefined && test(reply.error);
const isLate = isError(({code}) => code === 'CALL_TIMEOUT');
const isRefused = ({error}) =>
  ['TOO_MANY_REQUESTS', 'AUTHENTICATION_EXPIRED', 'UNAUTHENTICATED'].includes(
    error?.code,
  );
const METHODS = {
  echo: n => isResult(n),
  later: n => isResult(n),
  refuse: () => isError(({code}) => code === 'NO'),
  fail: () => isError(({statusCode}) => statusCode === 500),
  reject: () => isError(({statusCode}) => statusCode === 500),
  missing: () => isError(({code}) => code === 'METHOD_NOT_FOUND'),
  slow: () => isLate,
  hang: () => isLate,
};
const NAMES = Object.keys(METHODS);

class Client {
  /** Calls that are not answered: those with an id are sent again. */
  pending = new Map();
  calls = 0;
  authenticated = false;

  constructor(name) {
    this.name = name;
    this.random = randomOf(Number(seed) * 7919 + name);
    const transports = this.random() < 0.8 ? ['websocket'] : ['polling'];
    this.socket = io(url, {
      forceNew: true,
      transports,
      autoConnect: false,
      reconnectionDelay: 100,
      reconnectionDelayMax: 2000,
    });
    this.socket.on('connect', () => {
      tally.connected++;
      // The server refuses nobody once in a while.
      this.authenticate(this.random() < 0.03 ? 'nobody' : undefined);
    });
    this.socket.on('authenticated', () => {
      this.authenticated = true;
      for (const [id, call] of this.pending) if (call.id) this.send(id, call, true);
    });
    this.socket.on('expiring', () => {
      if (this.random() < 0.2) return;
      tally.renewed++;
      this.authenticate();
    });
    this.socket.on('unauthorized', ({code}) => {
      if (code === 'AUTHENTICATION_EXPIRED') tally.expired++;
    });
    this.socket.on('disconnect', reason => {
      this.authenticated = false;
      for (const [id, call] of this.pending) {
        if (call.id) continue;
        this.pending.delete(id);
        tally.gone++;
      }
      if (reason.startsWith('io') && !finishing)
        this.after(500, () => this.socket.connect());
    });
  }

  start() {
    this.after(5000, () => this.socket.connect());
    this.after(6000, () => this.act());
  }

  authenticate(name = String(this.name)) {
    const lasts = 2000 + this.random() * 15_000;
    this.socket.emit('authentication', {name, lasts});
  }

  after(most, action) {
    setTimeout(action, this.random() * most);
  }

  act() {
    if (finishing) return;
    if (this.authenticated) {
      const choice = this.random();
      if (choice < 0.03) this.cut();
      else if (choice < 0.04) this.socket.disconnect();
      else for (let calls = this.random() * 3; calls > 0; calls--) this.call();
    }
    this.after(1500, () => this.act());
  }

  /** Cuts the connection, sometimes with calls that were just made. */
  cut() {
    tally.cut++;
    if (this.random() < 0.7) this.call(true);
    const {engine} = this.socket.io;
    const {ws} = engine.transport;
    this.after(40, () => (ws?.terminate ? ws.terminate() : engine.close()));
  }

  call(withId = this.random() < 0.3) {
    const id = `${this.name}-${++this.calls}`;
    const name = NAMES[Math.floor(this.random() ** 1.5 * NAMES.length)];
    const call = withId
      ? {id, name: 'once', args: id, check: isResult(id)}
      : {name, args: this.calls, check: METHODS[name](this.calls)};
    tally.called++;
    this.pending.set(id, call);
    this.send(id, call);
  }

  send(id, call, again = false) {
    if (again) tally.retried++;
    call.since = Date.now();
    const options = call.id ? [{$call: {id: call.id}}] : [];
    this.socket.emit(call.name, call.args, ...options, reply => {
      if (this.pending.get(id) !== call) return;
      // A call that never ran, or that goes on elsewhere, is sent again.
      if (call.id && isRefused(reply)) return;
      this.pending.delete(id);
      tally.answered++;
      if (call.check(reply) || isRefused(reply)) return;
      tally.wrong++;
      console.error(call.name, reply);
    });
  }

  /** Acks that are open although their connection has lasted. */
  get overdue() {
    const now = Date.now();
    const late = ({since}) => this.authenticated && now - since > PATIENCE;
    return [...this.pending.values()].filter(late).length;
  }
}

const clients = Array.from(
  {length: Number(count)},
  (_, at) => new Client(Number(seed) * 10_000 + at),
);
for (const client of clients) client.start();

process.on('message', async question => {
  tally.open = clients.reduce((sum, client) => sum + client.overdue, 0);
  if (question === 'finish') {
    finishing = true;
    const end = Date.now() + PATIENCE;
    const open = () => clients.reduce((sum, {pending}) => sum + pending.size, 0);
    // A call with an id is answered on the last connection.
    for (const {socket} of clients) if (!socket.connected) socket.connect();
    while (open() > 0 && Date.now() < end) {
      await new Promise(resolve => setTimeout(resolve, 100));
      for (const client of clients) {
        if (!client.socket.active) client.socket.connect();
      }
    }
    tally.open = open();
    for (const {socket} of clients) socket.disconnect();
  }
  process.send(tally);
});
