import {inspect} from 'node:util';
import type {GivenSocketApp} from './given-socket-app';
import type {IsAny} from '../wire/api';
import {endpointOf, existingServer} from './servers';

type KindOf<Method> = Method extends (...args: never[]) => infer Result
  ? IsAny<Result> extends true
    ? 'call'
    : [Result] extends [never]
      ? 'call'
      : [Result] extends [AsyncIterable<unknown>]
        ? 'stream'
        : 'call'
  : never;

/** The kind of each method of an Api: `'stream'` when its result is an async iterable, or else `'call'`. */
export type ApiKinds<Api> = {readonly [Method in keyof Api]-?: KindOf<Api[Method]>};

/**
 * Expects that a server has exactly the methods of a typed Api. Types are gone at run time, so the methods are
 * listed once more; the compiler checks that the list is complete.
 *
 * @param kinds - The kind of each method.
 * @param options - `server` is the name of the server; the default server without it.
 * @throws Error that lists the differences.
 * @example
 * ```ts
 * expectApi<ChatApi>(app, {say: 'call', history: 'call'});
 * ```
 */
export function expectApi<Api>(
  app: Pick<GivenSocketApp, 'application'>,
  kinds: ApiKinds<Api>,
  {server: name}: {server?: string} = {},
): void {
  const server = existingServer(app.application, name);
  const expected = new Map(Object.entries<string>(kinds));
  const {methods} = endpointOf(server).handlers;
  const differences = [
    ...[...expected].flatMap(([method, kind]) => {
      const handler = methods.get(method);
      if (!handler) return `"${method}" is not registered`;
      const found = handler.streams() ? 'stream' : 'call';
      return kind === found ? [] : `"${method}" is a ${found}, not a ${kind}`;
    }),
    ...[...methods.keys()]
      .filter(method => !expected.has(method))
      .map(method => `"${method}" is registered, but not in the Api`),
  ];
  if (differences.length === 0) return;
  throw new Error(
    `Server ${inspect(server.name)} differs from its Api: ${differences.join('; ')}.`,
  );
}
