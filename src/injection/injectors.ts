import {
  BindingKey,
  config,
  ContextBindings,
  describeInjectedProperties,
  getDeepProperty,
  inject,
  inspectTargetType,
  ResolutionSession,
  transformValueOrPromise,
} from '@loopback/core';
import type {BindingFilter, Context, Injection} from '@loopback/core';
import type {Validity} from '../context/binding-changes';
import {BindingValues} from './binding-values';
import type {Metadata} from './binding-values';
import {ABSENT, CALL_KEYS, CONNECTION_KEYS, MISSING_KEYS} from '../context/call-keys';
import type {Provide} from './construction';
import type {Place} from './places';
import {ResolutionPath} from './resolution-path';

/** How `@service` finds its binding. Only its own `resolve` function knows the filter. */
interface ServiceLookup {
  readonly filter?: BindingFilter | undefined;
  /** Behaves as `@service` does when it finds no binding: returns undefined if optional, throws otherwise. */
  readonly refuse: () => unknown;
}

function lookUpService(injection: Readonly<Injection>, context: Context): ServiceLookup {
  let filter: BindingFilter | undefined;
  const empty = Object.create(context, {
    find: {
      value: (asked: BindingFilter) => {
        filter = asked;
        return [];
      },
    },
  }) as Context;
  const refuse = () =>
    injection.resolve?.(empty, injection, new ResolutionSession()) as unknown;
  try {
    refuse();
  } catch {
    // The injection is not optional.
  }
  return {filter, refuse};
}

/** Returns the `resolve` function of a decorator of LoopBack. All uses of the decorator share it. */
function resolverOf(decorate: ReturnType<typeof inject>): Injection['resolve'] {
  const sample = {};
  decorate(sample, 'member');
  return describeInjectedProperties(sample).member.resolve;
}

const RESOLVE_GETTER = resolverOf(inject.getter('key'));
const RESOLVE_CONFIG = resolverOf(config());
const RESOLVE_CONFIG_GETTER = resolverOf(config.getter());

/**
 * Makes a function for each injection, for the calls of one server. The function returns the injected value
 * without a context where it can, and resolves it in the context of the call otherwise.
 */
export class Injectors {
  readonly values: BindingValues;

  /**
   * @param context - The server's context.
   * @param validity - Current until a binding of the server changes.
   */
  constructor(
    private readonly context: Context,
    private readonly validity: Validity,
  ) {
    this.values = new BindingValues(context, this);
  }

  provideInjection(injection: Readonly<Injection>, {contextOf, path}: Place): Provide {
    const {bindingSelector, metadata, resolve} = injection;
    const place = {contextOf, path: path.with({injection})};
    // An injection without `resolve` has an address.
    if (!resolve) return this.provideKey(bindingSelector.toString(), metadata, place);
    const inContext: Provide = call =>
      resolve(contextOf(call), injection, place.path.toSession()) as unknown;
    const known =
      metadata.decorator === '@service'
        ? this.provideService(injection, place, inContext)
        : this.provideResolved(injection, place);
    return known ?? inContext;
  }

  /** Returns a function for the value of a key, or of a property of the value: `key#path`. */
  provideKey(address: string, metadata: Metadata, place: Place): Provide {
    const {contextOf, path} = place;
    const inContext: Provide = call =>
      contextOf(call).getValueOrPromise(address, {
        session: path.toSession(),
        ...metadata,
      });
    const {key, propertyPath} = BindingKey.parseKeyWithPath(address);
    const whole = metadata.asProxyWithInterceptors
      ? undefined
      : this.read(key, metadata, place, inContext);
    if (!whole) return inContext;
    const provide: Provide = propertyPath
      ? call =>
          transformValueOrPromise(whole(call), value =>
            getDeepProperty(value, propertyPath),
          )
      : whole;
    const {validity} = this;
    return call =>
      validity.current && !call.hides(key) ? provide(call) : inContext(call);
  }

  /** Returns a function for `@inject.getter`, `@config` and `@config.getter`, where no context is needed. */
  private provideResolved(
    injection: Readonly<Injection>,
    place: Place,
  ): Provide | undefined {
    const {bindingSelector, metadata, resolve} = injection;
    if (resolve === RESOLVE_GETTER) {
      return this.provideGetter(injection, bindingSelector.toString(), metadata, place);
    }
    if (resolve !== RESOLVE_CONFIG && resolve !== RESOLVE_CONFIG_GETTER) return undefined;
    const {fromBinding, optional, propertyPath} = metadata;
    const owner = (fromBinding as string | undefined) ?? place.path.currentBinding?.key;
    const custom = this.context.isBound(ContextBindings.CONFIGURATION_RESOLVER);
    if (owner === undefined || custom) return undefined;
    const address = BindingKey.create(
      BindingKey.buildKeyForConfig(owner).toString(),
      (propertyPath as string | undefined) || undefined,
    ).toString();
    const options = {...(optional !== undefined && {optional})};
    return resolve === RESOLVE_CONFIG
      ? this.provideKey(address, options, place)
      : this.provideGetter(injection, address, options, place);
  }

  /** Returns a function for `@service`, which injects the only binding of a class among all bindings. */
  private provideService(
    injection: Readonly<Injection>,
    place: Place,
    inContext: Provide,
  ): Provide | undefined {
    const {context, validity} = this;
    const {filter, refuse} = lookUpService(injection, context);
    const [binding, ...others] = filter ? context.find(filter) : [];
    if (!(binding as typeof binding | undefined) || others.length > 0) return undefined;
    const {asProxyWithInterceptors, optional} = injection.metadata;
    if (asProxyWithInterceptors) return undefined;
    const make = this.values.provide(binding, {...(optional && {optional})}, place);
    // LoopBack treats null as not found.
    const provide: Provide | undefined =
      make && (call => transformValueOrPromise(make(call), value => value ?? refuse()));
    return (
      provide &&
      (call => {
        const shadowed = call.bound || call.caller.extended;
        return validity.current && !shadowed ? provide(call) : inContext(call);
      })
    );
  }

  /** Returns a function for a getter, which resolves again each time, also after the call has ended. */
  private provideGetter(
    injection: Readonly<Injection>,
    address: string,
    metadata: Metadata,
    {contextOf}: Place,
  ): Provide | undefined {
    // LoopBack refuses a parameter of another type.
    if ((inspectTargetType(injection) ?? Function) !== Function) return undefined;
    const place = {contextOf, path: ResolutionPath.START};
    let provide: Provide | undefined;
    return call => () =>
      new Promise(resolve => {
        // Made at the first use, because getters may form a circle.
        provide ??= this.provideKey(address, metadata, place);
        resolve(provide(call));
      });
  }

  private read(
    key: string,
    metadata: Metadata,
    place: Place,
    inContext: Provide,
  ): Provide | undefined {
    const ofConnection = CONNECTION_KEYS.get(key);
    if (ofConnection) return ({caller}) => ofConnection(caller);
    if (MISSING_KEYS.has(key)) return metadata.optional ? () => undefined : undefined;
    const binding = this.context.getBinding(key, {optional: true});
    const outer = binding
      ? this.values.provide(binding, metadata, place)
      : metadata.optional && (() => undefined);
    const ofCall = CALL_KEYS.get(key);
    if (!ofCall) return outer || undefined;
    return call => {
      const value = ofCall(call);
      return value === ABSENT ? (outer || inContext)(call) : value;
    };
  }
}
