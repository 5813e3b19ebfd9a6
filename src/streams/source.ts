import type {Readable} from 'node:stream';
import {ReadableStream} from 'node:stream/web';
import type {Reporter} from '../common/watch-promises';

/** Returns the items of a method that streams; `undefined` for any other result, also for one with `toJSON`. */
export function itemsOf(result: unknown): AsyncIterable<unknown> | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  const {toJSON, [Symbol.asyncIterator]: iterate} = result as Partial<
    AsyncIterable<unknown> & {toJSON: unknown}
  >;
  const streams = typeof iterate === 'function' && typeof toJSON !== 'function';
  return streams ? (result as AsyncIterable<unknown>) : undefined;
}

/** Reads what a method streams, item by item. */
export class ItemSource {
  private stopping?: Promise<void>;

  /** @param iterator - Has `next`, and ends by `return`. */
  private constructor(
    private readonly iterator: AsyncIterator<unknown>,
    private readonly destroy?: () => void,
  ) {}

  /** @throws Error of the iterable, for example because another reader has locked it. */
  static of(items: AsyncIterable<unknown>): ItemSource {
    if (items instanceof ReadableStream) return new ItemSource(readWeb(items));
    const iterator = items[Symbol.asyncIterator]();
    if (!isNodeStream(items)) return new ItemSource(iterator);
    // Without a listener, an error that comes before the first read would end the process.
    items.on('error', () => undefined);
    return new ItemSource(iterator, () => items.destroy());
  }

  get stopped(): boolean {
    return this.stopping !== undefined;
  }

  /** Returns what resolves to the next result, which {@link resultOf} checks: no promise of its own for each item. */
  next(): unknown {
    return this.iterator.next();
  }

  /** Ends the iterable as `for await` does when its loop is left. Resolves when it has ended; never rejects. */
  stop(
    reporter: Reporter,
    label: string,
    isExpected: (error: unknown) => boolean,
  ): Promise<void> {
    return (this.stopping ??= this.end().catch((error: unknown) => {
      if (!isExpected(error)) reporter.report(error, label);
    }));
  }

  private async end(): Promise<void> {
    this.destroy?.();
    await this.iterator.return?.();
  }
}

type NodeStream = AsyncIterable<unknown> & Pick<Readable, 'on' | 'destroy'>;

/** Returns true also for a stream of the package `readable-stream`. */
function isNodeStream(items: AsyncIterable<unknown>): items is NodeStream {
  const {destroy, on} = items as Partial<NodeStream>;
  return typeof destroy === 'function' && typeof on === 'function';
}

/** Reads a web stream. Its own iterator ends only after a read that waits. */
function readWeb(stream: ReadableStream<unknown>): AsyncIterator<unknown> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    return: async () => {
      await reader.cancel();
      return {done: true, value: undefined};
    },
  };
}

/** @throws TypeError when an iterator has returned no object. */
export function resultOf(result: unknown): IteratorResult<unknown> {
  if (typeof result === 'object' && result !== null) {
    return result as IteratorResult<unknown>;
  }
  throw new TypeError('The iterator of a stream has returned no object.');
}

/** Ends an iterable that nobody reads. */
export function discardItems(
  items: AsyncIterable<unknown>,
  reporter: Reporter,
  label: string,
): void {
  // A locked stream has another reader, which closes it.
  if (items instanceof ReadableStream && items.locked) return;
  try {
    void ItemSource.of(items).stop(reporter, label, isAbortError);
  } catch (error) {
    reporter.report(error, label);
  }
}

/** Returns true for an error with which Node ends a stream that is destroyed, or work that is aborted. */
export function isAbortError(error: unknown): boolean {
  try {
    const {name, code} = error as {name?: unknown; code?: unknown};
    return name === 'AbortError' || code === 'ERR_STREAM_PREMATURE_CLOSE';
  } catch {
    return false;
  }
}
