import {Binding, Context, InvocationContext} from '@loopback/core';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {checkLoopBack, PRIVATE_PARTS} from '../../../dist/context/private-parts';
import {
  changedPart,
  isRefused,
  renamed,
  replaced,
  without,
} from '../../helpers/private-parts';
import {seconds} from '../../helpers/awaited';

const PACKAGE = '@loopback/context';

const {tagIndexer, subscriptionManager} = new Context() as unknown as Record<
  string,
  object
>;

const PROTOTYPES: Record<string, object> = {
  Context: Context.prototype,
  ContextTagIndexer: Object.getPrototypeOf(tagIndexer) as object,
  ContextSubscriptionManager: Object.getPrototypeOf(subscriptionManager) as object,
  InterceptedInvocationContext: InvocationContext.prototype,
  Binding: Binding.prototype,
};

/** LoopBack itself would fail before the check of an application. */
function isRefusedByCheck(part: string) {
  return () => assert.throws(checkLoopBack, {message: changedPart(PACKAGE, part)});
}

const adds = (part: string) => ({
  set(this: object, value: unknown) {
    Object.defineProperty(this, part, {value, enumerable: true});
    Object.defineProperty(this, 'added', {value, enumerable: true});
  },
});
const nothing = {value: () => undefined};

/** Parts that do something else than this package relies on. */
const CHANGED: [change: string, object, string, PropertyDescriptor, refused: string][] = [
  ['adds a part to contexts', Context.prototype, 'scope', adds('scope'), 'Context.added'],
  [
    'adds a part to invocations',
    InvocationContext.prototype,
    'methodName',
    adds('methodName'),
    'InterceptedInvocationContext.added',
  ],
  [
    'lists bindings another way',
    Context.prototype,
    'find',
    {value: () => []},
    'Context.registry',
  ],
  [
    'looks for parents another way',
    Context.prototype,
    'isBound',
    {value: () => false},
    'Context._parent',
  ],
  [
    'looks for tags another way',
    Context.prototype,
    'findByTag',
    {value: () => []},
    'Context._findByTagIndex',
  ],
  [
    'caches values by something else',
    Binding.prototype,
    '_cacheValue',
    {
      value(this: {_cache: WeakMap<object, unknown>}, _: unknown, value: unknown) {
        this._cache = new WeakMap([[this, value]]);
        return value;
      },
    },
    'Binding._cache',
  ],
  [
    'reports changes of bindings later',
    Binding.prototype,
    'emit',
    nothing,
    'Binding.emit',
  ],
  ['reports new bindings later', Context.prototype, 'emitEvent', nothing, 'Context.emit'],
  [
    'lets each scope be resolved everywhere',
    Binding.prototype,
    'getResolutionContext',
    {value: (context: Context) => context},
    'Binding.getResolutionContext',
  ],
];

describe(`a version of ${PACKAGE}`, {timeout: seconds(60)}, () => {
  for (const [owner, parts] of Object.entries<Record<string, string>>(PRIVATE_PARTS)) {
    const [name] = owner.split(' ');
    for (const part of Object.keys(parts)) {
      it(`that has renamed ${owner}.${part} is refused`, () =>
        renamed(parts, part, () => isRefused(PACKAGE, `${name}.${part}Renamed`)));
      it(`that lacks ${owner}.${part} is refused`, () =>
        without(PROTOTYPES[name], part, isRefusedByCheck(`${name}.${part}`)));
    }
  }

  for (const [change, prototype, part, property, refused] of CHANGED) {
    it(`that ${change} is refused`, () =>
      replaced(prototype, part, property, isRefusedByCheck(refused)));
  }

  it('that is installed has all parts', checkLoopBack);
});
