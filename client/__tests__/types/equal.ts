/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the compiler compares types so */
/** `true` when two types are the same; `any` is the same as `any` alone. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles when each of the types is `true`. */
export type Expect<_All extends readonly true[]> = never;
