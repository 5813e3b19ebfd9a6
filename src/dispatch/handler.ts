import type {Context} from '@loopback/context';
import type {HandlerReference, SocketCallback, SocketPayload} from '../types';

/** What a handler may ask of the connection that calls it. */
export interface Caller {
  /** A new context for this call; whoever opens it closes it. */
  openCall(args: unknown): Context;
}

/**
 * Something that runs for a socket. `values` are `(socket, credentials)`, with `args` for a method,
 * or `(socket, reason)` for a disconnected handler. It may return a value or a promise, or throw.
 */
export interface Handler {
  /** How messages and logs name it, such as `UserController.getProfile`. */
  readonly label: string;
  invoke(caller: Caller, values: readonly unknown[]): unknown;
  /** Whether this is the handler that was made from `definition`. */
  isFrom(definition: HandlerDefinition): boolean;
}

/** A handler as users write it. Typed by what it receives where it is accepted. */
export type HandlerDefinition =
  ((...values: SocketPayload[]) => unknown) | HandlerReference;

/** A plain function, called with its values and, where its `length` asks for it, a callback. */
export class FunctionHandler implements Handler {
  readonly label: string;

  constructor(private readonly run: (...values: unknown[]) => unknown) {
    this.label = run.name || '(anonymous function)';
  }

  invoke(_caller: Caller, values: readonly unknown[]): unknown {
    return callFunction(this.run, undefined, values);
  }

  isFrom(definition: HandlerDefinition): boolean {
    return definition === this.run;
  }
}

/** Calls a function by Node's convention: with a callback when it declares one more parameter. */
export function callFunction(
  run: (...values: unknown[]) => unknown,
  self: unknown,
  values: readonly unknown[],
): unknown {
  if (run.length <= values.length) return run.apply(self, [...values]);
  return withCallback(callback => run.apply(self, [...values, callback]));
}

/**
 * Answers with the first outcome: the callback's, or a throw or rejection before it. What the
 * function returns is ignored.
 */
export function withCallback(
  start: (callback: SocketCallback) => unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const returned = start((error, result) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the client is told what was called back
      if (error) reject(error);
      else resolve(result);
    });
    if (isPromiseLike(returned)) returned.then(undefined, reject);
  });
}

/** Whether a value must be awaited. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as {then?: unknown}).then === 'function'
  );
}
