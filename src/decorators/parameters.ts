import type {Constructor, Injection} from '@loopback/core';
import {
  describeInjectedArguments,
  describeInjectedProperties,
  MetadataAccessor,
  MetadataInspector,
} from '@loopback/core';

/** The parameters of a decorated method. */
export interface MethodParameters {
  /** Number of parameters that are not injected. The values fill them in order. */
  readonly count: number;
  /** Types of the parameters that the values fill, as the compiler emits them. */
  readonly types: readonly unknown[];
  /** True when the compiler has emitted types. */
  readonly typed: boolean;
  /** True when a parameter has `@param` or `@requestBody`. */
  readonly ofRest: boolean;
  /** True when the parameter after the last value is a callback; injected parameters do not count. */
  readonly takesCallback: boolean;
  /** True when the last value's parameter has a default. */
  readonly optional: boolean;
}

/**
 * Returns how values fill a method's parameters. Injected parameters are skipped. The parameter after the
 * last value is a callback when its type is a function.
 *
 * @param values - Number of values: socket, credentials and so on.
 */
export function describeParameters(
  type: Constructor<unknown>,
  member: string,
  values: number,
): MethodParameters {
  const prototype = type.prototype as Record<string, (...args: unknown[]) => unknown>;
  const {length} = prototype[member];
  const injections = injectionsOf(type, member);
  const design = MetadataInspector.getDesignTypeForMethod(prototype, member);
  const types = (design?.parameterTypes ?? []) as readonly unknown[];
  const all = Math.max(types.length, length, injections.length);
  const places = Array.from({length: all}, (_, at) => at).filter(
    at => !isInjected(injections.at(at)),
  );
  const last = places.at(values - 1);
  const next = places.at(values);
  return {
    count: places.length,
    types: places.slice(0, values).map(at => types[at]),
    typed: design?.parameterTypes !== undefined,
    ofRest: REST_PARAMETERS.some(key =>
      MetadataInspector.getAllParameterMetadata(key, prototype, member)?.some(Boolean),
    ),
    takesCallback: next !== undefined && isCallback(types[next], next < length),
    optional: last !== undefined && last >= length,
  };
}

/** Returns the injections of a method's parameters, by their position. */
export function injectionsOf(
  type: Constructor<unknown>,
  member: string,
): readonly (Readonly<Injection> | undefined)[] {
  // LoopBack reads an instance, which inherits the injections of a method that its class overrides.
  const instance = Object.create(type.prototype as object) as object;
  return describeInjectedArguments(instance, member);
}

/**
 * Returns the keys that a method, or the constructor or a property of its class, injects; `true` for a key that it
 * cannot do without.
 */
export function injectedKeys(
  type: Constructor<unknown>,
  member: string,
): ReadonlyMap<string, boolean> {
  const injections = [
    ...injectionsOf(type, member),
    ...describeInjectedArguments(type, ''),
    ...Object.values(describeInjectedProperties(type.prototype as object)),
  ];
  const keys = new Map<string, boolean>();
  for (const injection of injections) {
    if (!injection) continue;
    const key = injection.bindingSelector.toString();
    keys.set(key, keys.get(key) === true || injection.metadata.optional !== true);
  }
  return keys;
}

export function isInjected(
  injection: Readonly<Injection> | undefined,
): injection is Readonly<Injection> {
  return Boolean(injection && (injection.bindingSelector || injection.resolve));
}

/** The metadata keys of `@param` and `@requestBody` of `@loopback/rest`. */
const REST_PARAMETERS = ['openapi-v3:parameters', 'openapi-v3:request-body'].map(key =>
  MetadataAccessor.create<object, ParameterDecorator>(key),
);

/** The compiler emits `Object` for `any`, and for types that exist only at compile time. */
function isCallback(type: unknown, counted: boolean): boolean {
  return type === Function || ((type === undefined || type === Object) && counted);
}
