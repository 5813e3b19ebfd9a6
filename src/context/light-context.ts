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

/** The private parts of a binding. */
interface BindingParts {
  /** Values by context; `undefined` before the first value. */
  _cache?: WeakMap<Context, unknown>;
  /** @throws Error when the scope does not allow the binding to be resolved there. */
  getResolutionContext(context: Context, options: object): Context | undefined;
}

interface Closable {
  close(): void;
}

type PartClass = new (context: Context) => Closable;

/** The parts that no two contexts share. */
export const OWN_PARTS = ['name', 'registry', '_parent'] as const;

/** Gives access to the private parts of a context. `checkLoopBack` checks them at start. */
export function partsOf(context: Context): Parts {
  return context as unknown as Parts;
}

function partsOfBinding(binding: Readonly<Binding<unknown>>): BindingParts {
  return binding as unknown as BindingParts;
}

/** Returns the cache of a binding, by context; `undefined` before its first value. */
export function cacheOf(
  binding: Readonly<Binding<unknown>>,
): WeakMap<Context, unknown> | undefined {
  return partsOfBinding(binding)._cache;
}

/** Returns true when the scope of a binding allows LoopBack to resolve it in a context and its children. */
export function isResolvable(
  binding: Readonly<Binding<unknown>>,
  context: Context,
): boolean {
  try {
    partsOfBinding(binding).getResolutionContext(context, {});
    return true;
  } catch {
    return false;
  }
}

/** Gives a context the value of a binding in REQUEST scope that was made without the context. */
export function keepResolved(
  binding: Readonly<Binding<unknown>>,
  context: Context,
  value: unknown,
): void {
  (partsOfBinding(binding)._cache ??= new WeakMap()).set(context, value);
}

const sample = partsOf(new Context('sample'));

const INDEXER = Symbol('tag indexer');
const SUBSCRIPTIONS = Symbol('subscription manager');

/** A context whose parts are made at their first use. */
type LightContext = Context & {
  [INDEXER]?: Closable;
  [SUBSCRIPTIONS]?: Closable;
};

/**
 * Gives a prototype of contexts the parts that all of them share, and makes the others at their first use. The
 * constructor of `Context` makes a `debug` instance, an index of tags and two event emitters, which few calls use.
 */
export function makeLight(prototype: Context): void {
  const shared = {value: undefined as unknown, writable: true, configurable: true};
  Object.defineProperties(prototype, {
    _debug: {...shared, value: sample._debug},
    _maxListeners: {...shared, value: Infinity},
    scope: {...shared, value: sample.scope},
    tagIndexer: {
      // The empty index of the sample, until the application binds something.
      get(this: LightContext) {
        return this[INDEXER] ?? sample.tagIndexer;
      },
    },
    subscriptionManager: {
      get(this: LightContext) {
        return (this[SUBSCRIPTIONS] ??= partLike(sample.subscriptionManager, this));
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

/** Makes a part of the same class for another context. */
function partLike(part: Closable, context: Context): Closable {
  return new (part.constructor as PartClass)(context);
}

/** Sets the parts that a light context does not share. */
export function setUpContext(
  context: Context,
  parent: Context,
  name: string,
  registry: Map<string, unknown>,
): void {
  const parts = partsOf(context);
  parts.name = name;
  parts._parent = parent;
  parts.registry = registry;
}

/** Makes the index of tags of a light context. Must be called before the first binding is added. */
export function indexTags(context: LightContext): void {
  context[INDEXER] ??= partLike(sample.tagIndexer, context);
}
