import {
  BindingScope,
  BindingType,
  describeInjectedArguments,
  describeInjectedProperties,
  isDynamicValueProviderClass,
  transformValueOrPromise,
} from '@loopback/core';
import type {
  Binding,
  Constructor,
  Context,
  Injection,
  InjectionMetadata,
  Provider,
  ResolutionContext,
} from '@loopback/core';
import type {Call} from '../context/call';
import {isInjected} from '../decorators/parameters';
import {constructionOf} from './construction';
import type {Provide} from './construction';
import {cacheOf, isResolvable} from '../context/light-context';
import {IN_CALL} from './places';
import type {Place} from './places';
import type {ResolutionPath} from './resolution-path';

export type Metadata = Readonly<InjectionMetadata>;

/** Makes functions that return injected values. */
interface Injections {
  provideInjection(injection: Readonly<Injection>, place: Place): Provide;
  provideKey(address: string, metadata: Metadata, place: Place): Provide;
}

/** The scopes whose values are kept beyond a call. */
const SHARED: readonly BindingScope[] = [
  BindingScope.SINGLETON,
  BindingScope.APPLICATION,
  BindingScope.SERVER,
];

/** The argument of a dynamic value's factory. Few factories read the options, so they are made at the first read. */
class Resolution implements ResolutionContext {
  readonly context: Context;
  readonly #metadata: Metadata;
  readonly #path: ResolutionPath;

  constructor(
    call: Call,
    readonly binding: Readonly<Binding<unknown>>,
    metadata: Metadata,
    {contextOf, path}: Place,
  ) {
    this.context = contextOf(call);
    this.#metadata = metadata;
    this.#path = path;
  }

  get options(): ResolutionContext['options'] {
    const session = this.#path.toSession();
    return {...this.#metadata, session, asProxyWithInterceptors: false};
  }
}

/** Makes functions that return the values of bindings, in every scope. */
export class BindingValues {
  /** @param context - The server's context. */
  constructor(
    private readonly context: Context,
    private readonly injections: Injections,
  ) {}

  /** Returns a function for the value of a binding, or undefined when only a context can resolve it. */
  provide(
    binding: Readonly<Binding<unknown>>,
    metadata: Metadata,
    {contextOf, path}: Place,
  ): Provide | undefined {
    const {source, scope} = binding;
    if (!source || path.includes(binding) || !isResolvable(binding, this.context))
      return undefined;
    if (source.type === BindingType.CONSTANT) {
      const {value} = source;
      return () => value;
    }
    if (SHARED.includes(scope)) return this.provideShared(binding, metadata, path);
    const inner = path.with({binding});
    if (scope === BindingScope.TRANSIENT) {
      return this.provideNew(binding, metadata, {contextOf, path: inner});
    }
    if (scope !== BindingScope.REQUEST) return undefined;
    // A value in REQUEST scope is always resolved in the context of the call.
    const place = {contextOf: IN_CALL.contextOf, path: inner};
    const make = this.provideNew(binding, metadata, place);
    return make && (call => call.once(binding, make));
  }

  /** Returns a function that makes a new value each time. */
  private provideNew(
    binding: Readonly<Binding<unknown>>,
    metadata: Metadata,
    place: Place,
  ): Provide | undefined {
    const {source} = binding;
    switch (source?.type) {
      case BindingType.CLASS:
        return this.construct(source.value, place);
      case BindingType.PROVIDER: {
        const provider = this.construct(source.value, place);
        return (
          provider &&
          (call => transformValueOrPromise(provider(call) as Provider<unknown>, valueOf))
        );
      }
      case BindingType.ALIAS:
        return this.injections.provideKey(source.value.toString(), metadata, place);
      case BindingType.DYNAMIC_VALUE: {
        const {value: factory} = source;
        if (isDynamicValueProviderClass(factory)) return undefined;
        const make = factory as (resolution: ResolutionContext) => unknown;
        return call => make(new Resolution(call, binding, metadata, place));
      }
      default:
        return undefined;
    }
  }

  /** Returns a function that instantiates a class, or undefined when LoopBack refuses to. */
  private construct(type: Constructor<unknown>, place: Place): Provide | undefined {
    const injections = describeInjectedArguments(type, '');
    const count = Math.max(type.length, injections.filter(Boolean).length);
    const args: Provide[] = [];
    for (let at = 0; at < count; at++) {
      const injection = injections.at(at);
      if (!isInjected(injection)) return undefined;
      args.push(this.injections.provideInjection(injection, place));
    }
    const properties = Object.entries(
      describeInjectedProperties(type.prototype as object),
    ).map(
      ([name, injection]) =>
        [name, this.injections.provideInjection(injection, place)] as const,
    );
    return constructionOf(type, args, properties);
  }

  /** Returns a function for a shared value. It reads LoopBack's own cache, so `binding.refresh` works. */
  private provideShared(
    binding: Readonly<Binding<unknown>>,
    metadata: Metadata,
    path: ResolutionPath,
  ): Provide | undefined {
    const {context} = this;
    const owner = context.getResolutionContext(binding);
    if (!owner) return undefined;
    return () => {
      const cache = cacheOf(binding);
      const value = cache?.get(owner);
      if (value !== undefined || cache?.has(owner)) return value;
      return binding.getValue(context, {session: path.toSession(), ...metadata});
    };
  }
}

function valueOf(provider: Provider<unknown>): unknown {
  return provider.value();
}
