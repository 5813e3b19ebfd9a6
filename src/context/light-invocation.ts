import {inspect} from 'node:util';
import {generateUniqueId, InterceptedInvocationContext} from '@loopback/core';
import type {SocketInvocationSource} from '../options/types';
import type {CallState} from './caller';
import {LazyRegistry} from './lazy-registry';
import {makeLight, OWN_PARTS, setUpContext} from './light-context';

const CALL = Symbol('call');

/** The context that interceptors of a call receive. Its parts are set at their first use. */
interface LightInvocation extends InterceptedInvocationContext {
  [CALL]: CallState;
}

const prototype = Object.create(
  InterceptedInvocationContext.prototype,
) as LightInvocation;
makeLight(prototype);

// The first use of a part that contexts do not share sets all of them.
for (const part of OWN_PARTS) {
  Object.defineProperty(prototype, part, {
    get(this: LightInvocation) {
      const call = this[CALL];
      call.openInvocation = this;
      const registry = new LazyRegistry(
        this,
        [],
        () => undefined,
        () => (call.bound = true),
      );
      setUpContext(this, call.context, `invocation-${generateUniqueId()}`, registry);
      return Reflect.get(this, part) as unknown;
    },
    set(this: LightInvocation, value: unknown) {
      Object.defineProperty(this, part, {value, writable: true, enumerable: true});
    },
  });
}

// Most interceptors do not read the arguments, so credentials are hidden at the first read.
Object.defineProperty(prototype, 'args', {
  get(this: LightInvocation) {
    return hideCredentials(this[CALL]);
  },
  set(this: LightInvocation, args: unknown[]) {
    this[CALL].methodArgs = args;
  },
});

/** Gives the arguments a form in logs without credentials. */
function hideCredentials({credentials, methodArgs, socket}: CallState): unknown[] {
  const [first, second] = methodArgs;
  if (
    first === socket &&
    second === credentials &&
    !Object.hasOwn(methodArgs, 'toJSON')
  ) {
    Object.defineProperty(methodArgs, 'toJSON', REDACTED);
    Object.defineProperty(methodArgs, inspect.custom, REDACTED);
  }
  return methodArgs;
}

const REDACTED: PropertyDescriptor = {
  value(this: unknown[]) {
    const [socket, , ...others] = this;
    return [socket, '[credentials]', ...others];
  },
  configurable: true,
  writable: true,
};

function Invocation(this: object, call: CallState): void {
  const self = this as Record<string | symbol, unknown>;
  const source: SocketInvocationSource = {type: 'socket', value: call};
  self[CALL] = call;
  self.target = call.controller;
  self.methodName = call.method?.member;
  self.source = source;
}
Invocation.prototype = prototype;

const Light = Invocation as unknown as new (
  call: CallState,
) => InterceptedInvocationContext;

/** Makes an `InterceptedInvocationContext` that costs little until something uses it as a context. */
export function createInvocation(call: CallState): InterceptedInvocationContext {
  return new Light(call);
}
