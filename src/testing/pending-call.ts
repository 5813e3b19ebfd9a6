import {randomUUID} from 'node:crypto';
import type {Socket} from 'socket.io-client';
import {isRecord} from '../common/objects';
import {SocketEvents} from '../wire/protocol';
import type {CallOptions} from '../wire/protocol';
import {CallError, localError} from './call-error';
import type {TestCallOptions} from './calls';

/** ms that a call may take, unless its options say otherwise. */
const CALL_TIMEOUT = 30_000;

/** ms for which a client waits longer than the server, whose answer says more. */
const GRACE = 1000;

/** One call, from its request to its outcome. */
export class PendingCall {
  readonly result: Promise<unknown>;
  /** True while the server has it on the present connection. */
  sent = false;
  private readonly packet: readonly [string, ...unknown[]];
  private readonly timer: NodeJS.Timeout;
  private resolve!: (result: unknown) => void;
  private reject!: (error: CallError) => void;
  // The stack of an answer does not say where the call was made.
  private readonly madeAt = new Error();
  private readonly ref = randomUUID();

  /** @param onEnd - Called when the call is settled. */
  constructor(
    private readonly socket: Socket,
    private readonly method: string,
    args: unknown,
    private readonly options: TestCallOptions,
    private readonly onEnd: (call: PendingCall) => void,
  ) {
    const {id, signal, timeout} = options;
    const $call: CallOptions = {
      ...(id !== undefined && {id}),
      ...(signal && {ref: this.ref}),
      ...(timeout !== undefined && {timeout}),
    };
    if (Object.keys($call).length > 0) this.packet = [method, args, {$call}];
    else this.packet = args === undefined ? [method] : [method, args];
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const limit = timeout === undefined ? CALL_TIMEOUT : timeout + GRACE;
    this.timer = setTimeout(() => {
      this.fail(504, 'CALL_TIMEOUT', `was not answered within ${limit} ms`);
    }, limit);
    signal?.addEventListener('abort', this.cancel);
  }

  /** True for a call that is sent again after a lost connection. */
  get isRepeatable(): boolean {
    return this.options.id !== undefined;
  }

  send(): void {
    this.sent = true;
    this.socket.emit(...this.packet, this.answer);
  }

  /** Rejects the call by the client itself. */
  fail(statusCode: number, code: string, problem: string): void {
    this.refuse(localError(statusCode, code, `The call "${this.method}" ${problem}.`));
  }

  readonly cancel = (): void => {
    if (this.sent) this.socket.emit(SocketEvents.CANCEL, {ref: this.ref});
    else this.fail(499, 'CALL_CANCELLED', 'was cancelled before it was sent');
  };

  /** Receives the server's answer. */
  private readonly answer = (reply: unknown): void => {
    if (!isRecord(reply)) {
      this.fail(502, 'BAD_ANSWER', 'was answered by something that is no Reply');
    } else if (reply.error !== undefined) {
      this.refuse(new CallError(reply.error));
    } else {
      this.end();
      this.resolve(reply.result);
    }
  };

  private refuse(error: CallError): void {
    const {stack = ''} = this.madeAt;
    error.stack = `${String(error)}${stack.slice(stack.indexOf('\n'))}`;
    this.end();
    this.reject(error);
  }

  private end(): void {
    clearTimeout(this.timer);
    this.options.signal?.removeEventListener('abort', this.cancel);
    this.onEnd(this);
  }
}
