import {BindingScope, CoreBindings, inject} from '@loopback/core';
import type {Binding, Context, ResolutionContext} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {SecurityBindings} from '@loopback/security';
import {SocketBindings} from 'loopback4-socket';
import {fails, made, providerClass, staticClass, thingClass} from './makers';
import type {Value} from './makers';
import {Thing} from './world';
import type {World} from './world';

/** Binds a key to a value of one kind. */
export type Bind = (binding: Binding<unknown>, world: World, context: Context) => void;

const ARGS = SocketBindings.ARGS.key;

const constant =
  (value: () => unknown): Bind =>
  binding =>
    void binding.to(value());
const provider =
  (value: Value, keys?: string[]): Bind =>
  (binding, world) =>
    void binding.toProvider(
      providerClass(`Provider(${binding.key})`, world, value, keys),
    );
const dynamic =
  (value: (world: World, context: ResolutionContext) => unknown): Bind =>
  (binding, world) =>
    void binding.toDynamicValue(context => {
      world.log(`dynamic ${binding.key}`);
      return value(world, context);
    });
const alias =
  (target: (key: string) => string): Bind =>
  (binding, world, source) => {
    const {key} = binding;
    source.bind(`${key}.constant`).to({a: {b: 'deep'}});
    source.bind(`${key}.class`).toClass(thingClass(`Aliased(${key})`, world, [ARGS]));
    source
      .bind(`${key}.async`)
      .toProvider(providerClass(`Aliased(${key})`, world, made('async')));
    binding.toAlias(target(key));
  };

/** A class that has something injected, which is bound beside it. */
const classOf =
  (scope: BindingScope, bind: Bind, injection: (key: string) => unknown = inject): Bind =>
  (binding, world, context) => {
    const key = `${binding.key}.inner`;
    bind(context.bind(key).inScope(scope), world, context);
    const type = thingClass(`Class(${binding.key})`, world);
    (injection(key) as ParameterDecorator)(type, undefined, 0);
    binding.toClass(type);
  };
const thingOf: Bind = (binding, world) =>
  void binding.toClass(thingClass(`Class(${binding.key})`, world));
const withArgs: Bind = (binding, world) =>
  void binding.toClass(thingClass(`Inner(${binding.key})`, world, [ARGS]));

/** The values that a key may be bound to. */
export const VALUES = {
  constant: constant(() => ({a: {b: 'deep'}})),
  text: constant(() => 'text'),
  zero: constant(() => 0),
  null: constant(() => null),
  undefined: constant(() => undefined),
  function: constant(() => () => 1),
  class: thingOf,
  'class with args': (binding, world) =>
    void binding.toClass(thingClass(`Class(${binding.key})`, world, [ARGS])),
  'class of a request scoped one': classOf(BindingScope.REQUEST, withArgs),
  'class of a transient one': classOf(BindingScope.TRANSIENT, withArgs),
  'class of a singleton': classOf(BindingScope.SINGLETON, thingOf),
  'class of an async provider': classOf(
    BindingScope.TRANSIENT,
    provider(made('async'), [ARGS]),
  ),
  'class of a rejecting provider': classOf(
    BindingScope.REQUEST,
    provider(world => world.later(fails)),
  ),
  'class of a dynamic value': classOf(
    BindingScope.REQUEST,
    dynamic(() => ({})),
  ),
  'class of nothing': classOf(
    BindingScope.TRANSIENT,
    () => undefined,
    key => inject(`${key}.none`, {optional: true}),
  ),
  'class of itself': classOf(
    BindingScope.TRANSIENT,
    binding => void binding.toAlias(binding.key.replace('.inner', '')),
  ),
  'class with a parameter that is not injected': (binding, world) => {
    const type = class extends Thing {
      constructor(_one: unknown, two: unknown) {
        world.log('new');
        super({two});
      }
    };
    inject(ARGS)(type, undefined, 1);
    binding.toClass(type);
  },
  'class that throws': (binding, world) => {
    const type = class extends Thing {
      constructor() {
        super({});
        world.log(`new Class(${binding.key})`);
        fails();
      }
    };
    binding.toClass(type);
  },
  provider: provider(made('sync')),
  'provider with args': provider(made('sync'), [ARGS]),
  'provider that throws': provider(fails),
  'provider that throws a text': provider(() => {
    throw 'text';
  }),
  'provider of a thenable': provider(() => ({
    then: (resolve: (value: string) => void) => resolve('then'),
  })),
  'provider of undefined': provider(() => undefined),
  'provider of null': provider(() => null),
  'async provider': provider(made('async')),
  'async provider with args': provider(made('async'), [ARGS]),
  'prompt async provider': provider(made('prompt')),
  'async provider of undefined': provider(world => world.later(() => undefined)),
  'rejecting provider': provider(world => world.later(fails)),
  'provider that rejects with nothing': provider(() => Promise.reject(undefined)),
  'promptly rejecting provider': provider(async () => fails()),
  'provider that rejects every other time': provider(world => {
    const works = world.count('rejecting') % 2;
    return world.later(() => (works ? 'works' : fails()));
  }),
  'static provider': (binding, world) =>
    void binding.toDynamicValue(
      staticClass(`Static(${binding.key})`, world, made('sync')),
    ),
  'static provider with args': (binding, world) =>
    void binding.toDynamicValue(
      staticClass(`Static(${binding.key})`, world, made('sync'), [ARGS]),
    ),
  'async static provider': (binding, world) =>
    void binding.toDynamicValue(
      staticClass(`Static(${binding.key})`, world, made('async'), [ARGS]),
    ),
  dynamic: dynamic(() => ({a: {b: 'deep'}})),
  'dynamic of undefined': dynamic(() => undefined),
  'dynamic that throws': dynamic(fails),
  'async dynamic': dynamic(world => world.later(() => ({a: {b: 'deep'}}))),
  'prompt async dynamic': dynamic(async () => ({a: {b: 'deep'}})),
  'rejecting dynamic': dynamic(world => world.later(fails)),
  'promptly rejecting dynamic': dynamic(async () => fails()),
  'dynamic of its context': dynamic((_world, {context}) => context),
  'dynamic of the args in its context': dynamic((_world, {context}) =>
    context.getSync(ARGS, {optional: true}),
  ),
  'dynamic of its binding': dynamic((_world, {binding, options}) => [
    binding.key,
    options.session?.currentBinding?.key,
    options.optional,
  ]),
  'dynamic of its session': dynamic((_world, {options}) => [
    options.session?.getBindingPath(),
    options.session?.getInjectionPath(),
  ]),
  'alias of a constant': alias(key => `${key}.constant`),
  'alias of a class': alias(key => `${key}.class`),
  'alias of an async provider': alias(key => `${key}.async`),
  'alias of a path': alias(key => `${key}.constant#a.b`),
  'alias of a path of an async provider': alias(key => `${key}.async#a.b`),
  'alias of a path of nothing': alias(key => `${key}.constant#no.such`),
  'alias of the args': alias(() => ARGS),
  'alias of nothing': alias(key => `${key}.none`),
  'alias of itself': alias(key => key),
  'the same': undefined,
  nothing: undefined,
  'no value yet': () => undefined,
} satisfies Record<string, Bind | undefined>;

export type ValueKind = keyof typeof VALUES;

/** The values that each connection or call has. */
export const OF_CALL: Readonly<Record<string, string>> = {
  SOCKET: SocketBindings.SOCKET.key,
  SERVER: SocketBindings.SERVER.key,
  CREDENTIALS: SocketBindings.CREDENTIALS.key,
  ARGS,
  SIGNAL: SocketBindings.SIGNAL.key,
  USER: SecurityBindings.USER.key,
  REQUEST: RestBindings.Http.REQUEST.key,
  OPERATION_SPEC_CURRENT: RestBindings.OPERATION_SPEC_CURRENT.key,
  CONTROLLER_CLASS: CoreBindings.CONTROLLER_CLASS.key,
  CONTROLLER_METHOD_NAME: CoreBindings.CONTROLLER_METHOD_NAME.key,
  CONTROLLER_CURRENT: CoreBindings.CONTROLLER_CURRENT.key,
  APPLICATION_INSTANCE: CoreBindings.APPLICATION_INSTANCE.key,
};
