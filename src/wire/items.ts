import type {ErrorBody} from './protocol';

/** Answer to the call of a method that streams. */
export type StreamReply<Failure = ErrorBody> =
  | {
      /** Names the stream in {@link NextBody} and {@link StopBody}. */
      stream: string;
      error?: undefined;
    }
  | {error: Failure; stream?: undefined};

/** Payload of `$next`, which is answered by {@link StreamItems}. */
export interface NextBody {
  stream: string;
  /** Number of items that the client has got. The server forgets these. */
  got: number;
  /** Most items of the answer: at most {@link MAX_READ_ITEMS}. @default {@link DEFAULT_READ_ITEMS} */
  max?: number;
  /** ms after which a read without items is answered. @default when there is an item, or the end */
  wait?: number;
  /** Reads again from `got`, because the client has lost answers on this connection. */
  again?: boolean;
}

/** Result of a read of a stream. */
export interface StreamItems<Item = unknown> {
  /** Index of the first item in the stream. */
  at: number;
  items: Item[];
  /** The application's ids of the items, `null` for one without an id; only when one of them has an id. */
  ids?: (string | null)[];
  /** True when no items follow. */
  done: boolean;
}

/** Payload of `$stop`, which is answered by `Reply<boolean>`. */
export interface StopBody {
  stream: string;
}

/** Payload of `$send`, which is answered by `Reply<SentItems>`. */
export interface SendBody {
  /** The `ref` of the call that takes the upload. */
  ref: string;
  /** Index of the first item in the upload. */
  at: number;
  items: unknown[];
  /** True when no items follow. */
  done?: boolean;
}

/** Result of `$send`; also the `details` of its refusals. */
export interface SentItems {
  /** Number of items that the server has received in order; the next one has this index. */
  got: number;
}

/** Most reads of a stream that wait for items. */
export const MAX_READS = 16;

/** Most items of a read that does not set `max`. */
export const DEFAULT_READ_ITEMS = 64;

/** Most items of a read. */
export const MAX_READ_ITEMS = 256;

/** Most bytes, about, of the items of a read. An item that is larger comes alone. */
export const MAX_READ_BYTES = 64 * 1024;

/** Most bytes, about, of a socket's uploads that no method has taken. */
export const MAX_UNTAKEN_BYTES = 1024 * 1024;

/** Most characters of an item's id. */
export const MAX_ITEM_ID_LENGTH = 128;
