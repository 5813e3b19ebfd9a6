import type {UploadSource} from './options';
import {isBytes} from './weigh';

/** Most bytes of a part of a `Blob`, of bytes or of a `ReadableStream`. */
export const MAX_PART = 32 * 1024;

/** The values of an upload. */
export interface Source {
  /** Begins to read the values. */
  open(): AsyncIterator<unknown> | Iterator<unknown>;
  /** True when they can be read again from the first one. */
  readonly repeatable: boolean;
  /** True when progress is counted in bytes. */
  readonly inBytes: boolean;
  /** The number of bytes or values, where it is known. */
  readonly total: number | undefined;
}

/** Tells what kind of source it is, and how to read it. */
export function readSource(source: UploadSource): Source {
  if (source instanceof Blob) {
    return bytes(source.size, () => partsOfBlob(source));
  }
  if (isBytes(source)) {
    const view = viewOf(source);
    return bytes(view.length, () => partsOf(view));
  }
  if (typeof (source as ReadableStream<unknown>).getReader === 'function') {
    const open = () => partsOfStream(source as ReadableStream<unknown>);
    return {open, repeatable: false, inBytes: true, total: undefined};
  }
  const values = source as Partial<AsyncIterable<unknown>> & Iterable<unknown>;
  const isArray = Array.isArray(values);
  return {
    open: () => values[Symbol.asyncIterator]?.() ?? values[Symbol.iterator](),
    repeatable: isArray,
    inBytes: false,
    total: isArray ? values.length : undefined,
  };
}

function viewOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

function bytes(total: number, open: Source['open']): Source {
  return {open, repeatable: true, inBytes: true, total};
}

function* partsOf(view: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < view.length; at += MAX_PART)
    yield view.subarray(at, at + MAX_PART);
}

async function* partsOfBlob(blob: Blob): AsyncGenerator<ArrayBuffer> {
  for (let at = 0; at < blob.size; at += MAX_PART)
    yield await blob.slice(at, at + MAX_PART).arrayBuffer();
}

async function* partsOfStream(stream: ReadableStream<unknown>): AsyncGenerator {
  // Safari's streams are no iterables.
  const reader = stream.getReader();
  try {
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      if (isBytes(value)) yield* partsOf(viewOf(value));
      else yield value;
    }
  } finally {
    await reader.cancel();
  }
}
