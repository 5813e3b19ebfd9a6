import {isPromiseLike} from '@loopback/core';
import type {EventEmitter} from 'node:events';

/** Logs an error that a function of the application threw or rejected with. */
export type Report = (
  error: unknown,
  source: string,
  socket?: {readonly id: string},
) => void;

/** Runs a function of the application; its throw or rejection goes to `fail` only. */
export function runGuarded(run: () => unknown, fail: (error: unknown) => void): void {
  try {
    const returned = run();
    // A thenable may call both callbacks, and throw; a promise settles once.
    if (isPromiseLike(returned)) Promise.resolve(returned).then(undefined, fail);
  } catch (error) {
    fail(error);
  }
}

/**
 * Asks a function of the application that answers by a callback. Only its first answer counts.
 *
 * @param failed - Logs what the function throws or rejects with, and returns the answer in its place.
 */
export function askGuarded<Answer extends unknown[]>(
  ask: (answer: (...values: Answer) => void) => unknown,
  answer: (...values: Answer) => void,
  failed: (error: unknown) => Answer,
): void {
  let answered = false;
  const answerOnce = (...values: Answer) => {
    if (answered) return;
    answered = true;
    answer(...values);
  };
  runGuarded(
    () => ask(answerOnce),
    error => answerOnce(...failed(error)),
  );
}

/** Runs all listeners of an event, each guarded. Returns false when there are none. */
export function runListeners(
  emitter: Pick<EventEmitter, 'rawListeners'>,
  event: string,
  args: readonly unknown[],
  fail: (error: unknown) => void,
): boolean {
  const listeners = emitter.rawListeners(event);
  for (const listener of listeners) {
    runGuarded(() => Reflect.apply(listener, emitter, args) as unknown, fail);
  }
  return listeners.length > 0;
}

type SignalListener = Parameters<AbortSignal['addEventListener']>[1];

/**
 * Keeps the faults of a signal's listeners from ending the process, which is Node's behaviour. Setting
 * `onabort` adds a listener too.
 */
export function guardSignal(signal: AbortSignal, fail: (error: unknown) => void): void {
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  /** Guarded listeners by the given ones, so that each is added once and can be removed. */
  const guarded = new WeakMap<object, SignalListener>();
  const guard = (listener: SignalListener): SignalListener => {
    // Node throws for any other value.
    if (!(listener instanceof Object)) return listener;
    const known = guarded.get(listener);
    if (known) return known;
    const run = (event: Event) =>
      typeof listener === 'function'
        ? Reflect.apply(listener, signal, [event])
        : listener.handleEvent(event);
    const made = (event: Event) => runGuarded(() => run(event), fail);
    guarded.set(listener, made);
    // Node removes the given listener itself.
    guarded.set(made, made);
    return made;
  };
  signal.addEventListener = (type, listener, options) =>
    add(type, guard(listener), options);
  signal.removeEventListener = (type, listener, options) =>
    remove(type, guard(listener), options);
}
