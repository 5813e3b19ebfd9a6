import {
  invokeInterceptors,
  isPromiseLike,
  resolveInjectedArguments,
  transformValueOrPromise,
} from '@loopback/core';
import type {
  Binding,
  Context,
  Interceptor,
  NonVoid,
  ValueOrPromise,
} from '@loopback/core';
import {BindingChanges} from '../context/binding-changes';
import type {Validity} from '../context/binding-changes';
import type {Call} from '../context/call';
import {withCallback} from '../context/callback';
import type {ControllerMethod} from '../context/caller';
import {ignoreRejections} from './construction';
import type {Provide} from './construction';
import {injectionsOf, isInjected} from '../decorators/parameters';
import {Injectors} from './injectors';
import {IN_CALL, IN_INVOCATION} from './places';
import {loadInterceptors} from './interceptors';

type Method = (...args: unknown[]) => unknown;

/** The controller method that a plan calls. */
interface PlanOptions {
  readonly method: ControllerMethod;
  /** The binding of the controller. */
  readonly binding: Readonly<Binding<unknown>>;
  /** Index of the callback among the arguments that are not injected, if the method takes one. */
  readonly callbackAt: number | undefined;
  /** True when each call must be authenticated. */
  readonly authenticates: boolean;
}

/**
 * Calls a controller method on one server. LoopBack reads bindings and metadata for each call; a plan reads them
 * once. The results are the same.
 */
export class Plan {
  private readonly validity: Validity;
  private readonly provideController: Provide;
  private readonly interceptors: readonly Provide[];
  /** The injected value of each parameter; `undefined` for a parameter that is not injected. */
  private readonly layout: readonly (Provide | undefined)[];
  private readonly injected: number;
  /** The `length` of the method. */
  private readonly declared: number;

  /** @param context - The server's context. */
  constructor(
    readonly context: Context,
    private readonly options: PlanOptions,
  ) {
    const {method, binding} = options;
    const {type, member} = method;
    this.validity = BindingChanges.validityOf(context);
    const injectors = new Injectors(context, this.validity);
    this.provideController =
      injectors.values.provide(binding, {}, IN_CALL) ??
      (call => binding.getValue(call.context, {}));
    this.interceptors = loadInterceptors(context, method).map(interceptor =>
      typeof interceptor === 'function'
        ? () => interceptor
        : injectors.provideKey(interceptor.toString(), {}, IN_INVOCATION),
    );
    const prototype = type.prototype as Record<string, Method>;
    // The array of LoopBack has holes, which `map` would skip.
    this.layout = [...injectionsOf(type, member)].map(injection =>
      isInjected(injection)
        ? injectors.provideInjection(injection, IN_INVOCATION)
        : undefined,
    );
    this.injected = countInjected(this.layout, this.layout.length);
    this.declared = prototype[member].length;
  }

  get authenticates(): boolean {
    return this.options.authenticates;
  }

  /** True until a binding changes. */
  get current(): boolean {
    return this.validity.current;
  }

  /** Calls the method. @param args - For the parameters that are not injected. */
  run(call: Call, args: unknown[]): ValueOrPromise<unknown> {
    call.methodArgs = args;
    const controller = this.provideController(call);
    return isPromiseLike(controller)
      ? controller.then(made => this.intercept(call, made as object))
      : this.intercept(call, controller as object);
  }

  private intercept(call: Call, controller: object): ValueOrPromise<unknown> {
    call.controller = controller;
    if (call.intercepts) return this.interceptInContext(call);
    const {interceptors} = this;
    if (interceptors.length === 0) return this.invoke(call);
    const invocation = call.invocationContext;
    let at = 0;
    // As in LoopBack, each call of `next` runs the next interceptor, whoever calls it.
    const next = (): NonVoid => {
      const step = at++;
      if (step >= interceptors.length) {
        const last = step === interceptors.length;
        return (last ? this.invoke(call) : undefined) as NonVoid;
      }
      const interceptor = interceptors[step](call);
      return isPromiseLike(interceptor)
        ? interceptor.then(found => (found as Interceptor)(invocation, next))
        : (interceptor as Interceptor)(invocation, next);
    };
    return next();
  }

  /** Used when the application has bound interceptors for the call or its connection. */
  private interceptInContext(call: Call): ValueOrPromise<unknown> {
    const invocation = call.invocationContext;
    const run = () => this.invoke(call) as NonVoid;
    return invokeInterceptors(invocation, [...invocation.loadInterceptors(), run]);
  }

  private invoke(call: Call): ValueOrPromise<unknown> {
    const {callbackAt, method} = this.options;
    // Read here, because an interceptor may have replaced them.
    const {methodArgs} = call;
    if (callbackAt === undefined) return this.apply(call, methodArgs);
    return withCallback(method.label, call, callback => {
      const all = [...methodArgs];
      all[callbackAt] = callback;
      return this.apply(call, all);
    });
  }

  private apply(call: Call, args: readonly unknown[]): ValueOrPromise<unknown> {
    const {declared, injected, layout} = this;
    const {member} = this.options.method;
    const controller = call.controller as Record<string, Method>;
    const count = Math.max(declared, injected + args.length);
    const filled = count < layout.length ? countInjected(layout, count) : injected;
    if (count - filled > args.length) return this.refuse(call, args);
    if (injected === 0) return controller[member](...args);
    const all = new Array<unknown>(count);
    let used = 0;
    let waits = false;
    try {
      for (let at = 0; at < count; at++) {
        const provide = layout[at];
        const value = provide ? provide(call) : args[used++];
        if (provide && isPromiseLike(value)) waits = true;
        all[at] = value;
      }
    } catch (error) {
      ignoreRejections(all);
      throw error;
    }
    return waits
      ? Promise.all(all).then(ready => controller[member](...ready))
      : controller[member](...all);
  }

  /** Lets LoopBack throw its error, which names the parameter without a value. */
  private refuse(call: Call, args: readonly unknown[]): ValueOrPromise<unknown> {
    const {controller, invocationContext} = call;
    const {member} = this.options.method;
    return transformValueOrPromise(
      resolveInjectedArguments(
        controller as object,
        member,
        invocationContext,
        undefined,
        [...args],
      ),
      (all: unknown[]) => (controller as Record<string, Method>)[member](...all),
    );
  }
}

function countInjected(layout: readonly (Provide | undefined)[], most: number): number {
  return layout.slice(0, most).filter(Boolean).length;
}
