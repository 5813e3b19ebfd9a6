import {Context} from '@loopback/core';
import type {Binding} from '@loopback/core';

/** The parts of a context that its constructor makes. */
interface Parts {
  name: string;
  registry: Map<string, unknown>;
  scope: Context['scope'];
  tagIndexer: Closable;
  subscriptionManager: Closable;
  _parent: Context | undefined;
  _debug: object;
}

interface Closable {
  close(): void;
}

type PartClass = new (context: Context) => Closable;

const sample = new Context('sample');
const parts = sample as unknown as Parts;
const TagIndexer = parts.tagIndexer.constructor as PartClass;
const SubscriptionManager = parts.subscriptionManager.constructor as PartClass;

/** The parts that no two contexts share. */
export const OWN_PARTS = ['name', 'registry', '_parent'] as const;

/** Own properties of a context as known here; a test holds them against the installed version. */
export const CONTEXT_PARTS: readonly string[] = [
  '_events',
  '_eventsCount',
  '_maxListeners',
  ...OWN_PARTS,
  'scope',
  'tagIndexer',
  'subscriptionManager',
  '_debug',
];

/** Whether the installed LoopBack has just the parts that are known here. */
export const LIGHT = Object.keys(sample).every(key => CONTEXT_PARTS.includes(key));

/** Returns the cache of a binding, by context; `undefined` before its first value. */
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

const INDEXER = Symbol('tag indexer');
const SUBSCRIPTIONS = Symbol('subscription manager');

/** A context whose parts are made when they are first used. */
type LightContext = Context & {
  [INDEXER]?: Closable;
  [SUBSCRIPTIONS]?: Closable;
};

/**
 * Gives a prototype, one of contexts, what all contexts made from it share, and makes the rest when it is used. A
 * context by itself makes a `debug` instance, an index of tags and two event emitters, which few calls use.
 */
export function makeLight(prototype: Context): void {
  const shared = {value: undefined as unknown, writable: true, configurable: true};
  Object.defineProperties(prototype, {
    _debug: {...shared, value: parts._debug},
    _maxListeners: {...shared, value: Infinity},
    scope: {...shared, value: parts.scope},
    tagIndexer: {
      // One that is empty, until something is bound.
      get(this: LightContext) {
        return this[INDEXER] ?? parts.tagIndexer;
      },
    },
    subscriptionManager: {
      get(this: LightContext) {
        return (this[SUBSCRIPTIONS] ??= new SubscriptionManager(this));
      },
    },
    close: {
      value(this: LightContext) {
        this[SUBSCRIPTIONS]?.close();
        this[INDEXER]?.close();
      },
    },
  });
}

/** Sets the parts of a light context that no other shares. */
export function setUpContext(
  context: Context,
  parent: Context,
  name: string,
  registry: Map<string, unknown>,
): void {
  const target = context as unknown as Parts;
  target.name = name;
  target._parent = parent;
  target.registry = registry;
}

/** Lets what is bound in a light context be found by its tags; to be called before the first is. */
export function indexTags(context: LightContext): void {
  context[INDEXER] ??= new TagIndexer(context);
}
