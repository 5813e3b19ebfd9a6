import type {CallOptions as WireCallOptions, Reply} from '../../src/wire/protocol';
import {CallError} from './call-error';
import type {CallErrorCode, ClientErrorBody} from './call-error';
import type {CallOptions} from './options';

/** The longest delay of a timer, in ms. */
const MAX_DELAY = 2 ** 31 - 1;

/** Answers that end a call on its connection. One with an id goes on at the server, and is sent again. */
const CUT_SHORT: readonly (CallErrorCode | undefined)[] = [
  'AUTHENTICATION_EXPIRED',
  'SHUTTING_DOWN',
];

/** One call, from its request to its outcome. It settles once, at its timeout at the latest. */
export class Call {
  readonly outcome: Promise<unknown>;
  /** True once the call has left the client: its method may have run. */
  sent = false;
  readonly #args: unknown;
  readonly #options: CallOptions;
  readonly #onEnd: (call: Call) => void;
  #settled = false;
  #resolve!: (result: unknown) => void;
  #reject!: (error: CallError) => void;
  /** By a clock that nobody sets. */
  readonly #deadline: number;
  readonly #timer: ReturnType<typeof setTimeout>;

  /**
   * @param ref - Names the call among those of its client.
   * @param timeout - In ms.
   * @param onEnd - Called before the call settles.
   */
  constructor(
    readonly name: string,
    args: unknown,
    options: CallOptions,
    readonly ref: string,
    readonly id: string | undefined,
    timeout: number,
    onEnd: (call: Call) => void,
  ) {
    this.#args = args;
    this.#options = options;
    this.#onEnd = onEnd;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#deadline = performance.now() + timeout;
    this.#timer = setTimeout(
      () => this.failHere(504, 'CALL_TIMEOUT', 'took too long'),
      Math.min(timeout, MAX_DELAY),
    );
    options.signal?.addEventListener('abort', this.cancel);
  }

  /** True when the caller has cancelled the call. */
  get cancelled(): boolean | undefined {
    return this.#options.signal?.aborted;
  }

  /** The event's name and arguments. */
  get packet(): [string, ...unknown[]] {
    const {name, id, ref} = this;
    const args = this.#args;
    const deadline = this.#deadline;
    const {signal, timeout} = this.#options;
    const $call: WireCallOptions = {};
    if (id !== undefined) $call.id = id;
    if (signal) $call.ref = ref;
    if (Number.isFinite(timeout))
      $call.timeout = Math.max(1, Math.ceil(deadline - performance.now()));
    if (Object.keys($call).length > 0) return [name, args, {$call}];
    return args === undefined ? [name] : [name, args];
  }

  /** Takes the server's answer. */
  readonly answer = (reply: unknown): void => {
    if (Object(reply) !== reply) {
      this.failHere(502, 'BAD_ANSWER', 'was answered with no Reply');
      return;
    }
    const {error, result} = reply as Reply<unknown, {code?: CallErrorCode} | null>;
    if (error === undefined) {
      if (this.#end()) this.#resolve(result);
    } else if (this.id === undefined || !CUT_SHORT.includes(error?.code)) {
      this.fail(error);
    }
  };

  readonly cancel = (): void => {
    const {signal} = this.#options;
    this.failHere(499, 'CALL_CANCELLED', 'was cancelled', signal?.reason);
  };

  failHere(
    statusCode: number,
    code: CallErrorCode,
    problem: string,
    cause?: unknown,
  ): void {
    const body: ClientErrorBody = {statusCode, code, message: `${this.name} ${problem}.`};
    this.fail(body, cause);
  }

  fail(body: unknown, cause?: unknown): void {
    if (this.#end()) this.#reject(new CallError(body, this.sent, cause));
  }

  /** Returns false when the call has ended before, as for an answer that comes too late. */
  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.cancel);
    this.#onEnd(this);
    return true;
  }
}
