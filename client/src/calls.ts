import {SocketEvents} from '../../src/wire/protocol';
import type {CancelBody} from '../../src/wire/protocol';
import {Call} from './call';
import type {CallError} from './call-error';
import type {CallOptions} from './options';

/** In ms. */
const DEFAULT_TIMEOUT = 30_000;

/** Most calls that wait to be sent. */
const MAX_WAITING = 256;

/** Most calls with an id that are unanswered: a server keeps the last 100 answers of a user. */
const MAX_WITH_ID = 100;

/** Sends an event; a function as the last argument gets the answer. Returns false when it is not connected. */
export type Emit = (name: string, ...args: unknown[]) => boolean;

/** The calls of one client: sends them while it is authenticated, keeps them meanwhile, and ends each. */
export class Calls {
  readonly #timeout: number;
  readonly #emit: Emit;
  readonly #onIdle: () => void;
  /** True while calls are sent. */
  #open = false;
  #waiting = new Set<Call>();
  #unanswered = new Set<Call>();
  /** Cancellations of calls with an id that were sent on an earlier connection. */
  #cancellations: CancelBody[] = [];
  /** Unanswered calls with an id. */
  #withId = 0;
  #made = 0;
  /** Differs from client to client of one user, also where `crypto` is missing. */
  readonly #prefix = Date.now().toString(36) + Math.random().toString(36).slice(1);

  /** @param onIdle - Called when no call is left. */
  constructor(timeout = DEFAULT_TIMEOUT, emit: Emit, onIdle: () => void) {
    this.#timeout = timeout;
    this.#emit = emit;
    this.#onIdle = onIdle;
  }

  /** True while no call waits or is unanswered. */
  get idle(): boolean {
    return this.#waiting.size + this.#unanswered.size === 0;
  }

  request(name: string, args: unknown, options: CallOptions): Promise<unknown> {
    const {id, timeout = this.#timeout} = options;
    const ref = `${this.#prefix}-${++this.#made}`;
    const callId = id === true ? ref : id;
    const call = new Call(name, args, options, ref, callId, timeout, this.#onEnd);
    if (call.cancelled) {
      call.cancel();
    } else if (this.#waiting.size >= MAX_WAITING) {
      call.failHere(429, 'QUEUE_FULL', 'waits behind 256 calls');
    } else {
      this.#waiting.add(call);
      this.#flush();
    }
    return call.outcome;
  }

  /** Sends what waits, and each call from now on. */
  resume(): void {
    this.#open = true;
    for (const body of this.#cancellations.splice(0))
      this.#emit(SocketEvents.CANCEL, body);
    this.#flush();
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
    for (const call of unanswered)
      if (call.id === undefined && call.sent) call.fail(error.value, error);
  }

  /** Ends all calls. */
  failAll(error: CallError): void {
    this.lost(error);
    this.#cancellations = [];
    for (const call of this.#waiting) call.fail(error.value, error);
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
        call.sent = this.#emit(...call.packet, call.answer) || call.sent;
      } catch (error) {
        call.failHere(400, 'NOT_SENDABLE', 'cannot be sent', error);
      }
    }
  }

  readonly #onEnd = (call: Call): void => {
    this.#waiting.delete(call);
    const isUnanswered = this.#unanswered.delete(call);
    if (isUnanswered && call.id !== undefined) this.#withId--;
    if (call.cancelled && call.sent) this.#cancel(call, isUnanswered || this.#open);
    this.#flush();
    if (this.idle) this.#onIdle();
  };

  /** @param now - False before the client is authenticated again: the server would refuse it. */
  #cancel({id, name, ref}: Call, now: boolean): void {
    const body = id === undefined ? {ref} : {method: name, id};
    if (!now || !this.#emit(SocketEvents.CANCEL, body)) this.#cancellations.push(body);
  }
}
