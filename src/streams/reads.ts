import {MAX_READS} from '../wire/items';
import type {ItemBatch, ReadAck} from './ports';

/** A read as the client asks for it. */
export interface ReadOptions {
  readonly got: number;
  readonly max: number;
  /** In ms; `undefined` for no limit. */
  readonly wait: number | undefined;
  readonly again: boolean;
}

/** A read that waits for items. */
export interface Read {
  readonly max: number;
  readonly ack: ReadAck;
  timer: NodeJS.Timeout | undefined;
}

/** The reads of a stream that wait, in the order in which they came. */
export class Reads {
  /** Number of items that these reads take. */
  capacity = 0;
  private reads: Read[] = [];

  get first(): Read | undefined {
    return this.reads[0];
  }

  get isFull(): boolean {
    return this.reads.length >= MAX_READS;
  }

  /** @param onWaited - Called when a read has waited as long as its client wanted. */
  add({max, wait}: ReadOptions, ack: ReadAck, onWaited: (read: Read) => void): void {
    const read: Read = {max, ack, timer: undefined};
    if (wait !== undefined) read.timer = setTimeout(onWaited, wait, read).unref();
    this.reads.push(read);
    this.capacity += max;
  }

  has(read: Read): boolean {
    return this.reads.includes(read);
  }

  remove(read: Read): void {
    clearTimeout(read.timer);
    this.capacity -= read.max;
    if (this.reads[0] === read) this.reads.shift();
    else this.reads = this.reads.filter(one => one !== read);
  }

  /** Forgets the reads of a socket that has left. */
  clear(): void {
    this.takeAll();
  }

  refuse(reply: {readonly error: unknown}): void {
    for (const {ack} of this.takeAll()) ack(reply);
  }

  answerAll(batch: ItemBatch): void {
    for (const {ack} of this.takeAll()) ack.sendItems(batch);
  }

  private takeAll(): Read[] {
    const {reads} = this;
    this.reads = [];
    this.capacity = 0;
    for (const {timer} of reads) clearTimeout(timer);
    return reads;
  }
}
