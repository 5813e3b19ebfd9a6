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

/** The names of methods that answer once. Streams are read otherwise. */
type CallNames<Api> = {
  [Name in keyof Api]: Api[Name] extends (...args: never[]) => infer Result
    ? IsAny<Result> extends true
      ? Name
      : [Result] extends [never]
        ? Name
        : [Result] extends [AsyncIterable<unknown>]
          ? never
          : Name
    : never;
}[keyof Api];

/** The methods of an Api as a client calls them: args first, options second. */
export type Remote<Api> = {
  readonly [
    Name in keyof Api as Name extends CallNames<Api> ? Name : never
  ]: Api[Name] extends (...args: never[]) => infer Result
    ? (
        ...args: [...args: Args<Api[Name]>, options?: CallOptions]
      ) => Promise<Awaited<Result>>
    : never;
};

/** The names of events, those that ask for an answer left out. */
export type EventNames<Events> = Exclude<keyof Events, AskNames<Events>> & string;
