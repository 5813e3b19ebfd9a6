import {SocketEvents} from '../../src/wire/protocol';
import type {NextBody, StreamItems} from '../../src/wire/items';
import type {Reply} from '../../src/wire/protocol';
import {badAnswer, CallError, CUT_SHORT, tooOld} from './call-error';
import type {CallErrorBody} from './call-error';
import type {Emit} from './transport';

/** Reads that wait at the server while the client has no items, so that an item comes as soon as a push. */
const READS = 8;

/** The parts of a client that its streams use. */
export interface StreamOwner {
  readonly emit: Emit;
  /** Goes on over the next connection. */
  readonly resumable: boolean;
  readonly signal: AbortSignal | undefined;
  /** Cancels the call that opens the stream. */
  cancelCall(): void;
  /** Calls the method again, to start after the item with that id. */
  openAgain(after: string): void;
  /** Stops the stream at the server: now, or over the next connection. */
  stop(stream: string, now: boolean): void;
  onOpen(stream: Stream): void;
  onEnd(stream: Stream): void;
}

interface Waiting {
  resolve(result: IteratorResult<unknown>): void;
  reject(error: CallError): void;
}

/** The items of a method that streams. The server is asked for more only while no items wait here. */
export class Stream implements AsyncIterableIterator<unknown> {
  readonly #owner: StreamOwner;
  /** The server's name for it. */
  #name: string | undefined;
  /** True while it can be read over the connection. */
  #attached = false;
  /** True once somebody has asked for an item. */
  #started = false;
  #ended = false;
  /** Why it ended, until somebody is told. */
  #failure: CallError | undefined;
  /** Items that the server has sent. */
  #got = 0;
  /** The application's id of the last item that has one. */
  #lastId: string | undefined;
  /** Items that nobody has taken. */
  #items: unknown[] = [];
  #waiting: Waiting[] = [];
  /** Answers to reads; replaced when those that are outstanding no longer count. */
  #reads = new Set<(reply: unknown) => void>();

  /** @param after - The id of the item after which it starts. */
  constructor(owner: StreamOwner, after: string | undefined) {
    this.#owner = owner;
    this.#lastId = after;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    this.#started = true;
    return new Promise((resolve, reject) => {
      this.#waiting.push({resolve, reject});
      this.#flush();
    });
  }

  /** Ends the stream, at the server too. */
  return(value?: unknown): Promise<IteratorResult<unknown>> {
    this.#leave();
    return Promise.resolve({value, done: true});
  }

  /** Begins to read a stream that the server has opened. */
  open(name: string): void {
    const {signal} = this.#owner;
    if (this.#ended) {
      this.#owner.stop(name, true);
      return;
    }
    this.#name = name;
    this.#got = 0;
    signal?.addEventListener('abort', this.#abort);
    this.#owner.onOpen(this);
    this.attach();
  }

  /** Reads over the connection that there is now. */
  attach(): void {
    this.#attached = this.#name !== undefined;
    this.#flush();
  }

  /** The connection is lost. */
  detach(error: CallError): void {
    this.#attached = false;
    this.#reads = new Set();
    if (!this.#owner.resumable) this.fail(error);
  }

  /** Ends with an error, after the items that are here. */
  fail(error: CallError): void {
    if (this.#ended) return;
    this.#failure = error;
    this.#end();
  }

  readonly #abort = (): void => {
    const {signal} = this.#owner;
    const body = {
      statusCode: 499,
      code: 'CALL_CANCELLED',
      message: 'The stream was cancelled.',
    };
    this.#leave(new CallError(body, true, signal?.reason));
  };

  #leave(failure?: CallError): void {
    if (this.#ended) return;
    const name = this.#name;
    this.#items = [];
    this.#failure = failure;
    this.#end();
    if (name === undefined) this.#owner.cancelCall();
  }

  #end(): void {
    this.#ended = true;
    this.#owner.signal?.removeEventListener('abort', this.#abort);
    // The server keeps what a later connection may read.
    if (this.#name !== undefined) this.#owner.stop(this.#name, this.#attached);
    this.#owner.onEnd(this);
    this.#flush();
  }

  /** Gives out what is here, and reads on. */
  #flush(): void {
    while (this.#waiting.length > 0) {
      if (this.#items.length > 0) {
        this.#waiting.shift()?.resolve({value: this.#items.shift(), done: false});
      } else if (this.#failure) {
        this.#waiting.shift()?.reject(this.#failure);
        this.#failure = undefined;
      } else if (this.#ended) {
        this.#waiting.shift()?.resolve({value: undefined, done: true});
      } else {
        break;
      }
    }
    if (!this.#started || this.#items.length > 0) return;
    while (this.#attached && !this.#ended && this.#reads.size < READS) {
      if (!this.#read()) return;
    }
  }

  /** Returns false when the connection is lost. */
  #read(): boolean {
    const body = {stream: this.#name, got: this.#got} as NextBody;
    const reads = this.#reads;
    const answer = (reply: unknown) => {
      if (reads.delete(answer) && reads === this.#reads && !this.#ended)
        this.#take(reply);
    };
    reads.add(answer);
    return this.#owner.emit(SocketEvents.NEXT, body, answer);
  }

  #take(reply: unknown): void {
    const {result, error} = Object(reply) as Reply<StreamItems, CallErrorBody>;
    if (error !== undefined) {
      this.#refused(error);
    } else if (!Array.isArray(result?.items) || result.at !== this.#got) {
      this.fail(badAnswer(SocketEvents.NEXT));
    } else {
      this.#got += result.items.length;
      this.#items.push(...result.items);
      this.#lastId = result.ids?.filter(id => id !== null).at(-1) ?? this.#lastId;
      if (result.done) this.#end();
      else this.#flush();
    }
  }

  #refused(error: CallErrorBody | null): void {
    const {code} = Object(error) as CallErrorBody;
    const {resumable} = this.#owner;
    if (resumable && CUT_SHORT.includes(code)) {
      // The connection ends next.
      this.#attached = false;
    } else if (resumable && code === 'STREAM_GONE' && this.#lastId !== undefined) {
      this.#name = undefined;
      this.#attached = false;
      this.#reads = new Set();
      this.#owner.openAgain(this.#lastId);
    } else {
      this.fail(tooOld(error, 'streams') ?? new CallError(error, true));
    }
  }
}
