import {isPromiseLike, transformValueOrPromise} from '@loopback/core';
import type {Constructor} from '@loopback/core';
import type {Call} from '../context/call';

/** Returns a value that is injected in a call, or a promise of it. */
export type Provide = (call: Call) => unknown;

/**
 * Returns all values, or a promise of them when at least one is a promise. As in LoopBack, the functions are
 * called in order, and one that throws stops the others.
 */
function provideAll(
  provides: readonly Provide[],
  call: Call,
): unknown[] | Promise<unknown[]> {
  const values = start(provides, call);
  return values.some(isPromiseLike) ? Promise.all(values) : values;
}

/** Returns values, and promises of values. */
function start(provides: readonly Provide[], call: Call): unknown[] {
  // Sized at once: an array that grows reserves memory for sixteen values.
  const values = new Array<unknown>(provides.length);
  try {
    for (let at = 0; at < provides.length; at++) values[at] = provides[at](call);
  } catch (error) {
    ignoreRejections(values);
    throw error;
  }
  return values;
}

/** Handles rejections that nobody waits for. Unhandled, they end the process. */
export function ignoreRejections(values: readonly unknown[]): void {
  for (const value of values) {
    if (isPromiseLike(value)) value.then(undefined, () => undefined);
  }
}

/** Returns a function that instantiates a class. As in LoopBack, properties are resolved before that. */
export function constructionOf(
  type: Constructor<unknown>,
  args: readonly Provide[],
  properties: readonly (readonly [name: string, provide: Provide])[],
): Provide {
  const make = (given: unknown[]) => new type(...given) as object;
  if (properties.length === 0) {
    if (args.length === 0) return () => new type();
    return call => transformValueOrPromise(provideAll(args, call), make);
  }
  const names = properties.map(([name]) => name);
  const provides = properties.map(([, provide]) => provide);
  return call => {
    const given = provideAll(args, call);
    let values: unknown[];
    try {
      values = start(provides, call);
    } catch (error) {
      ignoreRejections([given]);
      throw error;
    }
    if (!values.some(isPromiseLike)) {
      return transformValueOrPromise(given, ready => assign(make(ready), names, values));
    }
    const made = transformValueOrPromise(given, make);
    ignoreRejections([made]);
    return Promise.all(values).then(async ready => {
      const instance = await made;
      // LoopBack first sets the properties that needed no promise.
      assign(instance, names, values);
      return assign(instance, names, ready, values);
    });
  };
}

/** Sets properties. As in LoopBack, `undefined` does not replace a value that the constructor has set. */
function assign(
  made: object,
  names: readonly string[],
  values: readonly unknown[],
  started?: readonly unknown[],
): object {
  for (const [at, name] of names.entries()) {
    const value = values[at];
    const isNow = started ? isPromiseLike(started[at]) : !isPromiseLike(value);
    if (isNow && value !== undefined) Reflect.set(made, name, value);
  }
  return made;
}
