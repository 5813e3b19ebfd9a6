import type {StreamReply} from '../../src/wire/items';
import type {CallOptions as WireCallOptions, Reply} from '../../src/wire/protocol';
import {badAnswer, CallError, CUT_SHORT} from './call-error';
import type {CallErrorBody, CallErrorCode, ClientErrorBody} from './call-error';
import type {Emit} from './transport';
import type {CallOptions} from './options';
import {Outcome} from './outcome';
import type {Stream} from './stream';
import {Upload} from './upload';

/** The longest delay of a timer, in ms. */
const MAX_DELAY = 2 ** 31 - 1;

/** Any answer to a call. */
type Answer = Reply<unknown, CallErrorBody | null> & {
  stream?: StreamReply['stream'];
};

/** The parts of a client that its calls use. */
export interface CallOwner {
  readonly emit: Emit;
  /** Makes the stream that the call may open. */
  makeStream(call: Call): Stream;
  /** Called before the call settles. */
  onEnd(call: Call): void;
}

/** One call, from its request to its outcome. It settles once, at its timeout at the latest. */
export class Call {
  readonly outcome: Outcome;
  /** True once the call has left the client: its method may have run. */
  sent = false;
  /** True when the call has ended here, and is to be cancelled at the server. */
  abandoned = false;
  readonly upload: Upload | undefined;
  #stream: Stream | undefined;
  #settled = false;
  #resolve!: (result: unknown) => void;
  #reject!: (error: CallError) => void;
  /** In ms. */
  readonly #timeout: number;
  /** By a clock that nobody sets. */
  #deadline = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Number of times that the call was sent. */
  #sendings = 0;

  /**
   * @param name - Of the method.
   * @param key - Names the call among those of its client.
   * @param timeout - In ms, where the options have none.
   * @param stream - The stream that the call opens again.
   */
  constructor(
    readonly owner: CallOwner,
    readonly name: string,
    readonly args: unknown,
    readonly options: CallOptions,
    readonly key: string,
    timeout: number,
    stream?: Stream,
  ) {
    const {signal, upload} = options;
    this.#stream = stream;
    this.outcome = new Outcome((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.outcome.openStream = () => this.stream;
    this.#timeout = options.timeout ?? timeout;
    this.#setTimer();
    if (upload) this.upload = new Upload(upload, this);
    signal?.addEventListener('abort', this.cancel);
  }

  get id(): string | undefined {
    const {id} = this.options;
    return id === true ? this.key : id;
  }

  /** The server's name for the call on its connection, if it has one. The next sending of an upload has another. */
  get ref(): string | undefined {
    if (this.upload) return `${this.key}-${this.#sendings}`;
    return this.options.signal && this.key;
  }

  /** The stream that the call opens, or has opened. */
  get stream(): Stream {
    return (this.#stream ??= this.owner.makeStream(this));
  }

  /** Sends the call. Returns false when the connection is lost. */
  send(): boolean {
    const {args, id, name} = this;
    const {after, timeout} = this.options;
    this.#sendings++;
    this.upload?.open();
    const {ref} = this;
    const $call: WireCallOptions = {};
    if (id !== undefined) $call.id = id;
    if (ref !== undefined) $call.ref = ref;
    if (after !== undefined) $call.after = after;
    if (this.upload) $call.upload = true;
    if (Number.isFinite(timeout))
      $call.timeout = Math.max(1, Math.ceil(this.#deadline - performance.now()));
    const packet: unknown[] = args === undefined ? [] : [args];
    if (Object.keys($call).length > 0) packet.splice(0, 1, args, {$call});
    return this.owner.emit(name, ...packet, this.answer);
  }

  /** Takes the server's answer. */
  readonly answer = (reply: unknown): void => {
    if (Object(reply) !== reply) {
      this.fail(badAnswer(this.name));
      return;
    }
    const {error, result, stream} = reply as Answer;
    if (typeof stream === 'string') {
      this.#opened(stream);
    } else if (error === undefined) {
      if (!this.#end()) return;
      this.#stream?.fail(badAnswer(this.name, 'does not stream'));
      this.#resolve(result);
    } else if (this.id === undefined || !CUT_SHORT.includes(error?.code)) {
      this.fail(new CallError(error, this.sent));
    }
  };

  readonly cancel = (): void => {
    const {signal} = this.options;
    this.abandoned = true;
    this.failHere(499, 'CALL_CANCELLED', 'was cancelled', signal?.reason);
  };

  /** Ends the call, because nobody wants its stream any more. */
  leave(): void {
    this.abandoned = true;
    if (this.#end()) this.#resolve(this.stream);
  }

  failHere(
    statusCode: number,
    code: CallErrorCode,
    problem: string,
    cause?: unknown,
  ): void {
    const body: ClientErrorBody = {statusCode, code, message: `${this.name} ${problem}.`};
    this.fail(new CallError(body, this.sent, cause));
  }

  /** Fails the call, or the stream that it has opened. */
  fail(error: CallError): void {
    const isFirst = this.#end();
    this.#stream?.fail(error);
    if (isFirst) this.#reject(error);
  }

  /** An upload takes as long as it needs, while there is progress, unless the caller has set a time. */
  extend(): void {
    if (this.options.timeout === undefined && !this.#settled) this.#setTimer();
  }

  #opened(name: string): void {
    const {stream} = this;
    // The method takes an upload until its stream ends. Nobody waits for the answer of a call that has ended.
    if (!this.#end(true)) void stream.return();
    stream.open(name);
    this.#resolve(stream);
    if (!this.outcome.used) void stream.return();
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    this.#deadline = performance.now() + this.#timeout;
    this.#timer = setTimeout(
      () => {
        // Else the method waits for the rest.
        this.abandoned = this.upload !== undefined;
        this.failHere(504, 'CALL_TIMEOUT', 'took too long');
      },
      Math.min(this.#timeout, MAX_DELAY),
    );
  }

  /** Returns false when the call has ended before, as for an answer that comes too late. */
  #end(keepsUpload = false): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.options.signal?.removeEventListener('abort', this.cancel);
    if (!keepsUpload) this.upload?.stop();
    this.owner.onEnd(this);
    return true;
  }
}
