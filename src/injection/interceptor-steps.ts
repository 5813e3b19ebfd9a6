import {InterceptedInvocationContext} from '@loopback/core';
import type {Context, InterceptorOrKey} from '@loopback/core';
import type {ControllerMethod} from '../context/caller';
import type {Provide} from './construction';
import type {Injectors} from './injectors';
import {IN_INVOCATION} from './places';

/** Returns the interceptors of a method in LoopBack's order: global ones by group, the class's, the method's. */
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

/** Returns a function for an interceptor, which may be given by its key. */
export function provideInterceptor(
  interceptor: InterceptorOrKey,
  injectors: Injectors,
): Provide {
  if (typeof interceptor === 'function') return () => interceptor;
  return injectors.provideKey(interceptor.toString(), {}, IN_INVOCATION);
}
