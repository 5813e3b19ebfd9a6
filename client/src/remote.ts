import type {AskNames, IsAny} from '../../src/wire/api';
import type {AnswerContext} from './answers';
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

type Calling<Method, Returned> = (
  ...args: [...args: Args<Method>, options?: CallOptions]
) => Returned;

/** The items of a stream. `return` ends it at the server. */
export interface StreamIterator<Item> extends AsyncIterableIterator<Item> {
  return(): Promise<IteratorResult<Item>>;
}

/** The items of a method that streams: to be iterated, or awaited for their iterator. */
export interface StreamCall<Item>
  extends Promise<StreamIterator<Item>>, AsyncIterable<Item> {}

type Call<Method> = Method extends (...args: never[]) => infer Result
  ? [Result] extends [AsyncIterable<infer Item> | PromiseLike<unknown>]
    ? IsAny<Result> extends true
      ? Calling<Method, Promise<Result> & AsyncIterable<Result>>
      : [Result] extends [PromiseLike<unknown>]
        ? Calling<Method, Promise<Awaited<Result>>>
        : Calling<Method, StreamCall<Item>>
    : Calling<Method, Promise<Result>>
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

/** The names of events that ask for an answer, and of those that are not typed. */
export type AnswerNames<Events> = {
  [Name in keyof Events]: Events[Name] extends (...args: never[]) => infer Answer
    ? IsAny<Answer> extends true
      ? Name
      : // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- an event has no answer
        [Answer] extends [void]
        ? never
        : Name
    : never;
}[keyof Events] &
  string;

/** Answers a question of the server. */
export type AnswerHandler<Ask> = Ask extends (...args: infer List) => infer Answer
  ? (
      args: List[0],
      context: AnswerContext,
    ) => Awaited<Answer> | PromiseLike<Awaited<Answer>>
  : never;
