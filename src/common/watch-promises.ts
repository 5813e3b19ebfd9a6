import {types} from 'node:util';
import {isObject} from './objects';

/** Logs an error that no client receives. */
export interface Reporter {
  report(error: unknown, source: string): void;
}

/** Most values to search in a value that is not sent. */
const WATCHED_VALUES = 10_000;

/** Promises that are watched already: the answer of a repeated call is sent again. */
const watched = new WeakSet();

/**
 * Reports the rejections of promises inside a value. Each promise is sent as `{}`, and an unhandled rejection would
 * end the process.
 *
 * @param most - Most values to search.
 */
export function watchPromises(
  root: unknown,
  reporter: Reporter,
  source: string,
  most = Infinity,
): void {
  if (!isObject(root)) return;
  const found = new Set<object>([root]);
  try {
    for (const value of found) {
      if (types.isPromise(value)) watch(value, reporter, source);
      else for (const part of partsOf(value)) found.add(part);
      if (found.size > most) return;
    }
  } catch {
    // A value that cannot be read is not sent either.
  }
}

/** Does the same for a value that is not sent, and that may refer to anything. */
export function watchUnsent(root: unknown, reporter: Reporter, source: string): void {
  watchPromises(root, reporter, source, WATCHED_VALUES);
}

function watch(promise: Promise<unknown>, reporter: Reporter, source: string): void {
  if (watched.has(promise)) return;
  watched.add(promise);
  void Promise.prototype.then.call(promise, undefined, error =>
    reporter.report(error, source),
  );
}

function partsOf(value: object): object[] {
  const {toJSON} = value as {toJSON?: unknown};
  if (ArrayBuffer.isView(value) || typeof toJSON === 'function') return [];
  return Object.values(value).filter(isObject);
}
