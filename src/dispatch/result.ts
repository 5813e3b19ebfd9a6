import {Stream} from 'node:stream';
import {ReadableStream, TransformStream, WritableStream} from 'node:stream/web';
import {runGuarded} from '../common/guarded';
import {watchUnsent} from '../common/watch-promises';
import type {Reporter} from '../common/watch-promises';

/** A stream of values, in one of its forms. */
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
      `A handler cannot answer with ${kind}. Return one value, or emit an event for each.`,
    );
  }
  if (!sent) watchUnsent(result, reporter, source);
}

function kindOf(result: object): string | undefined {
  const {subscribe, [Symbol.asyncIterator]: iterate} = result as Streaming;
  // Most results are plain objects.
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

/** Closes a stream, which may hold an open file. An observable without observers holds nothing. */
function close(result: Streaming, reporter: Reporter, source: string): void {
  runGuarded(
    () => closeStream(result),
    error => reporter.report(error, source),
  );
}

function closeStream(result: Streaming): unknown {
  if (result instanceof Stream) {
    // Without a listener, a later error (such as a missing file) would end the process.
    result.on('error', () => undefined);
    return (result as {destroy?: () => unknown}).destroy?.();
  }
  // A locked stream has another reader, which closes it.
  if (result instanceof ReadableStream) return result.locked || result.cancel();
  if (result instanceof WritableStream) return result.locked || result.abort();
  if (result instanceof TransformStream) return closeStream(result.readable as Streaming);
  // As `for await` does when the loop is left.
  return result[Symbol.asyncIterator]?.().return?.();
}
