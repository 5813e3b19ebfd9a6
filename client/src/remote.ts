import type {AskNames, IsAny} from '../../src/wire/api';
import type {CallOptions} from './options';

/** An Api or Events of any names, for clients without type parameters. */
export interface Loose {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is not typed is accepted
  [name: string]: (args?: any) => any;
}

/** The first argument of a method; a method without args takes `undefined` before its options. */
type Args<Method> = Method extends (...args: infer List) => unknown
  ? List extends []
    ? [args?: undefined]
    : List
  : never;

type Calling<Method, Result> = (
  ...args: [...args: Args<Method>, options?: CallOptions]
) => Promise<Result>;

/** Streams are read otherwise. */
type Call<Method> = Method extends (...args: never[]) => infer Result
  ? [Result] extends [AsyncIterable<unknown> | PromiseLike<unknown>]
    ? IsAny<Result> extends true
      ? Calling<Method, Result>
      : [Result] extends [PromiseLike<unknown>]
        ? Calling<Method, Awaited<Result>>
        : never
    : Calling<Method, Result>
  : never;

/**
 * The methods of an Api as a client calls them: args first, options second. Each is computed when it is used, so that
 * the time for one does not grow with their number.
 */
export type Remote<Api> = {
  readonly [Name in keyof Api]: Call<Api[Name]>;
};

/** The names of events, those that ask for an answer left out. */
export type EventNames<Events> = Exclude<keyof Events, AskNames<Events>> & string;
