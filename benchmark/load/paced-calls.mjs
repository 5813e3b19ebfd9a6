import {CallFrames} from './call-frames.mjs';

const SLOTS = 50;

/**
 * Makes `rate` calls a second for `ms`, whether or not earlier ones are answered, one connection
 * after the other. The event loop spins meanwhile, so that its own waiting is not measured.
 */
export async function pace(wire, connections, {rate, ms}) {
  const latencies = [];
  const lines = connections.map(connection => {
    const frames = new CallFrames(wire, connection.number, SLOTS);
    const sentAt = new Float64Array(SLOTS).fill(-1);
    connection.onMessage = (chunk, start, end) => {
      const slot = frames.slotOf(chunk, start, end);
      if (slot < 0) {
        connection.onOther(chunk, start, end);
        return;
      }
      latencies.push(performance.now() - sentAt[slot]);
      sentAt[slot] = -1;
    };
    return {connection, frames, sentAt};
  });
  const begin = performance.now();
  const total = (rate * ms) / 1000;
  let sent = 0;
  let late = false;
  while (latencies.length < (late ? sent : total)) {
    const due = Math.min(total, ((performance.now() - begin) * rate) / 1000);
    for (; sent < due && !late; sent++) {
      const {connection, frames, sentAt} = lines[sent % lines.length];
      const slot = Math.floor(sent / lines.length) % SLOTS;
      // The server does not keep up with that rate.
      if (sentAt[slot] >= 0) {
        late = true;
        break;
      }
      sentAt[slot] = performance.now();
      connection.socket.write(frames.calls[slot]);
    }
    await new Promise(resolve => setImmediate(resolve));
  }
  for (const connection of connections) connection.onMessage = connection.onOther;
  if (late) return {p50: NaN, p99: NaN};
  latencies.sort((a, b) => a - b);
  const at = share => latencies[Math.floor(latencies.length * share)] * 1000;
  return {p50: at(0.5), p99: at(0.99)};
}
