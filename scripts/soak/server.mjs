// The server of a soak. It says where it listens, and what it holds when asked.
import {RestApplication} from '@loopback/rest';
import {securityId} from '@loopback/security';
import {SocketBindings, SocketComponent, SocketServer} from 'loopback4-socket';

let unhandled = 0;
let unexpected = 0;
let twice = 0;
for (const event of ['unhandledRejection', 'uncaughtException']) {
  process.on(event, error => {
    unhandled++;
    console.error(event, error);
  });
}

/** When calls with ids have run, of this minute and the one before. */
let recent = new Map();
let older = new Map();
setInterval(() => {
  older = recent;
  recent = new Map();
}, 60_000).unref();

class Planned extends Error {}

const later = (ms, value) => new Promise(resolve => setTimeout(resolve, ms, value));

const app = new RestApplication({rest: {port: 0, host: '127.0.0.1'}});
app.bind(SocketBindings.LOG_ERROR).to(error => {
  if (error instanceof Planned) return;
  unexpected++;
  console.error(error);
});
app.component(SocketComponent);
app.configure(SocketBindings.COMPONENT).to({
  drainTimeout: 500,
  io: {pingInterval: 5000, pingTimeout: 5000},
});
const server = SocketServer.get(app, undefined, {
  timeout: 10_000,
  callTimeout: 1000,
  expiryNotice: 1000,
  // Few, so that memory is soon what it stays; as long as by default, as a busy machine may need.
  retryWindow: {time: 120_000, calls: 50},
});
server.auth((_socket, {name, lasts}) => {
  if (name === 'nobody') return undefined;
  return {[securityId]: name, name, expiresAt: Date.now() + lasts};
});
server.onConnected(socket => socket.join('all'));
server.onDisconnected((_socket, reason) => {
  if (reason === 'ping timeout') throw new Planned(reason);
});
server.defineMethod('echo', (_socket, _credentials, args) => args);
server.defineMethod('later', (_socket, _credentials, args) => later(20, args));
server.defineMethod('refuse', () => {
  throw {code: 'NO'};
});
server.defineMethod('fail', () => {
  throw new Planned('a fault');
});
server.defineMethod('reject', () =>
  later(5).then(() => Promise.reject(new Planned('late'))),
);
server.defineMethod('slow', () => later(5000, 'too late'));
server.defineMethod('hang', () => new Promise(() => undefined));
server.defineMethod('once', (_socket, _credentials, id) => {
  const before = recent.get(id) ?? older.get(id);
  if (before !== undefined) {
    twice++;
    console.error(`${id} ran again after ${Date.now() - before} ms`);
  }
  recent.set(id, Date.now());
  return later(30, id);
});
await app.start();
setInterval(() => server.to('all').emit('news', 'x'.repeat(100)), 500).unref();
process.send({url: server.url});

process.on('message', question => {
  if (question === 'stop') {
    void app.stop().then(() => process.disconnect());
    return;
  }
  global.gc();
  const {heapUsed, rss} = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const timers = resources.filter(one => one === 'Timeout').length;
  process.send({
    heap: heapUsed / 1024 ** 2,
    rss: rss / 1024 ** 2,
    timers,
    handles: resources.length - timers,
    connections: server.io.server.engine.clientsCount,
    unhandled,
    unexpected,
    twice,
  });
});
