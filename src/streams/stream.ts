import {randomBytes} from 'node:crypto';
import type {Call} from '../context/call';
import {watchPromises, watchUnsent} from '../common/watch-promises';
import {MAX_READ_BYTES} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {Tracked} from '../wire/tracked';
import {FlushGate} from './flush-gate';
import {IdleTimer} from './idle-timer';
import type {ByteCount, ItemBuffer} from './item-buffer';
import type {ReadAck, StreamSession} from './ports';
import {Reads} from './reads';
import type {Read, ReadOptions} from './reads';
import {isAbortError, resultOf} from './source';
import type {ItemSource} from './source';

/** How a stream has ended: with an error, or without items that follow. */
interface End {
  /** The body for the client. */
  readonly error?: unknown;
}

/** What a stream tells the table that it is in. */
export interface StreamOwner {
  /** Called when the iterable has ended, also after `return()`: the stream no longer counts as open. */
  ended(stream: Stream): void;
  /** Called when nobody can read the stream any more. */
  drop(stream: Stream): void;
}

/**
 * The items of one method for one client. The client reads, and the iterable is asked for at most one item more than
 * the reads can take. So a client that does not read pauses the iterable.
 */
export class Stream {
  readonly id = randomBytes(12).toString('base64url');
  /** The session that reads; `undefined` between two connections of a user. */
  session: StreamSession | undefined;
  /** The `order` of the last session that has read. */
  order: number;
  /** True from when the iterable has ended, its `return()` included. */
  settled = false;
  /** True when a read was answered with the end. */
  isRead = false;
  private readonly reads = new Reads();
  private end?: End;
  /** True while the iterable makes an item. */
  private pulling = false;
  /** True while an answer waits for the next turn of the event loop. */
  private turning = false;
  private readonly gate = new FlushGate(session => {
    if (this.session === session) this.proceed();
  });
  private readonly idle = new IdleTimer(
    () => this.reads.first !== undefined,
    limit => {
      this.stop(SocketErrors.streamTimeout(limit));
      this.owner.drop(this);
    },
  );

  /**
   * @param origin - The session of the call; it encodes items, and logs errors.
   * @param label - The method's name in logs.
   * @param ref - The client's name for the call.
   * @param isResumable - True when a later connection of the user can take it over.
   * @param timeout - ms after which it ends while nobody reads it.
   */
  constructor(
    private readonly owner: StreamOwner,
    readonly origin: StreamSession,
    readonly call: Call,
    private readonly label: string,
    private readonly source: ItemSource,
    private readonly buffer: ItemBuffer,
    readonly isResumable: boolean,
    readonly ref: string | undefined,
    timeout: number | undefined,
  ) {
    this.session = origin;
    this.order = origin.order;
    this.idle.start(timeout);
    void this.pull();
  }

  /** Returns a refusal for a number of items that the client cannot have. */
  refusalOf({got, again}: ReadOptions, session: StreamSession): SocketError | undefined {
    const {buffer} = this;
    if (!buffer.wasSent(got)) return SocketErrors.badRead();
    const isTaken = session !== this.session;
    if ((isTaken || again) && !buffer.has(got)) return SocketErrors.streamGone();
    return !isTaken && this.reads.isFull ? SocketErrors.tooManyReads() : undefined;
  }

  /** Gives the stream to a later session of the user. Reads of the earlier one are refused. */
  attach(session: StreamSession, timeout: number | undefined): void {
    const {session: before} = this;
    if (before)
      this.reads.refuse({
        error: before.fail(SocketErrors.streamTaken(), this.label).error,
      });
    this.session = session;
    this.order = session.order;
    this.idle.start(timeout);
  }

  /** Counts the items that wait for the socket that reads, or for none. */
  countFor(waiting: ByteCount | undefined): void {
    this.buffer.countFor(waiting);
  }

  /**
   * Keeps the stream for a later connection of its user.
   *
   * @param time - In ms.
   */
  detach(time: number): void {
    this.reads.clear();
    this.session = undefined;
    this.countFor(undefined);
    this.idle.start(time);
  }

  /** @param rewinds - True to send what follows `got` again. */
  read(options: ReadOptions, ack: ReadAck, rewinds: boolean): void {
    const {buffer, reads} = this;
    this.idle.use();
    buffer.forget(options.got);
    if (rewinds) buffer.rewind(options.got);
    reads.add(options, ack, read => this.answerEmpty(read));
    this.proceed();
  }

  /** Ends the iterable, drops its items, and answers all reads with the end or an error. */
  stop(error?: SocketError): void {
    const {end: before, label, origin} = this;
    this.buffer.clear();
    const end = error ? {error: origin.fail(error, label).error} : (before ?? {});
    // Reads may still wait for their turn after the end.
    if (before) this.end = end;
    else this.close(end, error ?? SocketErrors.callCancelled());
    this.answerEnd();
  }

  /** Ends it for all who read it. Returns false when it has ended before. */
  cancel(): boolean {
    if (this.end) return false;
    this.stop(SocketErrors.callCancelled());
    return true;
  }

  /** Ends its timers, when it is in no table any more. */
  forget(): void {
    this.idle.stop();
    this.reads.clear();
    this.buffer.clear();
  }

  private proceed(): void {
    const waits = this.reads.first !== undefined;
    if (waits && !this.turning && (this.end ?? this.buffer.unsent > 0)) {
      this.turning = true;
      setImmediate(this.answer);
    }
    if (!this.pulling) void this.pull();
  }

  /** Asks the iterable for items as long as reads can take them, and for one ahead. Never rejects. */
  private async pull(): Promise<void> {
    this.pulling = true;
    while (this.wantsItem()) {
      let result: IteratorResult<unknown, unknown>;
      try {
        result = resultOf(await this.source.next());
      } catch (error) {
        this.onError(error);
        break;
      }
      this.onResult(result);
    }
    this.pulling = false;
  }

  private wantsItem(): boolean {
    if (this.end || this.mustWait()) return false;
    const {buffer, reads} = this;
    if (buffer.unsent === 0) return true;
    return reads.room > 0 && buffer.canSend && !buffer.isFull(reads.room);
  }

  private onResult(result: IteratorResult<unknown, unknown>): void {
    const {buffer, label, origin} = this;
    if (this.end) {
      watchUnsent(result, origin, label);
      return;
    }
    try {
      const {done, value} = result;
      if (done) {
        // A promise that an iterator returns at its end is not sent.
        watchUnsent(value, origin, label);
        this.finish({});
        return;
      }
      const tracked = value instanceof Tracked ? (value as Tracked<unknown>) : undefined;
      const item = tracked ? tracked.value : value;
      const encoded = origin.encodeItem(item, tracked?.id ?? null);
      // JSON shows a promise as an empty object.
      if (!encoded.isPlain && (encoded.text?.includes('{}') ?? true))
        watchPromises(item, origin, label);
      buffer.push(encoded);
    } catch (error) {
      watchUnsent(result, origin, label);
      this.close({error: origin.fail(error, label).error}, SocketErrors.callCancelled());
    }
    this.proceed();
  }

  private onError(error: unknown): void {
    if (!this.end) this.finish({error: this.origin.fail(error, this.label).error});
    else if (!this.isStopped(error)) this.origin.report(error, this.label);
  }

  /** Called when the iterable has ended by itself. */
  private finish(end: End): void {
    this.end = end;
    this.settle();
    this.proceed();
  }

  /** Ends an iterable that has not ended by itself. */
  private close(end: End, reason: SocketError): void {
    this.end = end;
    this.call.abort(reason);
    const {label, origin, source} = this;
    void source
      .stop(origin, label, thrown => this.isStopped(thrown))
      .then(() => this.settle());
  }

  private settle(): void {
    this.settled = true;
    this.call.close();
    this.owner.ended(this);
  }

  /** Answers the reads for which there are items, with a limited number of bytes a turn. */
  private readonly answer = (): void => {
    this.turning = false;
    const {buffer, reads} = this;
    if (!reads.first || this.mustWait()) return;
    this.idle.use();
    if (buffer.unsent === 0) this.answerEnd();
    else if (!buffer.canSend) return;
    const least = buffer.unsentBytes - MAX_READ_BYTES;
    while (buffer.unsentBytes > least && buffer.unsent > 0 && buffer.canSend) {
      if (!this.answerFirst()) break;
    }
    this.proceed();
  };

  /** Answers the first read with items. Returns false when no read waits. */
  private answerFirst(): boolean {
    const {buffer, end, reads} = this;
    const {first} = reads;
    if (!first) return false;
    reads.remove(first);
    const at = buffer.sent;
    const items = buffer.take(first.max);
    const done = end !== undefined && !('error' in end) && buffer.unsent === 0;
    if (done) this.isRead = true;
    first.ack.sendItems({at, items, done});
    return true;
  }

  /** Answers a read that has waited as long as its client wants. */
  private answerEmpty(read: Read): void {
    const {buffer, reads} = this;
    // Items of this turn are on their way.
    const isNext = this.turning && reads.first === read && buffer.canSend;
    if (isNext && !this.mustWait()) return;
    this.idle.use();
    reads.remove(read);
    read.ack.sendItems({at: buffer.sent, items: [], done: false});
  }

  private answerEnd(): void {
    const {buffer, end, reads} = this;
    if (!end || buffer.unsent > 0) return;
    if (reads.first) this.isRead = true;
    if ('error' in end) reads.refuse({error: end.error});
    else reads.answerAll({at: buffer.sent, items: [], done: true});
  }

  /** Returns true while nothing can be sent. The stream goes on by itself. */
  private mustWait(): boolean {
    return !this.session || this.gate.isClosed(this.session);
  }

  /** Returns true for an error of an iterable that was told to end. */
  private isStopped(error: unknown): boolean {
    return this.call.isStoppedBy(error) || isAbortError(error);
  }
}
