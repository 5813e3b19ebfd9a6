import {
  asGlobalInterceptor,
  ContextTags,
  CoreTags,
  extensionFor,
  intercept,
} from '@loopback/core';
import type {Binding, Constructor, Context, Interceptor} from '@loopback/core';
import {get, param} from '@loopback/rest';
import {socketMethod} from 'loopback4-socket';
import {PLAIN_POINT} from './combinations';
import type {Combination, Intercepted, Place, Point} from './combinations';
import {hostClass, providerHost, staticHost} from './hosts';
import type {Placed} from './hosts';
import {decorate, INJECTIONS, typeOf} from './injections';
import {INTERCEPTORS} from './interceptors';
import {OF_CALL, VALUES} from './values';
import type {Bind} from './values';
import {Host} from './world';
import type {Read, Seen, World} from './world';

export const MEMBER = 'run';
export const CONTROLLER = 'controllers.Controller';

/** A point's key: of what a call has, its own, or that of the first. */
export function keyOf({points}: Combination, at: number): string {
  const {value} = points.at(at) ?? PLAIN_POINT;
  if (value === 'the same' && at > 0) return keyOf({points} as Combination, 0);
  return OF_CALL[value] ?? `value${at}`;
}
export const tagOf = (at: number) => `tag${at}`;
const asIs: Read = value => value;

/** A controller with all that it needs, bound in a world. */
export function build(world: World, combination: Combination) {
  const {points, controllerScope} = combination;
  world.key = keyOf(combination, 0);
  const placed = points.map((point, at) => ({
    point,
    name: `point ${at}`,
    key: keyOf(combination, at),
    tag: tagOf(at),
  }));
  for (const one of placed) {
    if (one.point.value !== 'the same') bindValue(world, one);
  }
  const of = (...places: Place[]) =>
    placed.filter(({point}) => places.includes(point.place));
  const type = controllerClass(world, combination, of);
  bindHosts(world, combination, of);
  for (const [at, intercepted] of combination.interceptors.entries()) {
    applyInterceptor(world, type, intercepted, at);
  }
  const binding = world.app
    .bind(CONTROLLER)
    .toClass(type)
    .tag(CoreTags.CONTROLLER)
    .inScope(controllerScope);
  world.app.configure(CONTROLLER).to(configuration('controller'));
  return {binding: binding as Binding<unknown>, type: type as Constructor<unknown>};
}

export const configuration = (name: string) => ({part: {name}});

function bindValue(world: World, {point, key, tag}: Placed): void {
  const context = point.server ? world.server : world.app;
  context.configure(key).to(configuration(key));
  const tagged = (binding: Binding<unknown>) =>
    binding.tag(tag, {[CoreTags.SERVICE_INTERFACE]: key}).apply(extensionFor(tag));
  context.bind(`${key} other`).to('other').tag(tag).apply(extensionFor(tag));
  const bind = (VALUES as Record<string, Bind | undefined>)[point.value];
  if (!bind) return;
  const binding = tagged(context.bind(key)).inScope(point.scope);
  bind(binding, world, context);
}

type Of = (...places: Place[]) => Placed[];

function bindHosts(world: World, {hostScope}: Combination, of: Of): void {
  const bind = (key: string) => {
    world.app.configure(key).to(configuration(key));
    return world.app.bind(key).inScope(hostScope);
  };
  const service = {given: of('service constructor'), assigned: of('service property')};
  if (isUsed(service)) bind('Service').toClass(hostClass('Service', world, service));
  const provider = {given: of('provider constructor'), assigned: of('provider property')};
  if (isUsed(provider)) {
    const value = (self: Host) => ({provided: self});
    bind('Provider').toProvider(providerHost('Provider', world, provider, value));
  }
  const given = of('static value');
  if (given.length > 0) bind('Static').toDynamicValue(staticHost('Static', world, given));
  const interceptor = {
    given: of('interceptor constructor'),
    assigned: of('interceptor property'),
  };
  if (!isUsed(interceptor)) return;
  const value =
    (self: Host): Interceptor =>
    async (_context, next) => {
      world.log(`interceptor has ${await world.describe(self)}`);
      return next();
    };
  bind('Interceptor')
    .toProvider(providerHost('Interceptor', world, interceptor, value))
    .apply(asGlobalInterceptor())
    // It would intercept for ever what it calls by a proxy itself.
    .tag({[ContextTags.GLOBAL_INTERCEPTOR_SOURCE]: 'socket'});
}

const isUsed = ({given, assigned}: {given: Placed[]; assigned: Placed[]}) =>
  given.length + assigned.length > 0;

function controllerClass(world: World, combination: Combination, of: Of) {
  const hosts = (['Service', 'Provider', 'Static'] as const).filter(
    name => of(...HOSTED[name]).length > 0,
  );
  const hosted = hosts.map((key): Placed => {
    const injection = combination.hostAt === 'getter' ? '@inject.getter' : '@inject';
    const point = {injection} as Point;
    return {point, name: key, key, tag: key};
  });
  const at = (...places: Combination['hostAt'][]) =>
    places.includes(combination.hostAt) ? hosted : [];
  const base = {given: of('base constructor'), assigned: of('base property')};
  const own = {
    given: [...at('constructor', 'getter'), ...of('constructor')],
    assigned: [...at('property'), ...of('property', 'setter')],
  };
  const isDerived = isUsed(base) || combination.method !== 'own';
  const parent = isDerived ? hostClass('Base', world, base) : Host;
  const type = hostClass('Controller', world, own, parent);
  const owner = combination.method === 'own' ? type : parent;
  defineMethod(world, owner, combination, [...at('parameter'), ...of('parameter')]);
  if (combination.method === 'overriding') {
    const signature = combination.signature === 'operation' ? 'operation' : 'all';
    defineMethod(world, type, {...combination, signature}, []);
  }
  return type;
}

const HOSTED = {
  Service: ['service constructor', 'service property'],
  Provider: ['provider constructor', 'provider property'],
  Static: ['static value'],
} satisfies Record<string, Place[]>;

/** Defines the method, whose parameters are what the signature says, and those that are injected. */
function defineMethod(
  world: World,
  type: typeof Host,
  {signature, reading, ending}: Combination,
  injected: Placed[],
): void {
  const before = {'injected between': 1, 'injected first': 0, none: 0, rest: 0}[
    signature as string
  ];
  const plain = {none: 0, rest: 0, operation: 1}[signature as string] ?? 3;
  const first = before ?? plain;
  const run = function (this: Host, ...all: unknown[]) {
    world.log('run');
    world.hosts.push(this);
    const seen = injected.map(({name, point}, index): [string, Seen] => [
      name,
      {value: all[first + index], read: INJECTIONS[point.injection].read},
    ]);
    const args = all.filter((_, at) => at < first || at >= first + injected.length);
    const outcome = new Host();
    Object.assign(outcome.given, Object.fromEntries(seen), {
      args: {value: args, read: asIs},
      controller: {value: this, read: asIs},
    });
    if (ending === 'throws') throw new RangeError('thrown by the method');
    if (ending === 'rejects') {
      return world.later(() => {
        throw new RangeError('rejected by the method');
      });
    }
    if (reading === 'never') return 'never read';
    if (reading === 'after the call') return outcome;
    if (reading === 'in the method') return world.describe(outcome);
    return world.later(() => undefined).then(() => world.describe(outcome));
  };
  const length = {rest: 0, default: plain - 1}[signature as string] ?? plain;
  const counted = signature === 'rest' ? 0 : length + injected.length;
  Object.defineProperty(run, 'length', {value: counted});
  const prototype = type.prototype as object;
  Object.defineProperty(prototype, MEMBER, {
    value: run,
    configurable: true,
    writable: true,
  });
  const types = Array.from({length: plain + injected.length}, (_, at) => {
    const isInjected = at >= first && at < first + injected.length;
    if (!isInjected) return Object;
    return signature === 'wrong types'
      ? String
      : typeOf(injected[at - first].point.injection);
  });
  const descriptor = Object.getOwnPropertyDescriptor(prototype, MEMBER)!;
  socketMethod('event')(prototype, MEMBER, descriptor);
  if (signature !== 'rest') {
    Reflect.defineMetadata('design:paramtypes', types, prototype, MEMBER);
  }
  if (signature === 'operation') {
    param.query.string('x')(prototype, MEMBER, 0);
    get('/run')(prototype, MEMBER, descriptor);
  }
  injected.forEach(({point, key, tag}, index) =>
    decorate(point.injection, {key, tag, world}, prototype, MEMBER, first + index),
  );
}

function applyInterceptor(
  world: World,
  type: Constructor<unknown>,
  {kind, where}: Intercepted,
  at: number,
): void {
  const run = INTERCEPTORS[kind](world, event => world.log(`interceptor ${at} ${event}`));
  const key = `interceptor ${at}`;
  const context: Context = where === 'global in the server' ? world.server : world.app;
  const source = where.startsWith('class') ? 'class' : 'method';
  const apply = (interceptor: Interceptor | string) => {
    if (source === 'class') {
      intercept(interceptor)(type);
      return;
    }
    const own = type.prototype as object;
    // An inherited method is decorated where it is.
    const prototype = Object.hasOwn(own, MEMBER) ? own : Object.getPrototypeOf(own);
    const descriptor = Object.getOwnPropertyDescriptor(prototype, MEMBER);
    intercept(interceptor)(prototype, MEMBER, descriptor);
  };
  const provided = (value: () => unknown) =>
    providerHost(key, world, {given: [], assigned: []}, value);
  const binding = context.bind<unknown>(key);
  if (where.includes('async provider')) {
    binding.toProvider(provided(() => world.later(() => run)));
  } else if (where.includes('provider')) binding.toProvider(provided(() => run));
  else if (where === 'method by path') binding.to({a: {b: run}});
  else binding.to(run);
  if (!where.startsWith('global')) {
    if (where === 'method by path') apply(`${key}#a.b`);
    else apply(where.includes('key') ? key : run);
    return;
  }
  binding.apply(asGlobalInterceptor(where === 'global in a group' ? 'group' : undefined));
  const sources = {
    'global for sockets': ['socket', 'route'],
    'global for routes': 'route',
  }[where as string];
  if (sources) binding.tag({[ContextTags.GLOBAL_INTERCEPTOR_SOURCE]: sources});
}
