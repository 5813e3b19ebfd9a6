import type {SocketCall, SocketPayload} from '../options/types';

/** The call options that a handler uses, as a decorated method does by injecting their keys. */
export interface WithCallOptions {
  /** True when it reads `call.after`. Other calls with `$call.after` are answered 400. @default false */
  after?: boolean;
  /** True when it reads `call.upload`. Other calls with `$call.upload` are answered 400. @default false */
  upload?: boolean;
}

/** Marks functions that take a call. */
const OPTIONS = Symbol('loopback4-socket:with-call');
const HANDLER = Symbol('loopback4-socket:with-call-handler');

interface Marked {
  readonly [OPTIONS]?: WithCallOptions;
  readonly [HANDLER]?: unknown;
}

/**
 * Makes a handler that receives the call as one object, and so also its user, its signal and its call options. For
 * methods, authentication and connected handlers that are added by hand, and for static methods of a
 * `{model, method}`. It has no callback: it returns a value, a promise or, as a method, an async iterable.
 *
 * @typeParam Args - The args of a method.
 *
 * @example
 * ```ts
 * server.defineMethod(
 *   'news',
 *   withCall(({args, after, signal}: SocketCall<{topic: string}>) => news(args.topic, after, signal), {
 *     after: true,
 *   }),
 * );
 * ```
 */
export function withCall<Result, Args = SocketPayload>(
  handler: (call: SocketCall<Args>) => Result,
  options: WithCallOptions = {},
): (...values: SocketPayload[]) => Result {
  const run = function (this: unknown, call: SocketCall<Args>): Result {
    return Reflect.apply(handler, this, [call]);
  };
  // Logs name the handler.
  Object.defineProperty(run, 'name', {value: handler.name});
  return Object.assign(run, {[OPTIONS]: options, [HANDLER]: handler});
}

/** Returns the options of a function that takes a call; `undefined` for one that takes its values. */
export function withCallOptions(
  run: (...values: never[]) => unknown,
): WithCallOptions | undefined {
  return (run as Marked)[OPTIONS];
}

/** Returns true for an async generator function, also one that takes its call. */
export function isAsyncGenerator(run: unknown): boolean {
  const handler = (run as Marked | undefined)?.[HANDLER] ?? run;
  return Object.prototype.toString.call(handler) === '[object AsyncGeneratorFunction]';
}
