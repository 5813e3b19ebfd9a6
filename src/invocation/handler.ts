import type {HandlerReference, SocketPayload} from '../options/types';
import type {Call} from '../context/call';
import {withCallback} from '../context/callback';

/** How many values each kind of handler receives before its callback. */
export const VALUES = {auth: 2, connected: 2, disconnected: 2, method: 3} as const;

export type HandlerKind = keyof typeof VALUES;

/**
 * Something that runs for a socket. Its values are `(socket, credentials)`, with `args` for a method,
 * or `(socket, reason)` for a disconnected handler. It may return a value or a promise, or throw.
 */
export interface Handler {
  /** How messages and logs name it, such as `UserController.getProfile`. */
  readonly label: string;
  invoke(call: Call): unknown;
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

  invoke(call: Call): unknown {
    return callFunction(this, this.run, undefined, call);
  }

  isFrom(definition: HandlerDefinition): boolean {
    return definition === this.run;
  }
}

/** Calls a function by Node's convention: with a callback when it declares one more parameter. */
export function callFunction(
  handler: Handler,
  run: (...values: unknown[]) => unknown,
  self: unknown,
  call: Call,
): unknown {
  const {values} = call;
  if (run.length <= values.length) return Reflect.apply(run, self, values);
  return withCallback(handler.label, call, callback =>
    run.apply(self, [...values, callback]),
  );
}
