import {isPromiseLike} from '@loopback/core';
import type {Constructor} from '@loopback/core';
import type {Call} from './call';

/** Gives what is injected in a call, or a promise of it. */
export type Provide = (call: Call) => unknown;

/**
 * Gives all of them, started one after the other; a promise where one of them gives a promise. As in LoopBack,
 * one that throws ends it at once.
 */
export function provideAll(
  provides: readonly Provide[],
  call: Call,
): unknown[] | Promise<unknown[]> {
  const values: unknown[] = [];
  let waits = false;
  try {
    for (const provide of provides) {
      const value = provide(call);
      if (isPromiseLike(value)) waits = true;
      values.push(value);
    }
  } catch (error) {
    ignoreRejections(values);
    throw error;
  }
  return waits ? Promise.all(values) : values;
}

/** A rejection that nobody waits for would end the process. */
export function ignoreRejections(values: readonly unknown[]): void {
  for (const value of values) {
    if (isPromiseLike(value)) value.then(undefined, () => undefined);
  }
}

/** Makes an instance of a class: as in LoopBack, its properties are resolved before it is made. */
export function constructionOf(
  type: Constructor<unknown>,
  args: readonly Provide[],
  properties: readonly (readonly [name: string, provide: Provide])[],
): Provide {
  const make = makerOf(type, args);
  if (properties.length === 0) return make;
  const names = properties.map(([name]) => name);
  const provides = properties.map(([, provide]) => provide);
  const assign = (made: object, values: readonly unknown[]) => {
    for (const [at, name] of names.entries()) Reflect.set(made, name, values[at]);
    return made;
  };
  return call => {
    const given = provideAll(args, call);
    let values: unknown[] | Promise<unknown[]>;
    try {
      values = provideAll(provides, call);
    } catch (error) {
      ignoreRejections([given]);
      throw error;
    }
    if (!isPromiseLike(given) && !isPromiseLike(values)) {
      return assign(new type(...given) as object, values);
    }
    const made = isPromiseLike(given)
      ? given.then(ready => new type(...ready))
      : new type(...given);
    ignoreRejections([made]);
    return Promise.resolve(values).then(async ready =>
      assign((await made) as object, ready),
    );
  };
}

function makerOf(type: Constructor<unknown>, args: readonly Provide[]): Provide {
  if (args.length === 0) return () => new type();
  return call => {
    const given = provideAll(args, call);
    return isPromiseLike(given)
      ? given.then(ready => new type(...ready))
      : new type(...given);
  };
}
