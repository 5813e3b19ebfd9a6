import {Socket} from 'node:net';
import {PerformanceObserver} from 'node:perf_hooks';
import {setTimeout} from 'node:timers/promises';
import v8 from 'node:v8';

let writes = 0;
let collections = 0;

/** Counts that do not depend on the machine. Nothing is counted until it is asked for. */
export const counters = {
  startCounting() {
    const {_writeGeneric: write} = Socket.prototype;
    // Every write of a socket, of one chunk or of many, comes through here and is one system call.
    Socket.prototype._writeGeneric = function (...args) {
      writes++;
      return write.apply(this, args);
    };
    new PerformanceObserver(list => {
      collections += list.getEntries().length;
    }).observe({entryTypes: ['gc']});
  },
  /** Allocated bytes are what the heap has grown by, as long as nothing was collected meanwhile. */
  async counts() {
    const {used_heap_size: heap} = v8.getHeapStatistics();
    await setTimeout(10);
    return {writes, collections, heap};
  },
  collect() {
    globalThis.gc();
  },
};
