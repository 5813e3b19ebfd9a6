import {BindingScope} from '@loopback/core';
import {Random} from '../../long/random';
import {
  CHANGES,
  ENDINGS,
  HOST_AT,
  INJECTION_NAMES,
  INPUTS,
  INTERCEPTOR_KINDS,
  METHODS,
  names,
  PLACES,
  PLAIN,
  PLAIN_POINT,
  READINGS,
  SCOPES,
  SIGNATURES,
  USERS,
  VALUE_NAMES,
} from './combinations';
import type {Combination, Point} from './combinations';
import {WHERE} from './interceptors';
import {OF_CALL} from './values';

/** All combinations: first each pair of kinds that belong together, then so many of everything. */
export function* combinations(random: number, seed: number): Generator<Combination> {
  yield* pairwise();
  yield* settings();
  const numbers = new Random(seed);
  for (let at = 0; at < random; at++) yield randomCombination(numbers);
}

function* pairwise(): Generator<Combination> {
  const point = (some: Partial<Point>) => ({points: [{...PLAIN_POINT, ...some}]});
  for (const place of PLACES) {
    for (const injection of INJECTION_NAMES) {
      yield {...PLAIN, ...point({place, injection})};
    }
    for (const value of VALUE_NAMES) yield {...PLAIN, ...point({place, value})};
    for (const value of names(OF_CALL)) {
      // Only an operation has a specification; parsing its args takes much longer than the rest.
      const signature =
        value === 'OPERATION_SPEC_CURRENT' ? 'operation' : PLAIN.signature;
      yield {
        ...PLAIN,
        ...point({place, value, injection: '@inject optional'}),
        signature,
      };
    }
  }
  for (const value of VALUE_NAMES) {
    for (const injection of [
      '@inject optional',
      '@inject.getter called twice',
    ] as const) {
      yield {...PLAIN, ...point({value, injection, place: 'parameter'})};
    }
    for (const scope of SCOPES) yield {...PLAIN, ...point({value, scope})};
  }
  for (const place of PLACES) {
    for (const controllerScope of SCOPES) {
      for (const value of ['ARGS', 'class with args', 'async provider'] as const) {
        yield {...PLAIN, ...point({place, value}), controllerScope};
      }
    }
    if (!/^(service|provider|static|interceptor)/.test(place)) continue;
    for (const hostScope of SCOPES) {
      for (const hostAt of HOST_AT) {
        yield {...PLAIN, ...point({place, value: 'USER'}), hostScope, hostAt};
      }
    }
  }
  for (const change of CHANGES) {
    for (const place of ['constructor', 'parameter', 'service property'] as const) {
      for (const injection of ['@inject', '@inject.getter', '@inject.tag'] as const) {
        for (const scope of [BindingScope.TRANSIENT, BindingScope.SINGLETON]) {
          yield {...PLAIN, ...point({place, injection, value: 'class', scope}), change};
        }
      }
    }
  }
  for (const kind of INTERCEPTOR_KINDS) {
    for (const where of WHERE) yield {...PLAIN, interceptors: [{kind, where}]};
  }
}

/** A value that one part sets or binds for others. */
function* settings(): Generator<Combination> {
  const getters = ['@inject', '@inject.getter', '@inject.getter called later'] as const;
  for (const value of [...names(OF_CALL), 'constant', 'nothing']) {
    for (const place of ['constructor', 'parameter', 'service constructor'] as const) {
      for (const injection of getters) {
        const point = {...PLAIN_POINT, value, place, injection};
        const setter = {...point, injection: '@inject.setter' as const};
        yield {...PLAIN, points: [setter, {...point, value: 'the same'}]};
        for (const kind of INTERCEPTOR_KINDS.filter(kind => kind.startsWith('binds'))) {
          yield {...PLAIN, points: [point], interceptors: [{kind, where: 'method'}]};
        }
      }
    }
  }
}

function randomCombination(random: Random): Combination {
  const some = <Item>(usual: Item, items: readonly Item[], chance = 0.3) =>
    random.chance(chance) ? random.pick(items) : usual;
  const points = Array.from({length: 1 + random.below(3)}, () => ({
    place: random.pick(PLACES),
    injection: some('@inject' as const, INJECTION_NAMES, 0.6),
    value: random.pick(VALUE_NAMES),
    scope: random.pick(SCOPES),
    server: random.chance(0.2),
  }));
  const interceptors = Array.from({length: Math.max(0, random.below(4) - 1)}, () => ({
    kind: random.pick(INTERCEPTOR_KINDS),
    where: random.pick(WHERE),
  }));
  return {
    points,
    interceptors,
    controllerScope: some(PLAIN.controllerScope, SCOPES),
    hostScope: random.pick(SCOPES),
    hostAt: some(PLAIN.hostAt, HOST_AT),
    signature: some(PLAIN.signature, SIGNATURES),
    reading: some(PLAIN.reading, READINGS, 0.5),
    ending: some(PLAIN.ending, ENDINGS, 0.2),
    change: some(PLAIN.change, CHANGES, 0.4),
    user: some(PLAIN.user, USERS, 0.2),
    method: some(PLAIN.method, METHODS, 0.2),
    input: some(PLAIN.input, INPUTS, 0.2),
  };
}
