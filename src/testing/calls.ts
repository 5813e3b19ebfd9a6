import type {SocketPayload} from '../options/types';

/** Methods of any name, with any args: the type of an Api that is not given. */
export interface AnyApi {
  [method: string]: (args?: SocketPayload) => SocketPayload;
}

/** Options of one call. */
export interface TestCallOptions {
  /**
   * ms until the call rejects. The server gets the limit too, and answers `CALL_TIMEOUT`.
   * @default 30_000, which the server does not get
   */
  timeout?: number;
  /**
   * Identifies the call: it is sent again after a lost connection, and its method runs once. The user needs an id, such
   * as `securityId`.
   */
  id?: string;
  /** Cancels the call. The server aborts the method's `SIGNAL` and answers `CALL_CANCELLED`. */
  signal?: AbortSignal;
}

type IsAny<Type> = 0 extends 1 & Type ? true : false;

/** The args of a method: those of an Api's function, or none. */
type ArgsOf<Args extends unknown[]> = Args extends [] ? [args?: undefined] : Args;

/** A method whose result is an async iterable is a stream, which cannot be called here yet. */
type TestCall<Args extends unknown[], Result> =
  IsAny<Result> extends true
    ? (...args: [...args: ArgsOf<Args>, options?: TestCallOptions]) => Promise<Result>
    : [Result] extends [never]
      ? (...args: [...args: ArgsOf<Args>, options?: TestCallOptions]) => Promise<never>
      : [Result] extends [AsyncIterable<unknown>]
        ? never
        : (
            ...args: [...args: ArgsOf<Args>, options?: TestCallOptions]
          ) => Promise<Awaited<Result>>;

/**
 * The methods of an Api as a client calls them: args first, then options. A call resolves with the result, or
 * rejects with a {@link CallError}.
 */
export type TestCalls<Api> = {
  readonly [Method in keyof Api]: Api[Method] extends (
    ...args: infer Args
  ) => infer Result
    ? TestCall<Args, Result>
    : never;
};

/** Sends a call, and returns its result. */
export type SendCall = (
  method: string,
  args: unknown,
  options: TestCallOptions | undefined,
) => Promise<unknown>;

/** Names that a promise or JSON would look up, which are no methods. */
const NO_METHODS: ReadonlySet<unknown> = new Set(['then', 'toJSON']);

/** Makes an object with a function for each method, by any name. */
export function callsOf<Api>(send: SendCall): TestCalls<Api> {
  const known = new Map<string, (args?: unknown, options?: TestCallOptions) => unknown>();
  const get = (_target: object, method: string | symbol) => {
    if (typeof method === 'symbol' || NO_METHODS.has(method)) return undefined;
    const call = known.get(method) ?? ((args, options) => send(method, args, options));
    known.set(method, call);
    return call;
  };
  return new Proxy({}, {get}) as TestCalls<Api>;
}
