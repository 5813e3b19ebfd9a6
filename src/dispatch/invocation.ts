import {generateUniqueId, InterceptedInvocationContext} from '@loopback/core';
import type {SocketInvocationSource} from '../types';
import type {Call} from './call';
import {ADDED_PARTS, LIGHT, setUpContext} from './light-context';

const CALL = Symbol('call');

/** What interceptors of a call see. It is a context like any other from when it is first used as one. */
interface LightInvocation extends InterceptedInvocationContext {
  [CALL]: Call;
}

const prototype = Object.create(
  InterceptedInvocationContext.prototype,
) as LightInvocation;
for (const part of ADDED_PARTS) {
  Object.defineProperty(prototype, part, {
    get(this: LightInvocation) {
      const call = this[CALL];
      call.invocation = this;
      setUpContext(this, call.context, `invocation-${generateUniqueId()}`);
      return Reflect.get(this, part) as unknown;
    },
    set(this: LightInvocation, value: unknown) {
      Object.defineProperty(this, part, {value, writable: true, enumerable: true});
    },
  });
}

function Invocation(
  this: object,
  call: Call,
  target: object,
  methodName: string,
  args: unknown[],
  source: SocketInvocationSource,
): void {
  const self = this as Record<string | symbol, unknown>;
  self[CALL] = call;
  self.target = target;
  self.methodName = methodName;
  self.args = args;
  self.source = source;
}
Invocation.prototype = prototype;

type InvocationClass = new (
  call: Call,
  target: object,
  methodName: string,
  args: unknown[],
  source: SocketInvocationSource,
) => InterceptedInvocationContext;

const Light = Invocation as unknown as InvocationClass;

/** A genuine `InvocationContext` that costs next to nothing unless it is used as a context. */
export function createInvocation(
  call: Call,
  target: object,
  methodName: string,
  args: unknown[],
  source: SocketInvocationSource,
): InterceptedInvocationContext {
  if (LIGHT) return new Light(call, target, methodName, args, source);
  const {context} = call;
  const made = new InterceptedInvocationContext(
    context,
    target,
    methodName,
    args,
    source,
  );
  call.invocation = made;
  return made;
}
