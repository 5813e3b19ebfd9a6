import {
  Binding,
  BindingCreationPolicy,
  BindingKey,
  config,
  ContextView,
  extensions,
  filterByTag,
  inject,
  service,
} from '@loopback/core';
import type {Context, Getter, Injection, ResolutionSession, Setter} from '@loopback/core';
import type {Read, World} from './world';

type Decorator = (target: object, member: string | undefined, index?: number) => void;

/** One kind of injection. */
export interface InjectionKind {
  /** @param tag - Of the key's binding and another one. */
  decorate(key: string, tag: string, world: World): unknown;
  readonly read: Read;
}

const asIs: Read = value => value;
const called: Read = value => (value as Getter<unknown>)();
const viewed: Read = value => (value instanceof ContextView ? value.values() : value);

const plain = (decorate: InjectionKind['decorate'], read = asIs): InjectionKind => ({
  decorate,
  read,
});

/** Ways to have something injected. */
export const INJECTIONS = {
  '@inject': plain(key => inject(key)),
  '@inject optional': plain(key => inject(key, {optional: true})),
  '@inject path': plain(key => inject(`${key}#a.b`)),
  '@inject of a BindingKey': plain(key => inject(BindingKey.create(key, 'a.b'))),
  '@inject optional path': plain(key => inject(`${key}#no.such`, {optional: true})),
  '@inject.getter': plain(key => inject.getter(key), called),
  '@inject.getter optional': plain(key => inject.getter(key, {optional: true}), called),
  '@inject.getter path': plain(key => inject.getter(`${key}#a.b`), called),
  '@inject.getter called twice': plain(
    key => inject.getter(key),
    async value => {
      const getter = value as Getter<unknown>;
      return [await getter(), await getter()];
    },
  ),
  '@inject.getter called twice at once': plain(
    key => inject.getter(key),
    value => Promise.all([called(value, null as never), called(value, null as never)]),
  ),
  '@inject.getter not called': plain(
    key => inject.getter(key),
    value => typeof value,
  ),
  '@inject.getter called later': plain(
    key => inject.getter(key),
    (value, world) => world.later(() => undefined).then(() => called(value, world)),
  ),
  '@inject.getter of a tag': plain(
    (_key, tag) => inject.getter(filterByTag(tag)),
    called,
  ),
  '@inject.setter': plain(
    key => inject.setter(key),
    (value, world) => {
      (value as Setter<unknown>)('set');
      return world.app.get(world.key, {optional: true});
    },
  ),
  '@inject.setter of its own': plain(
    key => inject.setter(key, {bindingCreation: BindingCreationPolicy.ALWAYS_CREATE}),
    value => (value as Setter<unknown>)('set'),
  ),
  '@inject.binding': plain(key => inject.binding(key)),
  '@inject.binding created': plain(key =>
    inject.binding(`${key}.created`, {
      bindingCreation: BindingCreationPolicy.CREATE_IF_NOT_BOUND,
    }),
  ),
  '@inject.binding of itself': plain(() => inject.binding()),
  '@inject.context': plain(() => inject.context()),
  '@inject.context to bind in': plain(
    key => inject(key, {}, (context: Context) => context),
    value => {
      const context = value as Context;
      if (!context.contains('own')) context.bind('own').to('bound');
      return context.get('own', {optional: true});
    },
  ),
  '@inject.tag': plain((_key, tag) => inject.tag(tag)),
  '@inject.view': plain((_key, tag) => inject.view(filterByTag(tag)), viewed),
  '@inject of a filter': plain(key => inject(binding => binding.key === key)),
  '@inject of a filter in order': plain((_key, tag) =>
    inject(filterByTag(tag), {
      bindingComparator: (one, other) => -one.key.localeCompare(other.key),
    }),
  ),
  '@config': plain(() => config()),
  '@config path': plain(() => config('part.name')),
  '@config of another': plain(key => config('part.name', {fromBinding: key})),
  '@config.getter': plain(() => config.getter('part'), called),
  '@config.view': plain(() => config.view('part.name'), viewed),
  '@service': plain(key => service(key)),
  '@service optional': plain(key => service(`${key}.none`, {optional: true})),
  '@extensions': plain((_key, tag) => extensions(tag), called),
  '@extensions.list': plain((_key, tag) => extensions.list(tag)),
  '@extensions.view': plain((_key, tag) => extensions.view(tag), viewed),
  'custom resolve': plain((key, _tag, world) =>
    inject(key, {}, (context, injection, session) => {
      world.log(`resolve ${key}`);
      return resolution(context, injection, session);
    }),
  ),
  'custom async resolve': plain((key, _tag, world) =>
    inject(key, {}, (context, injection) => {
      world.log(`resolve ${key}`);
      return world.later(() => [context, injection.metadata.decorator]);
    }),
  ),
  'custom resolve of the value': plain(key =>
    inject(key, {optional: true}, (context, {metadata}, session) =>
      context.getValueOrPromise(key, {...metadata, session}),
    ),
  ),
  'as proxy with interceptors': plain(
    key => inject(key, {asProxyWithInterceptors: true}),
    async value => {
      const {hello} = value as {hello?: (name: string) => unknown};
      return [await hello?.('you'), typeof value];
    },
  ),
} satisfies Record<string, InjectionKind>;

export type InjectionName = keyof typeof INJECTIONS;

/** The type of a parameter that has that injected, as TypeScript emits it. */
export function typeOf(kind: InjectionName): unknown {
  if (kind.includes('view')) return ContextView;
  if (kind.startsWith('@inject.binding')) return Binding;
  if (/@inject.tag|filter|list/.test(kind)) return Array;
  return /getter|setter|@extensions/.test(kind) ? Function : Object;
}

/** Applies one kind of injection to a parameter, or to a property. */
export function decorate(
  kind: InjectionName,
  {key, tag, world}: {key: string; tag: string; world: World},
  target: object,
  member: string | undefined,
  index?: number,
): void {
  const decorator = INJECTIONS[kind].decorate(key, tag, world) as Decorator;
  decorator(target, member, index);
}

function resolution(context: Context, injection: Injection, session: ResolutionSession) {
  const {member, methodDescriptorOrParameterIndex: at, bindingSelector} = injection;
  return [
    context,
    member,
    typeof at,
    String(bindingSelector),
    session.currentBinding?.key,
    session.getBindingPath(),
    session.getInjectionPath(),
  ];
}
