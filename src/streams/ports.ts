import type {Socket} from 'socket.io';
import type {EncodedItem} from '../engine/item-codec';
import type {Failure} from '../wire/failures';

/** The items of one answer. */
export interface ItemBatch {
  /** Index of the first item in the stream. */
  readonly at: number;
  readonly items: readonly EncodedItem[];
  readonly done: boolean;
}

/** Answers a read the first time it is called. Never throws. */
export interface ReadAck {
  (...values: unknown[]): boolean;
  sendItems(batch: ItemBatch): void;
}

/** The parts of a session that streams use. */
export interface StreamSession {
  readonly socket: Socket;
  /** Name of its namespace. */
  readonly namespace: string;
  /** The same for all sockets of a user, and for a socket that connection state recovery brings back. */
  readonly userKey: string;
  /** Grows with each session: a session that came later has a higher one. */
  readonly order: number;
  /** True when the socket has disconnected. */
  readonly gone: boolean;
  /** True while bytes wait for the client to read. */
  readonly hasQueued: boolean;
  /** Resolves when the client has read some of them. */
  whenFlushed(): Promise<void>;
  /** @throws Error when the item cannot be encoded. */
  encodeItem(item: unknown, id: string | null): EncodedItem;
  /** Returns the body of an error for the client, and logs it when it is the server's fault. */
  fail(thrown: unknown, handler: string): Failure;
  /** Logs an error that no client can receive any more. */
  report(error: unknown, source: string): void;
}
