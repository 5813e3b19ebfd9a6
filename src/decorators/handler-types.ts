// `any`, so that a decorator accepts methods with parameters of every type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyMethod = (...args: any[]) => any;

type IsAny<T> = 0 extends 1 & T ? true : false;
type IsNever<T> = [T] extends [never] ? true : false;

/** `true` for a return type that can only be `undefined`. */
type AnswersNothing<Result> =
  IsAny<Awaited<Result>> extends true
    ? false
    : IsNever<Awaited<Result>> extends true
      ? false
      : // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- `void` is the type to find
        [Awaited<Result>] extends [void]
        ? true
        : false;

/** `true` when a parameter is a callback: a function that does not return a promise. */
type HasCallback<Parameters extends unknown[]> = true extends {
  [Index in keyof Parameters]: IsAny<Parameters[Index]> extends true
    ? true
    : NonNullable<Parameters[Index]> extends AnyMethod
      ? ReturnType<NonNullable<Parameters[Index]>> extends Promise<unknown>
        ? false
        : true
      : false;
}[number]
  ? true
  : false;

/** Decorates any method. */
export type HandlerDecorator = <Method extends AnyMethod>(
  target: object,
  member: string,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Decorates a method that returns a value or declares a callback. A method that returns nothing would
 * refuse every client.
 */
export type AnsweringHandlerDecorator = <Method extends AnyMethod>(
  target: object,
  member: string,
  descriptor: AnswersNothing<ReturnType<Method>> extends true
    ? HasCallback<Parameters<Method>> extends true
      ? TypedPropertyDescriptor<Method>
      : {
          value?: never;
          error: 'Return the user (or anything truthy), or declare a callback.';
        }
    : TypedPropertyDescriptor<Method>,
) => void;
