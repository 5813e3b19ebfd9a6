import {
  describeInjectedArguments,
  InterceptedInvocationContext,
  invokeInterceptors,
  isPromiseLike,
  resolveInjectedArguments,
  transformValueOrPromise,
} from '@loopback/core';
import type {
  Binding,
  Context,
  InvocationContext,
  NonVoid,
  ValueOrPromise,
} from '@loopback/core';
import type {SocketInvocationSource} from '../types';
import {BindingChanges} from './binding-changes';
import type {Call, ControllerMethod} from './call';
import {withCallback} from './handler';
import {attempt, Injectors, NeedsContext} from './injectors';
import type {Provide} from './injectors';
import {loadInterceptors, stepOf} from './interceptor-steps';
import type {Step} from './interceptor-steps';
import {createInvocation} from './invocation';

type Method = (...args: unknown[]) => unknown;

/** What a plan is made of. */
export interface PlanOptions {
  /** How logs name the method. */
  readonly label: string;
  readonly method: ControllerMethod;
  /** The controller's. */
  readonly binding: Readonly<Binding<unknown>>;
  /** Index of the callback among the arguments that are not injected, if the method takes one. */
  readonly callbackAt: number | undefined;
  /** Whether calls must be authenticated one by one. */
  readonly authenticates: boolean;
}

/**
 * How a controller method is called on one server: what LoopBack would read of bindings and metadata
 * for each call, read once. It gives what LoopBack gives, and leaves to a call's context what only that
 * can give.
 */
export class Plan {
  private readonly changes: BindingChanges;
  private readonly version: number;
  private readonly construct: Provide | undefined;
  private readonly steps: readonly Step[];
  /** What fills each parameter of the method; `undefined` for those that are not injected. */
  private readonly layout: readonly (Provide | undefined)[] | undefined;

  /** @param context - The server's. */
  constructor(
    readonly context: Context,
    private readonly options: PlanOptions,
  ) {
    const {method, binding} = options;
    this.changes = BindingChanges.of(context);
    const injectors = new Injectors(context);
    this.construct = attempt(() => injectors.provideBinding(binding));
    this.steps = loadInterceptors(context, method).map(interceptor =>
      stepOf(interceptor, context, injectors),
    );
    this.layout = layoutOf(method, injectors);
    // Reading may have filled caches and made configurations; what comes later counts.
    this.version = this.changes.version;
  }

  get authenticates(): boolean {
    return this.options.authenticates;
  }

  /** Whether nothing has changed since it was made. */
  get current(): boolean {
    return this.version === this.changes.version;
  }

  /** Calls the method. @param args - For the parameters that are not injected. */
  run(call: Call, args: unknown[]): ValueOrPromise<unknown> {
    const controller = this.controllerOf(call);
    return isPromiseLike(controller)
      ? controller.then(made => this.intercept(call, made as object, args))
      : this.intercept(call, controller as object, args);
  }

  private controllerOf(call: Call): ValueOrPromise<unknown> {
    if (this.construct && !call.bound) {
      try {
        return this.construct(call);
      } catch (error) {
        if (!(error instanceof NeedsContext)) throw error;
      }
    }
    return this.options.binding.getValue(call.context, {});
  }

  private intercept(
    call: Call,
    controller: object,
    args: unknown[],
  ): ValueOrPromise<unknown> {
    call.controller = controller;
    const {steps} = this;
    const {member} = this.options.method;
    if (call.caller.extended) return this.interceptInContext(call, controller, args);
    if (steps.length === 0) return this.invoke(call, controller, args);
    const source: SocketInvocationSource = {type: 'socket', value: call};
    const invocation = createInvocation(call, controller, member, args, source);
    let at = 0;
    // Each `next` runs what is next in the chain, as LoopBack's does.
    const next = (): NonVoid => {
      const step = at++;
      if (step < steps.length) return steps[step](invocation, next, call) as NonVoid;
      return (
        step === steps.length
          ? this.invoke(call, controller, args, invocation)
          : undefined
      ) as NonVoid;
    };
    return next();
  }

  /** Where the application has bound something for the connection, that may be an interceptor. */
  private interceptInContext(
    call: Call,
    controller: object,
    args: unknown[],
  ): ValueOrPromise<unknown> {
    const {member} = this.options.method;
    const source: SocketInvocationSource = {type: 'socket', value: call};
    const invocation = new InterceptedInvocationContext(
      call.context,
      controller,
      member,
      args,
      source,
    );
    call.invocation = invocation;
    const run = () => this.invoke(call, controller, args, invocation) as NonVoid;
    return invokeInterceptors(invocation, [...invocation.loadInterceptors(), run]);
  }

  private invoke(
    call: Call,
    controller: object,
    args: unknown[],
    invocation?: InvocationContext,
  ): ValueOrPromise<unknown> {
    const {callbackAt} = this.options;
    if (callbackAt === undefined) return this.apply(call, controller, args, invocation);
    return withCallback(this.options, call, callback => {
      args[callbackAt] = callback;
      return this.apply(call, controller, args, invocation);
    });
  }

  private apply(
    call: Call,
    controller: object,
    args: unknown[],
    invocation: InvocationContext | undefined,
  ): ValueOrPromise<unknown> {
    const {member} = this.options.method;
    const method = (controller as Record<string, Method>)[member];
    const {layout} = this;
    if (layout?.length === 0) return method.apply(controller, args);
    if (layout && !call.bound && !call.invocation) {
      try {
        return method.apply(controller, fill(layout, args, call));
      } catch (error) {
        if (!(error instanceof NeedsContext)) throw error;
      }
    }
    const context = invocation ?? call.context;
    return transformValueOrPromise(
      resolveInjectedArguments(controller, member, context, undefined, args),
      (all: unknown[]) => method.apply(controller, all),
    );
  }
}

/** Empty where nothing is injected, and `undefined` where that takes a context. */
function layoutOf(
  {type, member}: ControllerMethod,
  injectors: Injectors,
): (Provide | undefined)[] | undefined {
  const injections = describeInjectedArguments(type.prototype as object, member);
  const isInjected = (at: number) => {
    const injection = injections.at(at);
    return Boolean(injection && (injection.bindingSelector || injection.resolve));
  };
  if (!injections.some((_, at) => isInjected(at))) return [];
  return attempt(() =>
    Array.from({length: injections.length}, (_, at) =>
      isInjected(at) ? injectors.provideFor(injections[at]) : undefined,
    ),
  );
}

function fill(
  layout: readonly (Provide | undefined)[],
  args: readonly unknown[],
  call: Call,
): unknown[] {
  let used = 0;
  const all = layout.map(provide => (provide ? provide(call) : args[used++]));
  while (used < args.length) all.push(args[used++]);
  return all;
}
