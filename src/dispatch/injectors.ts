import {
  BindingKey,
  BindingScope,
  BindingType,
  CoreBindings,
  describeInjectedArguments,
  describeInjectedProperties,
  isPromiseLike,
} from '@loopback/core';
import type {Binding, Constructor, Context, Injection} from '@loopback/core';
import {SecurityBindings} from '@loopback/security';
import {SocketBindings} from '../keys';
import type {Call} from './call';
import {cacheOf} from './light-context';

/** Gives what is injected in a call, without its context. */
export type Provide = (call: Call) => unknown;

/** Stands for what only a call's context can give. */
export class NeedsContext extends Error {}

/** Thrown for single calls, where a stack would cost more than the rest. */
const NEEDS_CONTEXT = new NeedsContext();

/** What a call itself knows. */
const OF_CALL: ReadonlyMap<string, Provide> = new Map<string, Provide>([
  [SocketBindings.SOCKET.key, call => call.socket],
  [SocketBindings.CREDENTIALS.key, call => call.credentials],
  [SocketBindings.ARGS.key, call => call.args],
  [SocketBindings.SIGNAL.key, call => call.signal],
  [CoreBindings.CONTROLLER_CLASS.key, call => call.method?.type],
  [CoreBindings.CONTROLLER_METHOD_NAME.key, call => call.method?.member],
]);

/** What is read ahead; `undefined` where that takes a context. */
export function attempt<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof NeedsContext) return undefined;
    throw error;
  }
}

/** Reads ahead of a server's calls what they will inject; throws {@link NeedsContext} where it cannot. */
export class Injectors {
  constructor(private readonly context: Context) {}

  /** @throws NeedsContext */
  provideFor(injection: Readonly<Injection> | undefined): Provide {
    if (!injection || injection.resolve || injection.metadata.asProxyWithInterceptors) {
      throw new NeedsContext();
    }
    const {bindingSelector, metadata} = injection;
    if (typeof bindingSelector !== 'string' && !(bindingSelector instanceof BindingKey)) {
      throw new NeedsContext();
    }
    const key = bindingSelector.toString();
    const ofCall = OF_CALL.get(key);
    if (ofCall) return ofCall;
    if (key === SecurityBindings.USER.key) return this.provideUser(metadata.optional);
    const {propertyPath} = BindingKey.parseKeyWithPath(key);
    if (propertyPath !== undefined) throw new NeedsContext();
    const binding = this.context.getBinding(key, {optional: true});
    if (binding) return this.provideBinding(binding);
    if (metadata.optional) return () => undefined;
    throw new NeedsContext();
  }

  private provideUser(optional = false): Provide {
    // While a socket authenticates there is none yet.
    const {key} = SecurityBindings.USER;
    const none = optional && !this.context.getBinding(key, {optional: true});
    return ({user}) => {
      if (typeof user === 'object' && user !== null) return user;
      if (none) return undefined;
      throw NEEDS_CONTEXT;
    };
  }

  /** @throws NeedsContext */
  provideBinding(binding: Readonly<Binding<unknown>>): Provide {
    const {source, scope} = binding;
    if (source?.type === BindingType.CONSTANT) {
      const {value} = source;
      return () => value;
    }
    if (isShared(scope)) return this.provideShared(binding);
    if (scope === BindingScope.REQUEST) {
      const make = this.provideNew(binding);
      return call => call.once(binding, make);
    }
    if (scope !== BindingScope.TRANSIENT) throw new NeedsContext();
    return this.provideNew(binding);
  }

  private provideNew({source}: Readonly<Binding<unknown>>): Provide {
    if (source?.type === BindingType.CLASS) return this.construct(source.value);
    if (source?.type !== BindingType.PROVIDER) throw new NeedsContext();
    const provider = this.construct(source.value);
    return call => {
      const value = (provider(call) as {value(): unknown}).value();
      if (isPromiseLike(value)) throw NEEDS_CONTEXT;
      return value;
    };
  }

  /** A class as LoopBack instantiates it: with its constructor's arguments and its properties injected. */
  construct(type: Constructor<unknown>): Provide {
    const injections = describeInjectedArguments(type, '');
    const count = Math.max(type.length, injections.length);
    const args = Array.from({length: count}, (_, at) =>
      this.provideFor(injections.at(at)),
    );
    const properties = Object.entries(
      describeInjectedProperties(type.prototype as object),
    ).map(([name, injection]) => [name, this.provideFor(injection)] as const);
    const make = constructorOf(type, args);
    if (properties.length === 0) return make;
    return call => {
      const made = make(call) as Record<string, unknown>;
      for (const [name, provide] of properties) made[name] = provide(call);
      return made;
    };
  }

  /** What is made once: it is taken from LoopBack's own cache, so that refreshing it is seen. */
  private provideShared(binding: Readonly<Binding<unknown>>): Provide {
    const owner = this.context.getResolutionContext(binding);
    if (!owner) throw new NeedsContext();
    // The first time a promise may be given, and later calls find the value.
    if (isPromiseLike(binding.getValue(this.context, {}))) throw new NeedsContext();
    const cache = cacheOf(binding);
    if (!cache?.has(owner)) throw new NeedsContext();
    return () => {
      const value = cache.get(owner);
      if (value === undefined) throw NEEDS_CONTEXT;
      return value;
    };
  }
}

function isShared(scope: BindingScope): boolean {
  return (
    scope === BindingScope.SINGLETON ||
    scope === BindingScope.APPLICATION ||
    scope === BindingScope.SERVER
  );
}

/** Spelled out, because spreading an array costs more than most constructors do. */
function constructorOf(type: Constructor<unknown>, args: readonly Provide[]): Provide {
  const [one, two] = args;
  switch (args.length) {
    case 0:
      return () => new type();
    case 1:
      return call => new type(one(call));
    case 2:
      return call => new type(one(call), two(call));
    default:
      return call => new type(...args.map(provide => provide(call)));
  }
}
