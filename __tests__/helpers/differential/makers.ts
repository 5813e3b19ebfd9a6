import {inject} from '@loopback/core';
import type {BoundValue, Provider} from '@loopback/core';
import {Thing} from './world';
import type {World} from './world';

/** A class whose instances say which they are, with what they have injected. */
export function thingClass(name: string, world: World, keys: string[] = []) {
  const type = class extends Thing {
    constructor(...injected: unknown[]) {
      world.log(`new ${name}`);
      super(Object.fromEntries(injected.map((value, at) => [`of${at}`, value])));
    }
  };
  keys.forEach((key, at) => inject(key)(type, undefined, at));
  return type;
}

export type Value = (world: World, injected: unknown[]) => unknown;

export function providerClass(
  name: string,
  world: World,
  value: Value,
  keys: string[] = [],
) {
  const type = class implements Provider<unknown> {
    private readonly injected: unknown[];
    constructor(...injected: unknown[]) {
      world.log(`new ${name}`);
      this.injected = injected;
    }
    value() {
      world.log(`${name}.value`);
      return value(world, this.injected);
    }
  };
  keys.forEach((key, at) => inject(key)(type, undefined, at));
  return type as never as new () => Provider<BoundValue>;
}

export function staticClass(
  name: string,
  world: World,
  value: Value,
  keys: string[] = [],
) {
  const type = class extends Thing {
    static value(...injected: unknown[]) {
      world.log(`${name}.value`);
      return value(world, injected);
    }
  };
  keys.forEach((key, at) => inject(key)(type, 'value', at));
  return type;
}

export const made = (how: 'sync' | 'async' | 'prompt'): Value => {
  const value = (injected: unknown[]) => ({a: {b: 'deep'}, injected});
  if (how === 'sync') return (_world, injected) => value(injected);
  if (how === 'prompt') return async (_world, injected) => value(injected);
  return (world, injected) => world.later(() => value(injected));
};
export const fails = (): never => {
  throw new Error('no connection');
};
