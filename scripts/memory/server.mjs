// The server that scripts/memory.mjs attacks. It says where it listens, and what it holds when asked.
import {RestApplication} from '@loopback/rest';
import {securityId} from '@loopback/security';
import {SocketBindings, SocketComponent, SocketServer} from 'loopback4-socket';

const LARGE = 'x'.repeat(200_000);

const faults = [];
let running = 0;
let most = 0;
for (const event of ['unhandledRejection', 'uncaughtException']) {
  process.on(event, error => faults.push(`${event}: ${error?.stack ?? error}`));
}

const app = new RestApplication({
  rest: {port: 0, host: '127.0.0.1', gracePeriodForClose: 0},
});
app.bind(SocketBindings.LOG_ERROR).to(() => undefined);
app.component(SocketComponent);
app.configure(SocketBindings.COMPONENT).to({
  io: {
    allowEIO3: true,
    httpCompression: false,
    ...(process.argv[2] === 'recovery' && {
      connectionStateRecovery: {maxDisconnectionDuration: 60_000},
    }),
  },
});
const servers = [
  SocketServer.get(app, undefined, {timeout: 20_000}),
  SocketServer.get(app, 'rooms', {namespace: /^\/room-/, timeout: 20_000}),
];
for (const server of servers) {
  server.auth(async (_socket, credentials) => {
    most = Math.max(most, ++running);
    if (credentials.slow) await new Promise(resolve => setTimeout(resolve, 10_000));
    running--;
    return {[securityId]: credentials.id};
  });
  server.defineMethod('echo', () => 1);
  server.defineMethod('list', () => LARGE + Math.random());
  server.defineMethod('flood', socket => flood(socket));
}
await app.start();
process.send(servers[0].url);

/** Sends more than may wait in one tick, something between that tick and the next, and then more. */
async function flood(socket) {
  socket.emit('small');
  setImmediate(() => socket.emit('small'));
  for (let at = 0; at < 10; at++) socket.emit('large', LARGE);
  for (let tick = 0; tick < 500 && socket.connected; tick++) {
    await new Promise(setImmediate);
    socket.emit('large', LARGE);
  }
}

process.on('message', () => {
  global.gc();
  const {rss, heapUsed, external} = process.memoryUsage();
  process.send({rss, held: heapUsed + external, most, faults});
});
process.once('disconnect', () => process.exit());
