// The process that makes the load: node main.mjs <name of the wire>.
import {serve} from '../harness/channel.mjs';
import {measured} from '../harness/usage.mjs';
import {call} from './calls.mjs';
import {Connection} from './connection.mjs';
import {encodeFrame} from './frames.mjs';
import {pace} from './paced-calls.mjs';
import {wires} from './wires.mjs';

const wire = wires[process.argv[2]];
const event = Buffer.from(wire.event);
const ping = wire.ping && Buffer.from(wire.ping);
const pong = wire.pong && encodeFrame(wire.pong);
const ownPing = wire.ownPing && encodeFrame(wire.ownPing);
/** Milliseconds between the pings of a wire whose clients ping. */
const PING_INTERVAL = 15_000;

const connections = [];
let events = 0;
let onEvent = () => {};

async function open(port, number) {
  const connection = new Connection(port, wire.path);
  await wire.logIn(connection, number);
  connection.number = number;
  connection.onOther = (chunk, start, end) => {
    if (chunk.compare(event, 0, event.length, start, end) === 0) {
      events++;
      onEvent();
    } else if (ping && chunk.compare(ping, 0, ping.length, start, end) === 0) {
      if (pong) connection.socket.write(pong);
    } else {
      throw new Error(`Unexpected: ${chunk.toString('utf8', start, end)}`);
    }
  };
  connection.onMessage = connection.onOther;
  connection.loggedIn = true;
  return connection;
}

if (ownPing) {
  setInterval(() => {
    for (const connection of connections) connection?.socket.write(ownPing);
  }, PING_INTERVAL);
}

serve({
  ready: () => true,
  /** Opens and authenticates `count` more connections, `concurrency` at once. */
  connect: ({port, count, concurrency = 20}) =>
    measured(async () => {
      let next = connections.length;
      const until = next + count;
      const openAll = async () => {
        while (next < until) {
          const number = next++;
          connections[number] = await open(port, number);
        }
      };
      await Promise.all(Array.from({length: concurrency}, openAll));
    }),
  /** Closes all connections but the first `keep`. */
  close({keep}) {
    for (const connection of connections.splice(keep)) connection.close();
  },
  call: options => measured(() => call(wire, connections, options)),
  pace: options => measured(() => pace(wire, connections, options)),
  /** Waits until that many events have come since it was last asked. */
  events: ({count, timeout = 20_000}) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${events} events of ${count} came.`)),
        timeout,
      );
      onEvent = () => {
        if (events < count) return;
        clearTimeout(timer);
        onEvent = () => {};
        events -= count;
        resolve();
      };
      onEvent();
    }),
});
