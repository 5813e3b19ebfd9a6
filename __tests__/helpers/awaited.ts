import {once as untimedOnce} from 'node:events';
import type {EventEmitter} from 'node:events';

/** Returns ms. A machine of a long run or of CI has other work, and a failing test there need not end soon. */
export function seconds(count: number): number {
  const isBusy = process.env.LONG_RUN !== undefined || process.env.CI !== undefined;
  return count * (isBusy ? 6000 : 1000);
}

/** ms that a test waits for one event. A test that fails must do so within 10 s. */
export const PATIENCE = seconds(8);

// Tests mock timers; these stay the real ones.
const {setTimeout, clearTimeout} = globalThis;

/** Returns the promise's outcome; rejects when it takes too long, and says what was awaited. */
export function awaited<T>(promise: Promise<T>, what: string): Promise<T> {
  const error = new Error(`Waited ${PATIENCE} ms for ${what}.`);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(error), PATIENCE).unref();
  });
  const outcome = Promise.race([promise, late]).finally(() => clearTimeout(timer));
  // Some tests wait for one of several events, and leave the others.
  outcome.catch(() => undefined);
  return outcome;
}

/** The same as `once` of `node:events`, but rejects when the event takes too long. */
export function once(
  emitter: EventEmitter | EventTarget,
  name: string | symbol,
): Promise<any[]> {
  return awaited(untimedOnce(emitter as EventEmitter, name), `"${String(name)}"`);
}

/** Waits for a state that no event announces. Looks at it once a turn. */
export async function until(isReached: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!isReached()) {
    if (performance.now() > end)
      throw new Error(`Waited ${PATIENCE} ms for ${isReached}.`);
    await new Promise(setImmediate);
  }
}
