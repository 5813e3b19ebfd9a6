import {Context} from '@loopback/core';
import type {Binding} from '@loopback/core';

/** What a context keeps, which its class sets up one by one. */
interface Parts {
  name: string;
  registry: Map<string, unknown>;
  scope: Context['scope'];
  tagIndexer: object;
  subscriptionManager: object;
  _parent: Context | undefined;
  _debug: object;
}

type PartClass = new (context: Context) => object;

const sample = new Context('sample');
const parts = sample as unknown as Parts;
const TagIndexer = parts.tagIndexer.constructor as PartClass;
const SubscriptionManager = parts.subscriptionManager.constructor as PartClass;

/** What a context adds to the parts of an `EventEmitter`. */
export const ADDED_PARTS = [
  'name',
  'registry',
  'scope',
  'tagIndexer',
  'subscriptionManager',
  '_parent',
  '_debug',
] as const;

/** Own properties of a context as known here; a test holds them against the installed version. */
export const CONTEXT_PARTS: readonly string[] = [
  '_events',
  '_eventsCount',
  '_maxListeners',
  ...ADDED_PARTS,
];

/** Whether the installed LoopBack has just the parts that are known here. */
export const LIGHT = Object.keys(sample).every(key => CONTEXT_PARTS.includes(key));

/** What a binding has resolved to, by context; `undefined` before the first time. */
export function cacheOf(
  binding: Readonly<Binding<unknown>>,
): WeakMap<Context, unknown> | undefined {
  return (binding as unknown as {_cache?: WeakMap<Context, unknown>})._cache;
}

/** Says whether the scope of a binding allows it to be resolved in a context, or below it. */
export function isResolvable(
  binding: Readonly<Binding<unknown>>,
  context: Context,
): boolean {
  const internals = binding as unknown as {
    getResolutionContext(context: Context, options: object): Context | undefined;
  };
  try {
    internals.getResolutionContext(context, {});
    return true;
  } catch {
    return false;
  }
}

/** Lets a context find what a binding in REQUEST scope has resolved to without it. */
export function keepResolved(
  binding: Readonly<Binding<unknown>>,
  context: Context,
  value: unknown,
): void {
  const internals = binding as unknown as {_cache?: WeakMap<Context, unknown>};
  internals._cache ??= new WeakMap();
  internals._cache.set(context, value);
}

/**
 * Makes an object, whose prototype is that of a context class, such a context. By itself each context
 * makes a `debug` instance, which is four fifths of what it costs.
 */
export function setUpContext(
  context: Context,
  parent: Context,
  name: string,
  registry = new Map<string, unknown>(),
): void {
  const target = context as unknown as Parts;
  target.name = name;
  target.registry = registry;
  target.scope = parts.scope;
  target._parent = parent;
  target._debug = parts._debug;
  // These listen to the context, so they come last.
  context.setMaxListeners(Infinity);
  target.tagIndexer = new TagIndexer(context);
  target.subscriptionManager = new SubscriptionManager(context);
}
