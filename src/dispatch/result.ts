import {Stream} from 'node:stream';
import {TransformStream, WritableStream} from 'node:stream/web';
import {runGuarded} from '../common/guarded';
import {watchUnsent} from '../common/watch-promises';
import type {Reporter} from '../common/watch-promises';
import {discardItems, itemsOf} from '../streams/source';

/** Several values, in one of their forms. */
interface Streaming {
  readonly [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
  readonly '@@observable'?: unknown;
  readonly subscribe?: unknown;
  readonly toJSON?: unknown;
}

/**
 * Checks that a result is one value. A stream, an async iterable or an observable is closed: an answer carries one
 * value, and JSON would show a stream's properties. A result with `toJSON` may be any of them.
 *
 * @param source - The handler's name in logs.
 * @param sent - False when nobody receives the result; promises inside it are then watched here.
 * @throws Error when it is not one value.
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
    close(result, reporter, source);
    throw new Error(
      `A handler cannot answer with ${kind}. A method returns one value or an async iterable, other ` +
        'handlers one value.',
    );
  }
  if (!sent) watchUnsent(result, reporter, source);
}

function kindOf(result: object): string | undefined {
  const {subscribe, [Symbol.asyncIterator]: iterate} = result as Streaming;
  // Most results are plain objects.
  if (iterate === undefined && subscribe === undefined && result.constructor === Object)
    return undefined;
  if (typeof iterate === 'function') return 'an async iterable';
  if (isStream(result)) return 'a stream';
  const {observable = '@@observable'} = Symbol as {observable?: symbol | '@@observable'};
  const observes = (result as Record<string | symbol, unknown>)[observable];
  return typeof (subscribe ?? observes) === 'function' ? 'an observable' : undefined;
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
  const items = itemsOf(result);
  if (items) discardItems(items, reporter, source);
  else if (result instanceof TransformStream) close(result.readable, reporter, source);
  else {
    runGuarded(
      () => closeStream(result),
      error => reporter.report(error, source),
    );
  }
}

function closeStream(result: object): unknown {
  if (result instanceof Stream) {
    // Without a listener, a later error would end the process.
    result.on('error', () => undefined);
    return (result as {destroy?: () => unknown}).destroy?.();
  }
  // A locked stream has another writer, which closes it.
  return result instanceof WritableStream && !result.locked ? result.abort() : undefined;
}
