// The process of a client that reads a stream: node stream.mjs <name of the way in which it reads>.
import {io} from 'socket.io-client';
import {serve} from '../harness/channel.mjs';
import {profiler} from '../harness/profiler.mjs';
import {measured} from '../harness/usage.mjs';
import {now} from '../job.cjs';
import {delayingProxy} from './delaying-proxy.mjs';
import {credentialsOf} from './wires.mjs';

/** Reads of one stream that wait at once. */
const READS = 8;
/** Items in one event. A read takes as many. */
const BATCH = 64;

/** Each reads a stream to its end, and calls `take` with each item. */
const ways = {
  async reads(socket, event, args, take) {
    const {stream} = await socket.emitWithAck(event, args);
    let got = 0;
    await new Promise((resolve, reject) => {
      const read = () =>
        socket.emit('$next', {stream, got}, ({result, error}) => {
          if (error) {
            reject(new Error(error.message));
            return;
          }
          result.items.forEach(take);
          got += result.items.length;
          if (result.done) resolve();
          else read();
        });
      for (let i = 0; i < READS; i++) read();
    });
    await socket.emitWithAck('$stop', {stream});
  },
  async batches(socket, event, args, take) {
    await pushed(socket, event, args, 'items', items => {
      items.forEach(take);
      socket.emit('credit', items.length);
    });
  },
  async events(socket, event, args, take) {
    let taken = 0;
    await pushed(socket, event, args, 'item', item => {
      take(item);
      if (++taken % BATCH === 0) socket.emit('credit', BATCH);
    });
  },
};

async function pushed(socket, event, args, name, listener) {
  socket.on(name, listener);
  const end = new Promise(resolve => socket.once('end', resolve));
  socket.emit(event, {...args, credit: READS * BATCH});
  await end;
  socket.off(name, listener);
}

const way = ways[process.argv[2]];
let socket;
let farSocket;

serve({
  ready: () => true,
  async connect({port}) {
    socket = await connect(port);
  },
  /** Connects through a proxy that delays each byte by `delay` ms in each direction. */
  async connectFar({port, delay}) {
    farSocket = await connect(await delayingProxy(port, delay));
  },
  read: ({count}) => measured(() => read(socket, 'prices', {count})),
  /** Returns the times from when each item was made until it arrived, in microseconds, in ascending order. */
  async readFar({count, interval}) {
    const times = [];
    await read(farSocket, 'ticks', {count, interval}, ({at}) => times.push(now() - at));
    return times.sort((one, other) => one - other);
  },
  ...profiler,
});

async function connect(port) {
  const client = io(`http://127.0.0.1:${port}`, {transports: ['websocket']});
  client.emit('authentication', credentialsOf(0));
  await new Promise(resolve => client.once('authenticated', resolve));
  return client;
}

async function read(from, event, args, take) {
  let next = 0;
  await way(from, event, args, item => {
    if (item.i !== next++) throw new Error(`Item ${item.i} came as ${next - 1}.`);
    take?.(item);
  });
  if (next !== args.count) throw new Error(`${next} items of ${args.count} came.`);
}
