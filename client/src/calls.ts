import {SocketEvents} from '../../src/wire/protocol';
import {Call} from './call';
import {CallError} from './call-error';
import type {CallOptions} from './options';
import type {Outcome} from './outcome';
import {Stream} from './stream';
import type {Emit} from './transport';

/** In ms. */
const DEFAULT_TIMEOUT = 30_000;

/** Most calls that wait to be sent. */
const MAX_WAITING = 256;

/** Most calls with an id that are unanswered: a server keeps the last 100 answers of a user. */
const MAX_WITH_ID = 100;

/** The calls of one client: sends them while it is authenticated, keeps them meanwhile, and ends each. */
export class Calls {
  readonly emit: Emit;
  readonly #timeout: number;
  readonly #onIdle: () => void;
  /** True while calls are sent. */
  #open = false;
  #waiting = new Set<Call>();
  #unanswered = new Set<Call>();
  /** Streams that are open. */
  readonly #streams = new Set<Stream>();
  /** Cancellations of what has an id and was sent on an earlier connection. */
  #cancellations: [name: string, body: object][] = [];
  /** Unanswered calls with an id. */
  #withId = 0;
  #made = 0;
  /** Differs from client to client of one user, also where `crypto` is missing. */
  readonly #prefix = Date.now().toString(36) + Math.random().toString(36).slice(1);

  /** @param onIdle - Called when no call and no stream is left. */
  constructor(timeout = DEFAULT_TIMEOUT, emit: Emit, onIdle: () => void) {
    this.#timeout = timeout;
    this.emit = emit;
    this.#onIdle = onIdle;
  }

  /** True while no call waits or is unanswered, and no stream is open. */
  get idle(): boolean {
    return this.#waiting.size + this.#unanswered.size + this.#streams.size === 0;
  }

  /** @param refusal - Why the client makes no calls. */
  request(
    name: string,
    args: unknown,
    options: CallOptions,
    refusal?: CallError,
  ): Outcome {
    const call = this.#make(name, args, options);
    if (refusal) call.fail(because(refusal, false));
    else this.#start(call);
    return call.outcome;
  }

  /** Sends what waits, and each call from now on. */
  resume(): void {
    this.#open = true;
    for (const packet of this.#cancellations.splice(0)) this.emit(...packet);
    this.#flush();
    for (const stream of this.#streams) stream.attach();
  }

  /** Keeps calls until the next connection. Answers still come. */
  pause(): void {
    this.#open = false;
  }

  /** The connection is lost: calls with an id are sent again; others that were sent may have run, and fail. */
  lost(error: CallError): void {
    const unanswered = this.#unanswered;
    this.#open = false;
    this.#waiting = new Set([...unanswered, ...this.#waiting]);
    this.#unanswered = new Set();
    this.#withId = 0;
    for (const stream of this.#streams) stream.detach(because(error, true));
    for (const call of unanswered) {
      call.upload?.pause();
      if (call.id === undefined && call.sent) call.fail(because(error, true));
    }
  }

  /** Ends all calls. Nobody need wait for them. */
  failAll(error: CallError): void {
    for (const call of [...this.#unanswered, ...this.#waiting])
      call.outcome.catch(() => undefined);
    this.lost(error);
    for (const stream of this.#streams) stream.fail(because(error, true));
    for (const call of this.#waiting) call.fail(because(error, call.sent));
    this.#cancellations = [];
  }

  readonly onEnd = (call: Call): void => {
    this.#waiting.delete(call);
    const isUnanswered = this.#unanswered.delete(call);
    if (isUnanswered && call.id !== undefined) this.#withId--;
    if (call.abandoned && call.sent) this.#cancel(call, isUnanswered || this.#open);
    this.#flush();
    this.#checkIdle();
  };

  makeStream(first: Call): Stream {
    let call = first;
    const {name, args, options} = call;
    // A repeated call would take the upload over, but not the stream.
    const resumable = call.id !== undefined && !call.upload;
    const stream: Stream = new Stream(
      {
        emit: this.emit,
        resumable,
        signal: options.signal,
        cancelCall: () => call.leave(),
        openAgain: after => {
          call = this.#make(name, args, {...options, id: true, after}, stream);
          call.outcome.catch(() => undefined);
          this.#start(call);
        },
        stop: (id, now) => this.#send([SocketEvents.STOP, {stream: id}], now, resumable),
        onOpen: () => this.#streams.add(stream),
        onEnd: () => {
          call.upload?.stop();
          this.#streams.delete(stream);
          this.#checkIdle();
        },
      },
      options.after,
    );
    return stream;
  }

  #make(name: string, args: unknown, options: CallOptions, stream?: Stream): Call {
    const key = `${this.#prefix}-${++this.#made}`;
    return new Call(this, name, args, options, key, this.#timeout, stream);
  }

  #start(call: Call): void {
    if (call.options.signal?.aborted) {
      call.cancel();
    } else if (this.#waiting.size >= MAX_WAITING) {
      call.failHere(429, 'QUEUE_FULL', 'waits behind 256 calls');
    } else {
      this.#waiting.add(call);
      this.#flush();
    }
  }

  #flush(): void {
    for (const call of this.#waiting) {
      if (!this.#open) return;
      if (call.id !== undefined) {
        if (this.#withId >= MAX_WITH_ID) continue;
        this.#withId++;
      }
      this.#waiting.delete(call);
      this.#unanswered.add(call);
      try {
        const isSent = call.send();
        call.sent ||= isSent;
        if (isSent) call.upload?.begin();
      } catch (error) {
        call.failHere(400, 'NOT_SENDABLE', 'cannot be sent', error);
      }
    }
  }

  #checkIdle(): void {
    if (this.idle) this.#onIdle();
  }

  /** @param now - False before the client is authenticated again: the server would refuse it. */
  #cancel({id, name, ref}: Call, now: boolean): void {
    if (id !== undefined)
      this.#send([SocketEvents.CANCEL, {method: name, id}], now, true);
    else if (ref !== undefined) this.#send([SocketEvents.CANCEL, {ref}], now, true);
  }

  /** @param later - True to send it over the next connection, if this one is lost. */
  #send(packet: [name: string, body: object], now: boolean, later: boolean): void {
    if ((!now || !this.emit(...packet)) && later) this.#cancellations.push(packet);
  }
}

/** The error of a call that ends because its client has ended or lost its connection. */
function because(error: CallError, sent: boolean): CallError {
  return new CallError(error.value, sent, error);
}
