import {Stream} from 'node:stream';
import {ReadableStream, TransformStream, WritableStream} from 'node:stream/web';
import {types} from 'node:util';
import {runGuarded} from '../common/guarded';

/** Logs what a function threw that answers nobody any more. */
interface Reporter {
  report(error: unknown, source: string): void;
}

/** A value that stands for others to come. */
interface Streaming {
  readonly [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
  readonly '@@observable'?: unknown;
  readonly subscribe?: unknown;
  readonly toJSON?: unknown;
}

/** How many values are looked through that are not sent: they may lead anywhere. */
const WATCHED_VALUES = 10_000;

/** Promises whose rejection is reported already: a retried call is sent its answer again. */
const watched = new WeakSet();

/**
 * Refuses a result that stands for values to come, and ends it: an answer carries one value, and JSON would
 * show what a stream consists of. What has a `toJSON` says itself how it is sent.
 *
 * @param source - How logs name what gave it.
 * @param sent - Says whether it is to be sent; promises in one that is are found by {@link watchPromises}.
 * @throws Error
 */
export function checkResult(
  result: unknown,
  reporter: Reporter,
  source: string,
  sent: boolean,
): void {
  if (typeof result !== 'object' || result === null) return;
  const kind = Array.isArray(result) ? undefined : kindOf(result);
  if (kind && typeof (result as Streaming).toJSON !== 'function') {
    end(result, reporter, source);
    throw new Error(
      `A handler cannot answer with ${kind}. Return one value, or emit an event for each.`,
    );
  }
  if (!sent) watchUnsent(result, reporter, source);
}

function kindOf(result: object): string | undefined {
  const {subscribe, [Symbol.asyncIterator]: iterate} = result as Streaming;
  // Most results are plain objects, of which no more needs to be seen.
  if (iterate === undefined && subscribe === undefined && result.constructor === Object)
    return undefined;
  if (isStream(result)) return 'a stream';
  if (typeof iterate === 'function') return 'an async iterable';
  const {observable = '@@observable'} = Symbol as {observable?: symbol | '@@observable'};
  const observes = (result as Record<string | symbol, unknown>)[observable];
  return typeof (subscribe ?? observes) === 'function' ? 'an observable' : undefined;
}

function isStream(value: object): boolean {
  return (
    value instanceof Stream ||
    value instanceof ReadableStream ||
    value instanceof WritableStream ||
    value instanceof TransformStream
  );
}

/** Lets go of what a stream holds, such as an open file; an observable that nobody observes holds nothing. */
function end(result: Streaming, reporter: Reporter, source: string): void {
  runGuarded(
    () => endOf(result),
    error => reporter.report(error, source),
  );
}

function endOf(result: Streaming): unknown {
  if (result instanceof Stream) {
    // One that fails later, as when its file is missing, would end the process.
    result.on('error', () => undefined);
    return (result as {destroy?: () => unknown}).destroy?.();
  }
  // One that is locked is somebody else's to end.
  if (result instanceof ReadableStream) return result.locked || result.cancel();
  if (result instanceof WritableStream) return result.locked || result.abort();
  if (result instanceof TransformStream) return endOf(result.readable as Streaming);
  // As a `for await` does that is left at once.
  return result[Symbol.asyncIterator]?.().return?.();
}

/**
 * Reports what the promises inside a value reject with. Nobody waits for them: each is sent as `{}`, and
 * a rejection that nobody handles would end the process.
 *
 * @param most - How many values are looked through.
 */
export function watchPromises(
  root: unknown,
  reporter: Reporter,
  source: string,
  most = Infinity,
): void {
  if (typeof root !== 'object' || root === null) return;
  const found = new Set<object>([root]);
  try {
    for (const value of found) {
      if (types.isPromise(value)) watch(value, reporter, source);
      else for (const part of partsOf(value)) found.add(part);
      if (found.size > most) return;
    }
  } catch {
    // What cannot be read is not sent either.
  }
}

/** The same for a value that is not sent. */
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
  if (ArrayBuffer.isView(value) || typeof (value as Streaming).toJSON === 'function')
    return [];
  return Object.values(value).filter(
    part => typeof part === 'object' && part !== null,
  ) as object[];
}
