import {BindingScope} from '@loopback/core';
import {INJECTIONS} from './injections';
import type {InjectionName} from './injections';
import {INTERCEPTORS} from './interceptors';
import type {InterceptorKind, Where} from './interceptors';
import {OF_CALL, VALUES} from './values';

export const SCOPES = Object.values(BindingScope);

/** Where something is injected. */
export const PLACES = [
  'constructor',
  'property',
  'setter',
  'parameter',
  'base constructor',
  'base property',
  'service constructor',
  'service property',
  'provider constructor',
  'provider property',
  'static value',
  'interceptor constructor',
  'interceptor property',
] as const;
export type Place = (typeof PLACES)[number];

/** The order of injected and other parameters of a method. */
export const SIGNATURES = [
  'all',
  'none',
  'injected first',
  'injected between',
  'rest',
  'default',
  'operation',
  'wrong types',
] as const;

/** When a controller's method looks at what it was given. */
export const READINGS = [
  'in the method',
  'after a wait',
  'after the call',
  'never',
] as const;

export const ENDINGS = ['returns', 'throws', 'rejects'] as const;

/** The changes between calls. */
export const CHANGES = [
  'none',
  'rebound',
  'given another value',
  'given another scope',
  'unbound',
  'refreshed',
  'bound in the server',
  'bound for the connection',
  'another bound for the connection',
  'another of the tag',
  'another global interceptor',
  'another global interceptor for the connection',
  'another controller scope',
  'configured anew',
] as const;

/** Whose the method is: the class's, its base's, or its own in place of its base's. */
export const METHODS = ['own', 'inherited', 'overriding'] as const;

/** The packets of a client. */
export const INPUTS = ['objects', 'nothing', 'falsy'] as const;

export const USERS = ['object', 'none', 'text'] as const;

/** Where the controller has a host injected. */
export const HOST_AT = ['constructor', 'property', 'parameter', 'getter'] as const;

/** One thing that is injected. */
export interface Point {
  readonly place: Place;
  readonly injection: InjectionName;
  readonly value: string;
  readonly scope: BindingScope;
  /** Bound in the server's context, not in the application's. */
  readonly server: boolean;
}

export interface Intercepted {
  readonly kind: InterceptorKind;
  readonly where: Where;
}

/** A controller, and all that is around it. */
export interface Combination {
  readonly points: readonly Point[];
  readonly interceptors: readonly Intercepted[];
  readonly controllerScope: BindingScope;
  /** Of a service, a provider or an interceptor that has something injected. */
  readonly hostScope: BindingScope;
  readonly hostAt: (typeof HOST_AT)[number];
  readonly signature: (typeof SIGNATURES)[number];
  readonly reading: (typeof READINGS)[number];
  readonly ending: (typeof ENDINGS)[number];
  readonly change: (typeof CHANGES)[number];
  readonly user: (typeof USERS)[number];
  readonly method: (typeof METHODS)[number];
  readonly input: (typeof INPUTS)[number];
}

/** The simplest of all. */
export const PLAIN: Combination = {
  points: [],
  interceptors: [],
  controllerScope: BindingScope.TRANSIENT,
  hostScope: BindingScope.TRANSIENT,
  hostAt: 'constructor',
  signature: 'all',
  reading: 'in the method',
  ending: 'returns',
  change: 'none',
  user: 'object',
  method: 'own',
  input: 'objects',
};

export const PLAIN_POINT: Point = {
  place: 'constructor',
  injection: '@inject',
  value: 'constant',
  scope: BindingScope.TRANSIENT,
  server: false,
};

export const names = <Name extends string>(record: Readonly<Record<Name, unknown>>) =>
  Object.keys(record) as Name[];

export const INJECTION_NAMES = names(INJECTIONS);
export const INTERCEPTOR_KINDS = names(INTERCEPTORS);
/** The source of a value: a binding of its key, or the call itself. */
export const VALUE_NAMES = [...names(VALUES), ...names(OF_CALL)];

/** Simpler combinations, of which each differs in one thing. */
export function* simpler(combination: Combination): Generator<Combination> {
  const {points, interceptors} = combination;
  for (const [at] of points.entries()) {
    yield {...combination, points: points.filter((_, other) => other !== at)};
  }
  for (const [at] of interceptors.entries()) {
    yield {...combination, interceptors: interceptors.filter((_, other) => other !== at)};
  }
  for (const part of names(PLAIN)) {
    if (part === 'points' || part === 'interceptors') continue;
    if (combination[part] !== PLAIN[part]) yield {...combination, [part]: PLAIN[part]};
  }
  for (const [at, point] of points.entries()) {
    for (const part of names(PLAIN_POINT)) {
      if (point[part] === PLAIN_POINT[part]) continue;
      const less = {...point, [part]: PLAIN_POINT[part]};
      yield {...combination, points: replace(points, at, less)};
    }
  }
  for (const [at, intercepted] of interceptors.entries()) {
    if (intercepted.kind !== 'passes on') {
      const less = {...intercepted, kind: 'passes on' as const};
      yield {...combination, interceptors: replace(interceptors, at, less)};
    }
    if (intercepted.where !== 'method') {
      const less = {...intercepted, where: 'method' as const};
      yield {...combination, interceptors: replace(interceptors, at, less)};
    }
  }
}

/** One line: only what is not plain. */
export function describeCombination(combination: Combination): string {
  const points = combination.points.map(({place, injection, value, scope, server}) => {
    const where = server ? ' in the server' : '';
    const what = value in OF_CALL ? value : `${value} (${scope}${where})`;
    return `${injection} of ${what} in ${place}`;
  });
  const interceptors = combination.interceptors.map(
    ({kind, where}) => `interceptor that ${kind} (${where})`,
  );
  const others = names(PLAIN)
    .filter(part => part !== 'points' && part !== 'interceptors')
    .filter(part => combination[part] !== PLAIN[part])
    .map(part => `${part}: ${combination[part]}`);
  return [...points, ...interceptors, ...others].join('; ') || 'plain';
}

function replace<Item>(items: readonly Item[], at: number, item: Item): Item[] {
  return items.map((other, index) => (index === at ? item : other));
}
