import type {HandlerReference, SocketPayload} from '../options/types';
import type {Call} from '../context/call';
import {withCallback} from '../context/callback';
import type {MethodDescription} from './method-description';
import {isAsyncGenerator, withCallOptions} from './with-call';

/**
 * A function or method of the application that runs for a socket. It receives `(socket, credentials)`; a method
 * also receives `args`; a disconnected handler receives `(socket, reason)`. It returns a value or a promise.
 */
export interface Handler {
  /** Its name in messages and logs, such as `UserController.getProfile`. */
  readonly label: string;
  /** Set when the handler is a method of a decorated controller. */
  readonly method?: MethodDescription;
  invoke(call: Call): unknown;
  /** Returns true when the handler uses a call option. A call with an option that is not used is refused. */
  accepts(option: OptionalInput): boolean;
  /**
   * Returns true when the handler is known to stream before it runs: it declares `item`, or is an async generator. Any
   * other handler streams too when it returns an async iterable.
   */
  streams(): boolean;
  /** Returns true when this handler was made from `definition`. */
  isFrom(definition: HandlerDefinition): boolean;
}

/** A call option that only some methods use: `SocketBindings.AFTER` or `SocketBindings.UPLOAD`. */
export type OptionalInput = 'after' | 'upload';

/** A handler as applications pass it. */
export type HandlerDefinition =
  ((...values: SocketPayload[]) => unknown) | HandlerReference;

/** Calls a plain function. */
export class FunctionHandler implements Handler {
  readonly label: string;

  constructor(private readonly run: (...values: unknown[]) => unknown) {
    this.label = run.name || '(anonymous function)';
  }

  invoke(call: Call): unknown {
    return callFunction(this, this.run, undefined, call);
  }

  accepts(option: OptionalInput): boolean {
    return withCallOptions(this.run)?.[option] ?? false;
  }

  streams(): boolean {
    return isAsyncGenerator(this.run);
  }

  isFrom(definition: HandlerDefinition): boolean {
    return definition === this.run;
  }
}

/** Calls a function with a call, or with its values. Adds a callback when the function declares one more parameter. */
export function callFunction(
  handler: Handler,
  run: (...values: unknown[]) => unknown,
  self: unknown,
  call: Call,
): unknown {
  if (withCallOptions(run)) return Reflect.apply(run, self, [call]);
  const {values} = call;
  if (run.length <= values.length) return Reflect.apply(run, self, values);
  return withCallback(handler.label, call, callback =>
    run.apply(self, [...values, callback]),
  );
}
