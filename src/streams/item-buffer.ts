import type {EncodedItem} from '../engine/item-codec';
import {MAX_READ_BYTES, MAX_READS} from '../wire/items';
import {MAX_ATTACHMENTS} from '../wire/protocol';

/** Most bytes that are kept for the streams of one user, about. */
export const MAX_KEPT_BYTES = 1024 * 1024;

/** Most bytes of items that wait for the reads of one socket, about: beyond, a stream takes one item at a time. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** Bytes of a kept item besides its content and its id, about: many small items count too. */
const ITEM_BYTES = 96;

/** Most items that a stream makes in one turn of the event loop, so that it does not delay others. */
const MAX_TURN_ITEMS = 512;

/** The bytes that the streams of one user keep, or that wait for the reads of one socket. */
export interface ByteCount {
  bytes: number;
}

/**
 * The items of a stream that are encoded: those that wait for a read, and, where the stream can be taken over, those
 * that the client has not acknowledged.
 */
export class ItemBuffer {
  private items: EncodedItem[] = [];
  /** Index of the first of these items. */
  private first = 0;
  /** Number of items that were sent. */
  sent = 0;
  /** Bytes of the items that wait for a read. */
  unsentBytes = 0;
  /** The number of sent items after each answer that is not acknowledged. */
  private answers: number[] = [];
  /** Counts the items that wait, of all streams of its socket. */
  private waiting: ByteCount | undefined;

  /** @param kept - Set when sent items are kept until they are acknowledged. */
  constructor(private readonly kept?: ByteCount) {}

  /** Number of items that wait for a read. */
  get unsent(): number {
    return this.first + this.items.length - this.sent;
  }

  /** False while too much waits to be acknowledged. One answer is always possible. */
  get canSend(): boolean {
    const {answers, kept} = this;
    if (!kept || answers.length === 0) return true;
    return answers.length < MAX_READS && kept.bytes <= MAX_KEPT_BYTES;
  }

  /** Counts its items for the socket that reads, or for none. */
  countFor(waiting: ByteCount | undefined): void {
    if (this.waiting) this.waiting.bytes -= this.unsentBytes;
    this.waiting = waiting;
    if (waiting) waiting.bytes += this.unsentBytes;
  }

  /** Returns true when reads of at most `max` items take no more in one turn, or when enough waits for its socket. */
  isFull(max: number): boolean {
    const {unsent, unsentBytes, waiting} = this;
    if (unsent >= Math.min(max, MAX_TURN_ITEMS) || unsentBytes >= MAX_READ_BYTES)
      return true;
    return waiting !== undefined && waiting.bytes >= MAX_UNREAD_BYTES;
  }

  push(item: EncodedItem): void {
    this.items.push(item);
    this.addUnsent(item.bytes);
    if (this.kept) this.kept.bytes += keptBytesOf(item);
  }

  /** Returns the items of the next answer. */
  take(max: number): EncodedItem[] {
    const from = this.sent - this.first;
    let bytes = 0;
    let attachments = 0;
    let to = from;
    for (; to < this.items.length && to - from < max; to++) {
      const item = this.items[to];
      bytes += item.bytes;
      attachments += item.attachments;
      const isTooMuch = bytes > MAX_READ_BYTES || attachments > MAX_ATTACHMENTS;
      if (isTooMuch && to > from) {
        bytes -= item.bytes;
        break;
      }
    }
    const taken = this.items.slice(from, to);
    this.sent += taken.length;
    this.addUnsent(-bytes);
    if (this.kept) this.answers.push(this.sent);
    else this.forget(this.sent);
    return taken;
  }

  /** Returns true for a number of items that the client can have. */
  wasSent(got: number): boolean {
    return got <= this.sent;
  }

  /** Returns true when the items from this index on can be sent again. */
  has(got: number): boolean {
    return got >= this.first;
  }

  /** Forgets the items that the client has. */
  forget(got: number): void {
    const count = got - this.first;
    if (count <= 0) return;
    const gone = this.items.splice(0, count);
    this.first = got;
    if (!this.kept) return;
    for (const item of gone) this.kept.bytes -= keptBytesOf(item);
    this.answers = this.answers.filter(end => end > got);
  }

  /** Sends the items from this index on again. */
  rewind(got: number): void {
    const again = this.items.slice(got - this.first, this.sent - this.first);
    for (const {bytes} of again) this.addUnsent(bytes);
    this.sent = got;
    this.answers = [];
  }

  clear(): void {
    if (this.kept) for (const item of this.items) this.kept.bytes -= keptBytesOf(item);
    this.items = [];
    this.answers = [];
    this.first = this.sent;
    this.addUnsent(-this.unsentBytes);
  }

  private addUnsent(bytes: number): void {
    this.unsentBytes += bytes;
    if (this.waiting) this.waiting.bytes += bytes;
  }
}

function keptBytesOf({bytes, id}: EncodedItem): number {
  return ITEM_BYTES + bytes + (id?.length ?? 0);
}
