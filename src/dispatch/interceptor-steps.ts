import {
  BindingKey,
  InterceptedInvocationContext,
  transformValueOrPromise,
} from '@loopback/core';
import type {
  Context,
  Interceptor,
  InterceptorOrKey,
  InvocationContext,
  Next,
} from '@loopback/core';
import type {Call, ControllerMethod} from './call';
import {attempt, NeedsContext} from './injectors';
import type {Injectors} from './injectors';

/** Runs one interceptor around what comes `next`. */
export type Step = (invocation: InvocationContext, next: Next, call: Call) => unknown;

/** In LoopBack's order: global ones by group, then the class's, then the method's. */
export function loadInterceptors(
  context: Context,
  {type, member}: ControllerMethod,
): InterceptorOrKey[] {
  const invocation = new InterceptedInvocationContext(
    context,
    type.prototype as object,
    member,
    [],
    {type: 'socket', value: undefined},
  );
  try {
    return invocation.loadInterceptors();
  } finally {
    invocation.close();
  }
}

export function stepOf(
  interceptor: InterceptorOrKey,
  context: Context,
  injectors: Injectors,
): Step {
  if (typeof interceptor === 'function') return interceptor;
  const {key, propertyPath} = BindingKey.parseKeyWithPath(interceptor.toString());
  const binding =
    propertyPath === undefined ? context.getBinding(key, {optional: true}) : undefined;
  const provide = binding && attempt(() => injectors.provideBinding(binding));
  const inContext: Step = (invocation, next) =>
    transformValueOrPromise(
      invocation.getValueOrPromise(interceptor),
      found => (found as Interceptor)(invocation, next) as unknown,
    );
  if (!provide) return inContext;
  return (invocation, next, call) => {
    let found: Interceptor;
    try {
      if (call.bound || call.invocation) return inContext(invocation, next, call);
      found = provide(call) as Interceptor;
    } catch (error) {
      if (error instanceof NeedsContext) return inContext(invocation, next, call);
      throw error;
    }
    return found(invocation, next);
  };
}
