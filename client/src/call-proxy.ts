import type {CallOptions} from './options';

/** Calls a method by its name. */
export type Request = (
  name: string,
  args?: unknown,
  options?: CallOptions,
) => Promise<unknown>;

type Method = (args?: unknown, options?: CallOptions) => Promise<unknown>;

/** Names that the language itself looks up, so that no promise and no JSON is seen here. */
const NOT_METHODS = /^(then|toJSON)$/;

/** An object with a function for each name, the same one each time. */
export function callProxy(request: Request): Record<string, Method> {
  const methods = Object.create(null) as Record<string, Method | undefined>;
  return new Proxy(methods as Record<string, Method>, {
    get(_target, name) {
      if (typeof name !== 'string' || NOT_METHODS.test(name)) return undefined;
      return (methods[name] ??= (args, options) => request(name, args, options));
    },
  });
}
