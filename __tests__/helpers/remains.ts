import type {Application} from '@loopback/core';
import {SocketBindings, SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import type {EventEmitter} from 'node:events';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function collect(): Promise<void> {
  // A weak reference that was read keeps its object until the end of the turn.
  await new Promise(setImmediate);
  collectGarbage();
}

/** The longest time, in ms, until objects are collected. */
const PATIENCE = 5000;

/** Counts objects that are still there, without keeping them. */
export class LiveObjects {
  private readonly known = new WeakSet();
  private tracked: WeakRef<object>[] = [];

  track(...objects: (object | undefined)[]): void {
    for (const object of objects) {
      if (!object || this.known.has(object)) continue;
      this.known.add(object);
      this.tracked.push(new WeakRef(object));
    }
  }

  /** The number of objects tracked since the last count. */
  get size(): number {
    return this.tracked.length;
  }

  /** Class names of those that survive a garbage collection. */
  async survivors(): Promise<string[]> {
    await collect();
    const alive = this.tracked.map(reference => reference.deref());
    this.tracked = this.tracked.filter((_, at) => alive[at]);
    return alive.flatMap(object => object?.constructor.name ?? []);
  }

  /** Waits until none is there, such as those that a timer of some ms still knows. */
  async gone(): Promise<void> {
    const end = Date.now() + PATIENCE;
    let survivors = await this.survivors();
    while (survivors.length > 0 && Date.now() < end) survivors = await this.survivors();
    assert.deepEqual(survivors, []);
  }
}

/** Bytes in use after a garbage collection. */
export async function heapUsed(): Promise<number> {
  // The first tells whoever knows of what is gone, some turns later.
  for (let turn = 0; turn < 4; turn++) await collect();
  return process.memoryUsage().heapUsed;
}

/** Counts what an application holds: its bindings, listeners, sockets, rooms and timers. */
export function countRemains(app: Application): Record<string, number> {
  const counts: Record<string, number> = {};
  const {context} = SocketServer.get(app);
  for (const [name, one] of Object.entries({
    application: app,
    server: context,
  })) {
    counts[`bindings of the ${name}`] = one.find().length;
    counts[`observers of the ${name}`] = one.subscriptionManager.observers?.size ?? 0;
    countListeners(counts, `the ${name}'s context`, one);
    countListeners(counts, `the ${name}'s subscriptions`, one.subscriptionManager);
  }
  const io = app.getSync(SocketBindings.IO);
  countListeners(counts, 'socket.io', io);
  countListeners(counts, 'engine.io', io.engine);
  counts['namespaces'] = io._nsps.size;
  for (const [name, namespace] of io._nsps) {
    counts[`sockets of ${name}`] = namespace.sockets.size;
    counts[`rooms of ${name}`] = namespace.adapter.rooms.size;
    counts[`sockets in rooms of ${name}`] = namespace.adapter.sids.size;
    countListeners(counts, name, namespace);
  }
  counts['timers'] = process
    .getActiveResourcesInfo()
    .filter(resource => resource === 'Timeout').length;
  return counts;
}

function countListeners(
  counts: Record<string, number>,
  of: string,
  emitter: EventEmitter,
): void {
  for (const event of emitter.eventNames()) {
    counts[`listeners of ${of} on ${String(event)}`] = emitter.listenerCount(event);
  }
}
