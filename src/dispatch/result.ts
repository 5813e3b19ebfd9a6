import {Stream} from 'node:stream';
import {WritableStream, TransformStream} from 'node:stream/web';
import {runGuarded} from '../common/guarded';
import {watchUnsent} from '../common/watch-promises';
import type {Reporter} from '../common/watch-promises';
import {discardItems} from '../streams/source';

/** Several values, in one of their forms. */
interface Streaming {
  readonly [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
  readonly '@@observable'?: unknown;
  readonly subscribe?: unknown;
  readonly toJSON?: unknown;
}

/**
 * Checks the result of a method: one value, or an async iterable, which is a stream. A result with `toJSON` is a
 * value. Anything else that carries several values is closed: JSON would show its properties.
 *
 * @param source - The handler's name in logs.
 * @param sent - False when nobody receives the result; promises inside it are then watched here.
 * @returns The items of a stream; `undefined` for one value.
 * @throws Error when it is neither.
 */
export function checkResult(
  result: unknown,
  reporter: Reporter,
  source: string,
  sent: boolean,
): AsyncIterable<unknown> | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  if (!Array.isArray(result) && isStreaming(result)) {
    if (result[Symbol.asyncIterator]) return result as AsyncIterable<unknown>;
    close(result, reporter, source);
    throw new Error(
      'A handler cannot answer with an observable or a writable stream. Return one value or an async ' +
        'iterable, or emit an event for each.',
    );
  }
  if (!sent) watchUnsent(result, reporter, source);
  return undefined;
}

function isStreaming(result: object): result is Streaming {
  const {subscribe, toJSON, [Symbol.asyncIterator]: iterate} = result as Streaming;
  // Most results are plain objects.
  if (iterate === undefined && subscribe === undefined && result.constructor === Object)
    return false;
  if (typeof toJSON === 'function') return false;
  if (typeof iterate === 'function' || isStream(result)) return true;
  const {observable = '@@observable'} = Symbol as {observable?: symbol | '@@observable'};
  const observes = (result as Record<string | symbol, unknown>)[observable];
  return typeof (subscribe ?? observes) === 'function';
}

function isStream(value: object): boolean {
  return (
    value instanceof Stream ||
    value instanceof WritableStream ||
    value instanceof TransformStream
  );
}

/** Closes a stream, which may hold an open file. An observable without observers holds nothing. */
function close(result: object, reporter: Reporter, source: string): void {
  runGuarded(
    () => closeStream(result, reporter, source),
    error => reporter.report(error, source),
  );
}

function closeStream(result: object, reporter: Reporter, source: string): unknown {
  if (result instanceof Stream) {
    // Without a listener, a later error (such as a missing file) would end the process.
    result.on('error', () => undefined);
    return (result as {destroy?: () => unknown}).destroy?.();
  }
  // A locked stream has another writer, which closes it.
  if (result instanceof WritableStream) return result.locked || result.abort();
  if (result instanceof TransformStream) discardItems(result.readable, reporter, source);
  return undefined;
}
