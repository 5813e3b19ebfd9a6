/** Compares two Apis, or two maps of events, under the compiler. */
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the compiler compares types so */
import type {Wire} from './api';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** A function as what it takes and gives, so that equal ones are equal however they are written. */
type Shape<Method> = Method extends (...args: infer Args) => infer Result
  ? [
      Wire<Args>,
      Result extends AsyncIterable<infer Item> ? {item: Wire<Item>} : Wire<Result>,
    ]
  : Method;

type Differing<A, B> = {
  [Name in keyof A | keyof B]: Name extends keyof A & keyof B
    ? Equal<Shape<A[Name]>, Shape<B[Name]>> extends true
      ? never
      : Name
    : Name;
}[keyof A | keyof B];

/**
 * `true` when two Apis or Events are the same, and otherwise the names that differ: for a written one beside the one
 * that is generated from the server's document.
 *
 * @example
 * ```ts
 * export const agrees: Agrees<Written, Generated> = true;
 * ```
 */
export type Agrees<Written, Generated> = [Differing<Written, Generated>] extends [never]
  ? true
  : {differs: Differing<Written, Generated>};
