import {randomBytes} from 'node:crypto';
import type {EncodedItem} from '../engine/item-codec';
import {MAX_READ_BYTES} from '../wire/items';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {FlushGate} from './flush-gate';
import {IdleTimer} from './idle-timer';
import type {ByteCount, ItemBuffer} from './item-buffer';
import {ItemPump} from './item-pump';
import type {ItemSink, StreamingCall} from './item-pump';
import type {ReadAck, StreamSession} from './ports';
import {Reads} from './reads';
import type {Read, ReadOptions} from './reads';

/** The table of a stream. */
export interface StreamOwner {
  /** Called when the iterable has ended, also after `return()`: the stream no longer counts as open. */
  ended(stream: Stream): void;
  /** Called when nobody can read the stream any more. */
  drop(stream: Stream): void;
}

/**
 * The items of one method for one client: answers its reads. The client reads, and the iterable is asked for at most
 * one item more than the reads can take. So a client that does not read pauses the iterable.
 */
export class Stream implements ItemSink {
  readonly id = randomBytes(12).toString('base64url');
  /** The session that reads; `undefined` between two connections of a user. */
  session: StreamSession | undefined;
  /** The `order` of the last session that has read. */
  order: number;
  /** True when a read was answered with the end. */
  isRead = false;
  private readonly pump: ItemPump;
  private readonly reads = new Reads();
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

  /** @param timeout - ms after which it ends while nobody reads it; `undefined` for no limit. */
  constructor(
    private readonly owner: StreamOwner,
    readonly streaming: StreamingCall,
    private readonly buffer: ItemBuffer,
    timeout: number | undefined,
  ) {
    const {origin} = streaming;
    this.session = origin;
    this.order = origin.order;
    this.pump = new ItemPump(streaming, this);
    this.idle.start(timeout);
    this.pump.run();
  }

  /** True from when the iterable has ended, its `return()` included. */
  get settled(): boolean {
    return this.pump.settled;
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
    if (before) {
      const {error} = before.fail(SocketErrors.streamTaken(), this.streaming.label);
      this.reads.refuse({error});
    }
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
    this.buffer.clear();
    this.pump.stop(error);
    this.answerEnd();
  }

  /** Ends it for all who read it. Returns false when it has ended before. */
  cancel(): boolean {
    if (this.pump.end) return false;
    this.stop(SocketErrors.callCancelled());
    return true;
  }

  /** Ends its timers, when it is in no table any more. */
  forget(): void {
    this.idle.stop();
    this.reads.clear();
    this.buffer.clear();
  }

  wantsItem(): boolean {
    if (this.mustWait()) return false;
    const {buffer, reads} = this;
    if (buffer.unsent === 0) return true;
    return reads.capacity > 0 && buffer.canSend && !buffer.isFull(reads.capacity);
  }

  push(item: EncodedItem): void {
    this.buffer.push(item);
    this.proceed();
  }

  onEnd(): void {
    this.proceed();
  }

  onSettled(): void {
    this.owner.ended(this);
  }

  private proceed(): void {
    const waits = this.reads.first !== undefined;
    if (waits && !this.turning && (this.pump.end ?? this.buffer.unsent > 0)) {
      this.turning = true;
      setImmediate(this.answer);
    }
    this.pump.run();
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
    const {buffer, pump, reads} = this;
    const {end} = pump;
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
    if (isNext && !this.mustWait()) {
      // Until then, other streams of the user may use up what they share.
      setImmediate(() => {
        if (reads.has(read)) this.answerEmpty(read);
      });
      return;
    }
    this.idle.use();
    reads.remove(read);
    read.ack.sendItems({at: buffer.sent, items: [], done: false});
  }

  private answerEnd(): void {
    const {buffer, pump, reads} = this;
    const {end} = pump;
    if (!end || buffer.unsent > 0) return;
    if (reads.first) this.isRead = true;
    if ('error' in end) reads.refuse({error: end.error});
    else reads.answerAll({at: buffer.sent, items: [], done: true});
  }

  /** Returns true while nothing can be sent. The stream goes on by itself. */
  private mustWait(): boolean {
    return !this.session || this.gate.isClosed(this.session);
  }
}
