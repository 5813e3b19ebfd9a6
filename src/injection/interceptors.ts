import {InterceptedInvocationContext} from '@loopback/core';
import type {Context, InterceptorOrKey} from '@loopback/core';
import type {ControllerMethod} from '../context/caller';

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
