import {Binding, BindingScope, Context, CoreBindings} from '@loopback/core';
import type {ResolutionContext} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {SecurityBindings} from '@loopback/security';
import type {Socket} from 'socket.io';
import {expressOf, toExpressRequest} from '../express-request';
import {SocketBindings} from '../keys';
import type {Call} from './call';
import {setUpContext} from './light-context';

/** What is bound for every connection. */
const CONNECTION_BINDINGS = 4;

/** Child of a server's context, for all that one socket does. */
export class ConnectionContext extends Context {
  static of(parent: Context, socket: Socket): ConnectionContext {
    const context = Object.create(ConnectionContext.prototype) as ConnectionContext;
    setUpContext(context, parent, `connection-${socket.id}`);
    context.bind(SocketBindings.SOCKET).to(socket);
    context
      .bind(RestBindings.Http.REQUEST)
      .toDynamicValue(() => toExpressRequest(socket.request, expressOf(parent)));
    context.bind(RestBindings.Http.RESPONSE).toDynamicValue(missing);
    context.bind(RestBindings.Http.CONTEXT).toDynamicValue(missing);
    return context;
  }

  /** Whether the application has bound something for this connection. */
  get extended(): boolean {
    return this.registry.size > CONNECTION_BINDINGS;
  }
}

type Provide = (call: Call) => Binding | undefined;

const constant = (key: string, value: unknown) => new Binding<unknown>(key).to(value);

/** What is bound for every call, by key. */
const CALL_BINDINGS: ReadonlyMap<string, Provide> = new Map<string, Provide>([
  [
    SocketBindings.CREDENTIALS.key,
    call => constant(SocketBindings.CREDENTIALS.key, call.credentials),
  ],
  [SocketBindings.ARGS.key, call => constant(SocketBindings.ARGS.key, call.args)],
  [
    SocketBindings.SIGNAL.key,
    call => new Binding(SocketBindings.SIGNAL.key).toDynamicValue(() => call.signal),
  ],
  [
    SecurityBindings.USER.key,
    call =>
      isObject(call.user) ? constant(SecurityBindings.USER.key, call.user) : undefined,
  ],
  [
    CoreBindings.CONTROLLER_CLASS.key,
    ({method}) => method && constant(CoreBindings.CONTROLLER_CLASS.key, method.type),
  ],
  [
    CoreBindings.CONTROLLER_METHOD_NAME.key,
    ({method}) =>
      method && constant(CoreBindings.CONTROLLER_METHOD_NAME.key, method.member),
  ],
  [
    CoreBindings.CONTROLLER_CURRENT.key,
    ({controller}) =>
      controller && constant(CoreBindings.CONTROLLER_CURRENT.key, controller),
  ],
  [
    RestBindings.OPERATION_SPEC_CURRENT.key,
    ({method}) =>
      method?.operation &&
      constant(RestBindings.OPERATION_SPEC_CURRENT.key, method.operation.spec),
  ],
]);

/** Makes the bindings of a call when they are asked for; most calls ask for one or two. */
class CallRegistry extends Map<string, Binding> {
  constructor(private readonly call: Call) {
    super();
  }

  override get(key: string): Binding | undefined {
    const known = super.get(key);
    if (known) return known;
    const made = CALL_BINDINGS.get(key)?.(this.call);
    if (made) super.set(key, made);
    return made;
  }

  override has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  override values(): ReturnType<Map<string, Binding>['values']> {
    for (const key of CALL_BINDINGS.keys()) this.get(key);
    return super.values();
  }

  override [Symbol.iterator](): ReturnType<Map<string, Binding>['entries']> {
    for (const key of CALL_BINDINGS.keys()) this.get(key);
    return super[Symbol.iterator]();
  }
}

/** Child of a connection's context, for one call. */
export class CallContext extends Context {
  static of(parent: Context, call: Call): CallContext {
    const context = Object.create(CallContext.prototype) as CallContext;
    setUpContext(context, parent, 'call', new CallRegistry(call));
    context.scope = BindingScope.REQUEST;
    return context;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** @throws Error unless the injection is optional. */
function missing({binding, options}: ResolutionContext): undefined {
  if (options.optional) return undefined;
  throw new Error(
    `"${binding.key}" does not exist in a socket call: nothing is answered over HTTP. ` +
      'Return the result, or inject with {optional: true} where a method serves REST as well.',
  );
}
