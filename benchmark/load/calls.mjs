import {CallFrames} from './call-frames.mjs';

/**
 * Keeps `inFlight` calls in flight on each connection, for `ms` or until `count` are made, and waits
 * for the last answer. With `together`, a connection's calls leave in one write and the next ones
 * only after all are answered, which makes what the server does the same each time.
 */
export function call(
  wire,
  connections,
  {inFlight, ms = Infinity, count = Infinity, together},
) {
  return new Promise((resolve, reject) => {
    const until = performance.now() + ms;
    let started = 0;
    let answered = 0;
    let over = false;

    const callOn = connection => {
      const frames = new CallFrames(wire, connection.number, inFlight);
      let due = [];
      let open = 0;
      connection.onMessage = (chunk, start, end) => {
        const slot = frames.slotOf(chunk, start, end);
        if (slot < 0) {
          connection.onOther(chunk, start, end);
          return;
        }
        answered++;
        open--;
        due.push(slot);
      };
      connection.afterRead = () => {
        if (due.length === 0) return undefined;
        over ||= started >= count || performance.now() >= until;
        if (over) {
          if (answered === started) resolve({calls: answered});
          return undefined;
        }
        if (together && open > 0) return undefined;
        const next = due.map(slot => frames.calls[slot]);
        due = [];
        started += next.length;
        open += next.length;
        return next.length === 1 ? next[0] : Buffer.concat(next);
      };
      started += inFlight;
      open += inFlight;
      connection.socket.write(Buffer.concat(frames.calls));
    };
    connections.forEach(callOn);
    Promise.race(connections.map(({failed}) => failed)).catch(reject);
  }).finally(() => {
    for (const connection of connections) {
      connection.onMessage = connection.onOther;
      connection.afterRead = () => undefined;
    }
  });
}
