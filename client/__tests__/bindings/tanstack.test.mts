import '../helpers/dom.mjs';
import {
  experimental_streamedQuery as streamedQuery,
  QueryClient,
  QueryClientProvider,
  queryOptions,
  useMutation,
  useQuery,
} from '@tanstack/react-query';
import {SocketClient} from 'loopback4-socket-client';
import type {CallError} from 'loopback4-socket-client';
import {queriesOf} from 'loopback4-socket-client/tanstack';
import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {describe, it} from 'node:test';
import {createElement, StrictMode, useEffect} from 'react';
import {createRoot} from 'react-dom/client';
import {once} from '../../../__tests__/helpers/awaited.js';
import {Queue} from '../../../__tests__/helpers/queue.js';
import {givenNews} from '../helpers/news.mjs';
import type {NewsClient} from '../helpers/news.mjs';

/** A server, its queries and a cache; closed by `await using`. */
async function givenQueries() {
  const news = await givenNews();
  const client = news.client();
  const queryClient = new QueryClient({defaultOptions: {queries: {retry: false}}});
  queryClient.mount();
  return {
    news,
    client,
    queries: queriesOf(client),
    queryClient,
    async [Symbol.asyncDispose]() {
      queryClient.clear();
      queryClient.unmount();
      await news[Symbol.asyncDispose]();
    },
  };
}

describe('A query', () => {
  it('has the key of its method and args, and their result', async () => {
    await using given = await givenQueries();
    const {queries, queryClient} = given;
    const twice = queries.twice.queryOptions({value: 2});
    assert.deepEqual(twice.queryKey, ['socket', 'twice', {value: 2}]);
    assert.deepEqual(queries.twice.queryKey({value: 2}), twice.queryKey);
    assert.deepEqual(queries.ping.queryOptions().queryKey, ['socket', 'ping']);
    assert.equal(await queryClient.query(twice), 4);
    assert.equal(queryClient.getQueryData(twice.queryKey), 4);
    assert.equal(await queryClient.query(queries.ping.queryOptions()), 'pong');
    const titles = queries.titles.queryOptions({limit: 1}, {timeout: 5000});
    assert.deepEqual(await queryClient.query(titles), ['a']);
  });

  it('of a method without a result is null, as undefined is refused', async () => {
    await using given = await givenQueries();
    const {queries, queryClient} = given;
    const result: null = await queryClient.query(queries.clear.queryOptions());
    assert.equal(result, null);
  });

  it('fails with the error of the call', async () => {
    await using given = await givenQueries();
    const {client, queryClient} = given;
    const loose = queriesOf(client as unknown as SocketClient);
    const failing = queryClient.query(loose.missing.queryOptions());
    const error: unknown = await failing.catch((caught: unknown) => caught);
    assert.equal((error as CallError).statusCode, 404);
  });

  it('is found by its method, so that all queries of it are fetched again', async () => {
    await using given = await givenQueries();
    const {news, queries, queryClient} = given;
    for (const limit of [1, 2]) {
      await queryClient.query(queries.titles.queryOptions({limit}));
    }
    await queryClient.query(queries.ping.queryOptions());
    const filters = {queryKey: queries.titles.queryKey(), refetchType: 'all'} as const;
    news.envelopes.splice(0);
    await queryClient.invalidateQueries(filters);
    assert.equal(news.envelopes.length, 2);
  });

  it('that is cancelled aborts the method at the server', async () => {
    await using given = await givenQueries();
    const {news, queries, queryClient} = given;
    const waiting = queries.wait.queryOptions();
    const failing = queryClient.query(waiting).catch((caught: unknown) => caught);
    const signal = await news.waiting.next();
    const aborted = once(signal, 'abort');
    await queryClient.cancelQueries({queryKey: waiting.queryKey});
    await aborted;
    assert.equal((await failing) instanceof Error, true);
  });

  it('of a component ends at the server when the component goes', async () => {
    await using given = await givenQueries();
    const {news, queries, queryClient} = given;
    const seen = new Queue<unknown>();
    function Page() {
      const {data} = useQuery({
        ...queries.twice.queryOptions({value: 4}),
        staleTime: 1e6,
      });
      const {status} = useQuery(queries.wait.queryOptions());
      useEffect(() => seen.push([data, status]), [data, status]);
      return null;
    }
    const root = createRoot(document.createElement('div'));
    const page = createElement(
      QueryClientProvider,
      {client: queryClient},
      createElement(Page),
    );
    root.render(createElement(StrictMode, null, page));
    while (((await seen.next()) as [number?])[0] !== 8);
    // The strict mode mounts twice. The call of the first mount is cancelled before it is sent.
    const signal = await news.waiting.next();
    assert.deepEqual([signal.aborted, news.waiting.size], [false, 0]);
    const aborted = once(signal, 'abort');
    root.unmount();
    await aborted;
    assert.equal(news.connections, 1);
  });

  it('connects nothing before it is fetched', async () => {
    await using given = await givenQueries();
    const {client, news, queries} = given;
    queries.ping.queryOptions();
    assert.equal(queries.ping, queries.ping);
    assert.equal(await Promise.resolve(queries), queries);
    assert.equal('toJSON' in queries, false);
    assert.equal((queries as {toJSON?: unknown}).toJSON, undefined);
    assert.deepEqual([client.state, news.connections], ['idle', 0]);
  });
});

describe('A query of a stream', () => {
  it('has the items that have come, and ends at the server when it is not observed', async () => {
    await using given = await givenQueries();
    const {news, queries, queryClient} = given;
    const {queryKey, streamFn} = queries.ticks.streamOptions({symbol: 'A'}, {id: true});
    assert.deepEqual(queryKey, ['socket', 'ticks', {symbol: 'A'}]);
    assert.deepEqual(queries.ticks.queryKey(), ['socket', 'ticks']);
    const seen = new Queue<number[] | undefined>();
    function Page() {
      const {data} = useQuery({queryKey, queryFn: streamedQuery({streamFn})});
      useEffect(() => seen.push(data), [data]);
      return null;
    }
    const root = createRoot(document.createElement('div'));
    root.render(
      createElement(QueryClientProvider, {client: queryClient}, createElement(Page)),
    );
    assert.equal(await seen.next(), undefined);
    const signal = await news.ticking.next();
    for (const value of [7, 8]) {
      news.tick('A', value);
      assert.equal((await seen.next())?.at(-1), value);
    }
    assert.deepEqual(queryClient.getQueryData(queryKey), [7, 8]);
    const aborted = once(signal, 'abort');
    root.unmount();
    await aborted;
    assert.equal(news.ticking.size, 0);
  });

  it('fails with the error of the stream', async () => {
    await using given = await givenQueries();
    const {news, queries, queryClient} = given;
    const {queryKey, streamFn} = queries.ticks.streamOptions({symbol: 'A'});
    const query = queryClient.query({queryKey, queryFn: streamedQuery({streamFn})});
    const failing = query.catch((caught: unknown) => caught);
    await news.ticking.next();
    news.closeExchange();
    assert.equal(((await failing) as CallError).statusCode, 418);
  });
});

describe('A mutation', () => {
  it('calls the method, each time with an id of its own where it says so', async () => {
    await using given = await givenQueries();
    const {client, news, queries, queryClient} = given;
    await client.connect();
    const options = queries.twice.mutationOptions({id: true});
    assert.deepEqual(options.mutationKey, ['socket', 'twice']);
    const mutation = queryClient.getMutationCache().build(queryClient, options);
    assert.equal(await mutation.execute({value: 1}), 2);
    assert.equal(
      await queryClient
        .getMutationCache()
        .build(queryClient, options)
        .execute({value: 2}),
      4,
    );
    const ids = news.envelopes.map(envelope => (envelope as any).$call.id);
    assert.equal(new Set(ids).size, 2);
    assert.ok(ids.every(id => typeof id === 'string'));
  });

  it('of a component takes the args that it is given, or none', async () => {
    await using given = await givenQueries();
    const {queries, queryClient} = given;
    const done = new Queue<unknown>();
    function Page() {
      const titles = useMutation({
        ...queries.titles.mutationOptions(),
        onSuccess: data => done.push(data),
      });
      const clear = useMutation({
        ...queries.clear.mutationOptions(),
        onSuccess: data => done.push(data),
      });
      useEffect(() => {
        titles.mutate({limit: 2}, {onSettled: () => clear.mutate()});
      }, []);
      return null;
    }
    const root = createRoot(document.createElement('div'));
    root.render(
      createElement(QueryClientProvider, {client: queryClient}, createElement(Page)),
    );
    assert.deepEqual(await done.next(), ['a', 'b']);
    assert.equal(await done.next(), undefined);
    root.unmount();
  });
});

describe('Queries', () => {
  it('of two servers have keys of their own', async () => {
    await using given = await givenQueries();
    const {client, queryClient} = given;
    const other = queriesOf(client, ['other', 1]);
    const {queryKey} = other.twice.queryOptions({value: 1});
    assert.deepEqual(queryKey, ['other', 1, 'twice', {value: 1}]);
    assert.equal(await queryClient.query(other.twice.queryOptions({value: 1})), 2);
  });

  it('are in a CommonJS module too', () => {
    const entry: unknown = createRequire(import.meta.url)(
      'loopback4-socket-client/tanstack',
    );
    assert.deepEqual(Object.keys(entry as object), ['queriesOf']);
  });

  it('are typed by the Api of the client', () => {
    async function typed(client: NewsClient, queryClient: QueryClient) {
      const queries = queriesOf(client);
      const twice = queryOptions(queries.twice.queryOptions({value: 1}));
      const result: number = await queryClient.query(twice);
      const data: number | undefined = queryClient.getQueryData(twice.queryKey);
      const titles: string[] = await queryClient.query(
        queries.titles.queryOptions(undefined, {timeout: 500}),
      );
      useMutation(queries.twice.mutationOptions()).mutate({value: 1});
      useMutation(queries.titles.mutationOptions()).mutate();
      useMutation(queries.titles.mutationOptions()).mutate({limit: 1});
      useMutation(queries.ping.mutationOptions()).mutate();
      const loose = queriesOf(new SocketClient('http://localhost'));
      loose.anything.queryOptions({a: 1});
      loose.anything.queryOptions();
      useMutation(loose.anything.mutationOptions()).mutate({a: 1});
      // @ts-expect-error no such method
      queries.nope.queryOptions();
      // @ts-expect-error args are missing
      queries.twice.queryOptions();
      // @ts-expect-error wrong args
      queries.twice.queryOptions({value: 'one'});
      // @ts-expect-error wrong args
      queries.twice.queryKey({value: 'one'});
      // @ts-expect-error the query's own signal cancels
      queries.ping.queryOptions(undefined, {signal: new AbortController().signal});
      const {queryKey, streamFn} = queries.ticks.streamOptions({symbol: 'A'});
      const {data: ticks} = useQuery({queryKey, queryFn: streamedQuery({streamFn})});
      const tick: number | undefined = ticks?.[0];
      useQuery({
        queryKey,
        queryFn: streamedQuery({
          streamFn,
          reducer: (sum: number, value: number) => sum + value,
          initialValue: 0,
        }),
      });
      loose.anything.streamOptions({a: 1});
      // @ts-expect-error a stream is no query
      queries.ticks.queryOptions({symbol: 'A'});
      // @ts-expect-error a query is no stream
      queries.ping.streamOptions();
      // @ts-expect-error wrong args
      queries.ticks.streamOptions({symbol: 1});
      // @ts-expect-error args are missing
      useMutation(queries.twice.mutationOptions()).mutate();
      // @ts-expect-error wrong args
      useMutation(queries.titles.mutationOptions()).mutate({limit: 'one'});
      // @ts-expect-error wrong result
      const wrong: string = await queryClient.query(twice);
      const {data: shown} = useQuery(queries.twice.queryOptions({value: 1}));
      const sum: number | undefined = shown;
      // @ts-expect-error undefined until it is fetched
      const always: number = shown;
      return [result, data, titles, wrong, sum, always, tick];
    }
    assert.equal(typeof typed, 'function');
  });
});
