import type {CallOptions, SocketClient} from 'loopback4-socket-client';

/** The first argument of a method; a method without args takes `undefined` before its options. */
type Args<List extends unknown[]> = List extends [] ? [args?: undefined] : List;

/** The variable of a mutation: `mutate()` is possible where args may be left out. */
type Variable<List extends unknown[]> = List extends [infer Value]
  ? Value
  : // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- TanStack Query takes `void` for no variable
    List[0] | void;

/** A result as a query keeps it: TanStack Query accepts no `undefined`. */
type Data<Result> = Result extends undefined
  ? null
  : // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a method may return nothing
    Result extends void
    ? null
    : Result;

/** The options of calls that a query makes. Its own signal cancels them. */
export type QueryCallOptions = Omit<CallOptions, 'id' | 'signal'>;

/** The options of streams that a query reads. With `id: true` a stream goes on over the next connection. */
export type StreamCallOptions = Omit<CallOptions, 'signal'>;

/** The options of queries and mutations of one method. */
export interface MethodQueries<List extends unknown[], Result> {
  /** The key of a query; without args the beginning of the keys of all queries of the method. */
  queryKey(args?: List[0]): readonly unknown[];
  /** Options of `useQuery` and others. A query that nobody waits for any more is cancelled on the server. */
  queryOptions(...args: [...args: Args<List>, options?: QueryCallOptions]): {
    queryKey: readonly unknown[];
    queryFn: (context: {signal: AbortSignal}) => Promise<Data<Result>>;
  };
  /**
   * Options of `useMutation`. With `id: true` each mutation runs once, over reconnects too. A `retry` of TanStack's is
   * another call, which may run again.
   */
  mutationOptions(options?: CallOptions): {
    mutationKey: readonly unknown[];
    mutationFn: (args: Variable<List>) => Promise<Result>;
  };
}

/** The options of queries of one method that streams. */
export interface StreamQueries<List extends unknown[], Item> {
  /** The key of a query; without args the beginning of the keys of all queries of the method. */
  queryKey(args?: List[0]): readonly unknown[];
  /**
   * The key of a query, and the function for TanStack's `streamedQuery`. A query that nobody observes any more ends the
   * stream at the server.
   */
  streamOptions(...args: [...args: Args<List>, options?: StreamCallOptions]): {
    queryKey: readonly unknown[];
    streamFn: (context: {signal: AbortSignal}) => AsyncIterable<Item>;
  };
}

type QueriesOf<Method> = Method extends (...args: infer List) => infer Result
  ? 0 extends 1 & Result
    ? MethodQueries<List, Result> & StreamQueries<List, Result>
    : [Result] extends [never]
      ? MethodQueries<List, Result>
      : [Result] extends [AsyncIterable<infer Item>]
        ? StreamQueries<List, Item>
        : MethodQueries<List, Awaited<Result>>
  : never;

/** The queries of each method of an Api. */
export type Queries<Api> = {
  readonly [Name in keyof Api]: QueriesOf<Api[Name]>;
};

/**
 * Options of TanStack Query for each method of a client, for every framework that it supports.
 *
 * @param key - The beginning of all keys. Give each client its own, also so that they differ from keys of the
 *   application.
 *
 * @example
 * ```ts
 * const queries = queriesOf(client);
 * const orders = useQuery({...queries.find.queryOptions({limit: 3}), staleTime: 5000});
 * const {queryKey, streamFn} = queries.ticks.streamOptions({symbol: 'A'}, {id: true});
 * const ticks = useQuery({queryKey, queryFn: streamedQuery({streamFn})});
 * const pay = useMutation(queries.pay.mutationOptions({id: true}));
 * client.on('ordered', () => queryClient.invalidateQueries({queryKey: queries.find.queryKey()}));
 * ```
 */
export function queriesOf<Api, Events extends object>(
  client: SocketClient<Api, Events>,
  key: readonly unknown[] = ['socket'],
): Queries<Api> {
  const methods = Object.create(null) as Record<string, unknown>;
  return new Proxy(methods, {
    get: (_target, name) =>
      // The language looks these up itself.
      typeof name !== 'string' || name === 'then' || name === 'toJSON'
        ? undefined
        : (methods[name] ??= methodQueries(client, [...key, name], name)),
  }) as Queries<Api>;
}

function methodQueries(
  client: Pick<SocketClient, 'request'>,
  methodKey: readonly unknown[],
  name: string,
): MethodQueries<[args?: unknown], unknown> & StreamQueries<[args?: unknown], unknown> {
  const queryKey = (args?: unknown) =>
    args === undefined ? methodKey : [...methodKey, args];
  return {
    queryKey,
    queryOptions: (args, options) => ({
      queryKey: queryKey(args),
      queryFn: async ({signal}) =>
        (await client.request(name, args, {...options, signal})) ?? null,
    }),
    streamOptions: (args, options) => ({
      queryKey: queryKey(args),
      streamFn: ({signal}) =>
        // The value that a call returns can be iterated too.
        client.request(name, args, {
          ...options,
          signal,
        }) as unknown as AsyncIterable<unknown>,
    }),
    mutationOptions: options => ({
      mutationKey: methodKey,
      mutationFn: args => client.request(name, args, options),
    }),
  };
}
