import type {CallUpload, UploadingCall} from '../context/caller';
import type {SentItems} from '../wire/items';
import {MAX_UNTAKEN_BYTES} from '../wire/items';
import {SocketErrors} from '../wire/refusals';

/** Bytes, about, of one `$send` without its items: it waits with its ack. */
export const SEND_BYTES = 512;

/** Answers one `$send`. */
export type Settle = (outcome: SentItems | Error) => void;

/** One `$send`. */
export interface Sent {
  /** Index of its first item. */
  readonly at: number;
  readonly items: readonly unknown[];
  readonly done: boolean;
  /** Its approximate size. */
  readonly bytes: number;
  readonly settle: Settle;
}

/** The holder of an upload's bytes: the socket that sends its items, or the client that may come back. */
export interface UploadSource {
  /** Bytes that wait in all uploads of the source. */
  readonly bytes: number;
  /** ms after which the upload ends when nothing comes; `undefined` for no limit. */
  readonly timeout: number | undefined;
  /** Adds to its bytes. */
  hold(bytes: number): void;
  /** Called when the upload has ended or has another source. */
  leave(): void;
}

/** Items of one `$send` that wait for the method. */
interface Chunk {
  readonly items: readonly unknown[];
  /** Index of the next item among them. */
  next: number;
  /** Number of the upload's items up to its last one. */
  readonly end: number;
  bytes: number;
  /** Answer the packets that have sent them. */
  readonly settles: Settle[];
}

interface Reader {
  readonly resolve: (result: IteratorResult<unknown>) => void;
  readonly reject: (reason: Error) => void;
}

const END: IteratorResult<unknown> = {done: true, value: undefined};

/** The items that a client sends to one call: `receive` adds them in order, the method takes them by `next`. */
export class Upload implements CallUpload, AsyncIterableIterator<unknown> {
  call: UploadingCall | undefined;
  /** The latest call that repeats the call and has taken the upload over. */
  repeated?: UploadingCall | undefined;
  /** Number of items that have come. */
  private got = 0;
  private complete = false;
  private chunks: Chunk[] = [];
  private bytes = 0;
  private readers: Reader[] = [];
  /** Set when it has ended before all items were taken. */
  private failure?: Error;
  /** Set when the method reads no more. */
  private left = false;
  private source: UploadSource | undefined;
  private timer: NodeJS.Timeout | undefined;

  get done(): boolean {
    return this.complete;
  }

  /** True when it takes no more items. */
  get isOver(): boolean {
    return this.left || this.failure !== undefined;
  }

  /** Adds items, and answers when the method has taken the last of them. */
  receive({at, items, done, bytes: size, settle}: Sent): void {
    const {chunks, complete, got, readers, source} = this;
    const end = at + items.length;
    if (this.isOver || !source) {
      settle(SocketErrors.uploadGone());
      return;
    }
    if (items.length === 0 && !done) {
      settle({got});
      return;
    }
    if (at > got || (end > got && complete) || (end < got && done)) {
      settle(SocketErrors.outOfOrder(got));
      return;
    }
    const fresh = items.slice(got - at);
    // Known items may wait in an earlier chunk.
    const earlier = fresh.length > 0 ? undefined : chunks.find(one => one.end >= end);
    const bytes = earlier ? SEND_BYTES : size;
    const waits = earlier !== undefined || fresh.length > readers.length;
    if (waits && source.bytes + bytes > MAX_UNTAKEN_BYTES) {
      settle(SocketErrors.tooManyUntaken(got));
      return;
    }
    this.got = Math.max(got, end);
    if (earlier) {
      earlier.settles.push(settle);
      earlier.bytes += bytes;
      this.hold(bytes);
    } else if (fresh.length > 0) {
      chunks.push({items: fresh, next: 0, end, bytes, settles: [settle]});
      this.hold(bytes);
    }
    if (done && !complete) this.finish();
    this.serve();
    if (!earlier && fresh.length === 0) settle({got: this.got});
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.chunks.length > 0) {
      return Promise.resolve({done: false, value: this.take()});
    }
    if (this.left || (this.complete && !this.failure)) return Promise.resolve(END);
    const result = new Promise<IteratorResult<unknown>>((resolve, reject) => {
      if (this.failure) reject(this.failure);
      else this.readers.push({resolve, reject});
    });
    // A method may ask without waiting for the answer.
    result.catch(() => undefined);
    return result;
  }

  /** Called when the method leaves its loop. */
  return(value?: unknown): Promise<IteratorResult<unknown>> {
    this.left = true;
    this.release();
    for (const {resolve} of this.readers.splice(0)) resolve(END);
    return Promise.resolve({done: true, value});
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  end(reason: Error): void {
    if (this.isOver) return;
    // The method has taken all of it.
    if (this.complete && this.chunks.length === 0) this.left = true;
    else this.failure = reason;
    this.release();
    for (const {reject} of this.readers.splice(0)) reject(reason);
  }

  /** Takes items from another source from now on. Answers the packets of the earlier source. */
  moveTo(source: UploadSource): void {
    const {bytes, source: before} = this;
    if (before === source || this.isOver) return;
    this.source = source;
    before?.hold(-bytes);
    source.hold(bytes);
    this.repeated = undefined;
    for (const {settles} of this.chunks) {
      for (const settle of settles.splice(0)) settle(SocketErrors.uploadGone());
    }
    before?.leave();
    this.limitTime();
  }

  isFrom(source: UploadSource): boolean {
    return this.source === source;
  }

  private finish(): void {
    this.complete = true;
    this.call?.uploaded();
    this.repeated?.uploaded();
  }

  /** Gives items to the readers that wait. */
  private serve(): void {
    const {readers} = this;
    while (this.chunks.length > 0 && readers.length > 0) {
      readers.shift()?.resolve({done: false, value: this.take()});
    }
    if (this.complete && this.chunks.length === 0) {
      for (const {resolve} of readers.splice(0)) resolve(END);
    }
    this.limitTime();
  }

  private take(): unknown {
    const [chunk] = this.chunks;
    const {bytes, items, settles} = chunk;
    const item = items[chunk.next++];
    if (chunk.next < items.length) return item;
    this.chunks.shift();
    this.hold(-bytes);
    this.limitTime();
    for (const settle of settles) settle({got: this.got});
    return item;
  }

  private hold(bytes: number): void {
    this.bytes += bytes;
    this.source?.hold(bytes);
  }

  /** Limits the time until the client sends something, while the method has nothing to take. */
  private limitTime(): void {
    clearTimeout(this.timer);
    const timeout = this.source?.timeout;
    if (timeout === undefined || this.complete || this.chunks.length > 0) return;
    this.timer = setTimeout(() => {
      const error = SocketErrors.uploadTimeout(timeout);
      this.call?.abort(error);
      // A call that streams has been answered.
      this.end(error);
    }, timeout).unref();
  }

  /** Drops the items that nobody will take, and its source. */
  private release(): void {
    const {chunks, source} = this;
    clearTimeout(this.timer);
    this.hold(-this.bytes);
    this.chunks = [];
    this.source = this.call = this.repeated = undefined;
    source?.leave();
    for (const {settles} of chunks) {
      for (const settle of settles) settle(SocketErrors.uploadGone());
    }
  }
}
