import type {BindingAddress, Context, ValueOrPromise} from '@loopback/core';
import {CoreTags, isPromiseLike} from '@loopback/core';
import {RestBindings, RestServer} from '@loopback/rest';

/** Returns an application's REST server; of several, the one of `RestApplication`, or else the first. */
export async function restServerOf(app: Context): Promise<RestServer | undefined> {
  const key = keyOf(app);
  return key === undefined ? undefined : app.get<RestServer>(key);
}

/** Returns the context in which REST finds its bindings: its server, or else the application. */
export function restContextOf(app: Context): ValueOrPromise<Context> {
  const key = keyOf(app);
  const found = key === undefined ? app : app.getValueOrPromise<Context>(key);
  return isPromiseLike(found) ? found.then(context => context ?? app) : (found ?? app);
}

function keyOf(app: Context): BindingAddress | undefined {
  if (app.isBound(RestBindings.SERVER)) return RestBindings.SERVER;
  const servers = app.findByTag<RestServer>(CoreTags.SERVER);
  return servers.find(({valueConstructor: type}) => type && isRestServer(type))?.key;
}

function isRestServer(type: {prototype: unknown}): boolean {
  return type === RestServer || type.prototype instanceof RestServer;
}
