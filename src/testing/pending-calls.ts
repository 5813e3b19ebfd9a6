import {randomUUID} from 'node:crypto';
import type {Socket} from 'socket.io-client';
import {SocketEvents} from '../wire/protocol';
import type {CallOptions, Reply} from '../wire/protocol';
import {CallError, disconnected} from './call-error';
import type {TestCallOptions} from './calls';

/** ms that a call may take, unless its options say otherwise. */
const CALL_TIMEOUT = 30_000;

/** The reason when a client itself disconnects. */
const CLOSED = 'io client disconnect';

/** The reasons after which a client does not reconnect automatically. */
const FINAL: ReadonlySet<string> = new Set([
  'io server disconnect',
  'io client disconnect',
]);

interface PendingCall {
  readonly isRepeatable: boolean;
  sent: boolean;
  send(): void;
  reject(error: Error): void;
  /** Lets the call reject although nobody may wait for it. */
  forget(): void;
}

/** The calls of a client that are not settled. They wait until the client is authenticated. */
export class PendingCalls {
  private readonly calls = new Set<PendingCall>();
  private authenticated = false;
  private ended: string | undefined;

  constructor(private readonly socket: Socket) {
    socket.on(SocketEvents.AUTHENTICATED, () => {
      this.authenticated = true;
      for (const call of this.calls) call.send();
    });
    socket.on('disconnect', reason => {
      this.authenticated = false;
      const isFinal = FINAL.has(reason);
      for (const call of this.calls) {
        // A test that closes its client may have left calls.
        if (reason === CLOSED) call.forget();
        if (isFinal || (call.sent && !call.isRepeatable)) {
          call.reject(disconnected(reason));
        }
        call.sent = false;
      }
      if (isFinal) this.ended = reason;
    });
  }

  /** Sends a call when the client is authenticated, and returns its result. */
  send(
    method: string,
    args: unknown,
    {id, signal, timeout}: TestCallOptions = {},
  ): Promise<unknown> {
    const {calls, socket} = this;
    const ref = signal && randomUUID();
    const $call: CallOptions = {
      ...(id !== undefined && {id}),
      ...(ref !== undefined && {ref}),
      ...(timeout !== undefined && {timeout}),
    };
    const hasOptions = Object.keys($call).length > 0;
    const values = hasOptions ? [args, {$call}] : args === undefined ? [] : [args];
    // The stack of an answer does not say where the call was made.
    const {stack = ''} = new Error();
    const result = new Promise((resolve, reject) => {
      const settle = () => {
        calls.delete(call);
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
      };
      const fail = (error: Error) => {
        settle();
        error.stack = `${String(error)}${stack.slice(stack.indexOf('\n'))}`;
        reject(error);
      };
      const cancel = () => {
        if (call.sent) socket.emit(SocketEvents.CANCEL, {ref});
        else fail(cancelled());
      };
      const call: PendingCall = {
        isRepeatable: id !== undefined,
        sent: false,
        reject: fail,
        forget: () => void result.catch(() => undefined),
        send: () => {
          call.sent = true;
          socket.emit(method, ...values, (reply?: Reply<unknown, unknown>) => {
            if (reply?.error !== undefined) fail(new CallError(reply.error));
            else {
              settle();
              resolve(reply?.result);
            }
          });
        },
      };
      // The server's own answer, CALL_TIMEOUT, comes first.
      const limit = timeout === undefined ? CALL_TIMEOUT : timeout + 1000;
      const timer = setTimeout(() => {
        fail(new Error(`The call "${method}" was not answered within ${limit} ms.`));
      }, limit);
      calls.add(call);
      signal?.addEventListener('abort', cancel);
      if (signal?.aborted) fail(cancelled());
      else if (this.ended !== undefined) fail(disconnected(this.ended));
      else if (this.authenticated) call.send();
    });
    return result;
  }
}

function cancelled(): CallError {
  const message = 'The call was cancelled before it was sent.';
  return new CallError({statusCode: 499, code: 'CALL_CANCELLED', message});
}
