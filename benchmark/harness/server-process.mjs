// The process of the server that is measured: node server-process.mjs <module> <options as JSON>.
import {setImmediate, setTimeout} from 'node:timers/promises';
import v8 from 'node:v8';
import {MESSAGE} from '../job.cjs';
import {serve} from './channel.mjs';
import {counters} from './counters.mjs';
import {heapObjects} from './heap-objects.mjs';
import {profiler} from './profiler.mjs';
import {usage} from './usage.mjs';

const [module, options] = process.argv.slice(2);
const {start} = await import(module);
const server = await start(JSON.parse(options));
const started = {time: performance.now() * 1000, cpu: usage().cpu};

serve({
  started: () => ({port: server.port, started}),
  usage,
  /** Bytes of the heap that are in use. */
  async heap() {
    for (let i = 0; i < 4; i++) {
      globalThis.gc();
      await setTimeout(20);
    }
    return v8.getHeapStatistics().used_heap_size;
  },
  heapObjects,
  async broadcast({times, pause}) {
    for (let i = 0; i < times; i++) {
      server.broadcast(MESSAGE);
      await setTimeout(pause);
    }
  },
  /** Many events to one socket in one tick, then to the next socket in another. */
  async burst({bursts, events}) {
    const senders = server.senders();
    for (let i = 0; i < bursts; i++) {
      const send = senders[i % senders.length];
      for (let j = 0; j < events; j++) send(MESSAGE);
      await setImmediate();
    }
  },
  ...counters,
  ...profiler,
});
