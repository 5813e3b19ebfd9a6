import {MAX_ATTACHMENTS, SocketEvents} from '../../src/wire/protocol';
import type {SendBody, SentItems} from '../../src/wire/items';
import type {Reply} from '../../src/wire/protocol';
import {badAnswer, CallError, CUT_SHORT, tooOld} from './call-error';
import type {CallErrorBody, CallErrorCode} from './call-error';
import type {CallOptions, UploadSource} from './options';
import type {Emit} from './transport';
import {MAX_PART, readSource} from './upload-source';
import type {Source} from './upload-source';
import {weigh} from './weigh';
import type {Weight} from './weigh';

/** Most bytes that are read from the source and not confirmed. */
const MAX_UNCONFIRMED = 256 * 1024;

/** Most bytes of a value, so that a packet stays below 1 MB, the limit of socket.io. */
const MAX_VALUE = 960 * 1024;

/** ms after which a server that had too much is asked where to go on. */
const RETRY_DELAY = 250;

interface Item extends Weight {
  readonly value: unknown;
}

/** Chunks that are sent one after the other, from one place in the upload. */
interface Round {
  /** False until the server has said where to go on. */
  ready: boolean;
  unanswered: number;
}

/** The parts of a call that its upload uses. */
interface UploadingCall {
  readonly owner: {readonly emit: Emit};
  readonly options: CallOptions;
  readonly id: string | undefined;
  readonly ref: string | undefined;
  abandoned: boolean;
  extend(): void;
  fail(error: CallError): void;
  failHere(
    statusCode: number,
    code: CallErrorCode,
    problem: string,
    cause?: unknown,
  ): void;
}

/** The upload of one call. It keeps only values that the server has not confirmed. */
export class Upload {
  readonly #call: UploadingCall;
  readonly #source: Source;
  #values: ReturnType<Source['open']> | undefined;
  /** Values that are not confirmed. */
  #items: Item[] = [];
  /** The index of the first of them in the upload. */
  #base = 0;
  /** The index of the next one to send. */
  #next = 0;
  /** Bytes of values that are not confirmed, and of those that are not sent. */
  #unconfirmed = 0;
  #unsent = 0;
  /** Bytes, or values of an iterable, that are confirmed. */
  #progress = 0;
  #isReading = false;
  /** True when the source has no more values. */
  #isRead = false;
  /** True when the server was told so. */
  #isDone = false;
  /** Replaced when answers to earlier chunks no longer count; undefined while nothing can be sent. */
  #round: Round | undefined;
  #begun = false;
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: UploadSource, call: UploadingCall) {
    this.#call = call;
    this.#source = readSource(source);
  }

  /** @throws TypeError when the source is none. */
  open(): void {
    this.#values ??= this.#source.open();
  }

  /** The call was sent, for the first time or again. */
  begin(): void {
    if (this.#begun) this.#ask();
    else this.#goOn();
    this.#begun = true;
  }

  /** The connection is lost. */
  pause(): void {
    this.#round = undefined;
    clearTimeout(this.#timer);
  }

  /** No more is wanted. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.pause();
    if (!this.#isRead) void this.#closeSource();
  }

  /** Sends from the first value on that is not confirmed. */
  #goOn(): void {
    this.#round = {ready: true, unanswered: 0};
    this.#next = this.#base;
    this.#unsent = this.#unconfirmed;
    this.#isDone = false;
    this.#advance();
  }

  readonly #ask = (): void => {
    this.#round = {ready: false, unanswered: 0};
    this.#emit({at: 0, items: []}, this.#round);
  };

  /** Sends what is read, and reads what may be sent next. */
  #advance(): void {
    if (this.#stopped) return;
    const round = this.#round;
    while (round?.ready && this.#canSend(round)) this.#sendChunk(round);
    const isFull = this.#unconfirmed >= MAX_UNCONFIRMED;
    if (!this.#isReading && !this.#isRead && !isFull) void this.#read();
  }

  async #read(): Promise<void> {
    const values = this.#values;
    this.#isReading = true;
    try {
      const {done, value} = (await values?.next()) as IteratorResult<unknown, unknown>;
      // Else the source is read again from its beginning.
      if (values === this.#values) {
        if (done) this.#isRead = true;
        else this.#add(value);
      }
    } catch (error) {
      this.#abandon();
      this.#call.failHere(400, 'NOT_SENDABLE', 'cannot be sent', error);
    }
    this.#isReading = false;
    this.#advance();
  }

  #add(value: unknown): void {
    const item = {value, ...weigh(value)};
    // It would end the connection.
    if (item.bytes > MAX_VALUE || item.attachments > MAX_ATTACHMENTS)
      throw new Error('A value of an upload has at most 960 KiB and 10 binary parts.');
    this.#items.push(item);
    this.#unconfirmed += item.bytes;
    this.#unsent += item.bytes;
  }

  /** While chunks are on their way, small values are collected. */
  #canSend({unanswered}: Round): boolean {
    if (this.#isRead) return !this.#isDone;
    return this.#unsent >= MAX_PART || (this.#unsent > 0 && unanswered === 0);
  }

  #sendChunk(round: Round): void {
    const at = this.#next;
    const end = this.#base + this.#items.length;
    const items: unknown[] = [];
    let bytes = 0;
    let attachments = 0;
    while (this.#next < end) {
      const item = this.#items[this.#next - this.#base];
      bytes += item.bytes;
      attachments += item.attachments;
      const isTooMuch = bytes > MAX_PART || attachments > MAX_ATTACHMENTS;
      if (isTooMuch && items.length > 0) break;
      items.push(item.value);
      this.#unsent -= item.bytes;
      this.#next++;
    }
    this.#isDone = this.#isRead && this.#next === end;
    this.#emit({at, items, ...(this.#isDone && {done: true})}, round);
  }

  #emit(chunk: Omit<SendBody, 'ref'>, round: Round): void {
    round.unanswered++;
    this.#call.owner.emit(
      SocketEvents.SEND,
      {ref: this.#call.ref, ...chunk},
      (reply: unknown) => {
        round.unanswered--;
        if (round === this.#round) this.#answered(reply, round);
      },
    );
  }

  #answered(reply: unknown, {ready}: Round): void {
    const {result, error} = Object(reply) as Reply<SentItems, CallErrorBody>;
    const {got} = (result ?? Object(error?.details)) as Partial<SentItems>;
    if (got === undefined) {
      this.#refused(error);
      return;
    }
    if (!this.#confirm(got)) return;
    if (error) {
      this.#round = undefined;
      this.#timer = setTimeout(this.#ask, RETRY_DELAY);
    } else if (ready) {
      this.#advance();
    } else {
      this.#goOn();
    }
  }

  /** Forgets what the server has. Returns false when the upload cannot go on. */
  #confirm(got: number): boolean {
    const {options} = this.#call;
    const {inBytes, total} = this.#source;
    // The server has restarted.
    if (got < this.#base && !this.#beginAgain()) return false;
    const confirmed = this.#items.splice(0, got - this.#base);
    if (confirmed.length === 0) return true;
    const bytes = confirmed.reduce((sum, item) => sum + item.bytes, 0);
    this.#base += confirmed.length;
    this.#unconfirmed -= bytes;
    this.#progress += inBytes ? bytes : confirmed.length;
    const progress = this.#progress;
    this.#call.extend();
    // A mistake in it is reported as an uncaught one.
    queueMicrotask(() => options.onProgress?.(progress, total));
    return true;
  }

  #beginAgain(): boolean {
    if (!this.#source.repeatable) {
      this.#abandon();
      this.#call.failHere(
        410,
        'UPLOAD_GONE',
        'is lost at the server, and cannot be read again',
      );
      return false;
    }
    this.#items = [];
    this.#base = 0;
    this.#unconfirmed = 0;
    this.#progress = 0;
    this.#isRead = false;
    this.#values = this.#source.open();
    return true;
  }

  #refused(error: CallErrorBody | undefined): void {
    const call = this.#call;
    // The connection ends next.
    if (call.id !== undefined && CUT_SHORT.includes(error?.code)) return;
    if (error?.code === 'UPLOAD_GONE') {
      // The answer of the call is on its way.
      this.stop();
    } else {
      this.#abandon();
      const body = error && (tooOld(error, 'uploads') ?? new CallError(error, true));
      call.fail(body ?? badAnswer(SocketEvents.SEND));
    }
  }

  /** Lets the method know that no more comes. */
  #abandon(): void {
    this.#call.abandoned = true;
  }

  async #closeSource(): Promise<void> {
    try {
      await this.#values?.return?.();
    } catch {
      // Nobody waits for it.
    }
  }
}
