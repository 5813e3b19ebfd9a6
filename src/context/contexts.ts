import {Binding, BindingScope} from '@loopback/core';
import type {BindingAddress, BindingFilter, BindingTag, Context} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {SocketKeys} from '../options/keys';
import {ABSENT, CALL_KEYS, CONNECTION_KEYS, missing, MISSING_KEYS} from './call-keys';
import type {CallState, Caller} from './caller';
import {LazyContext} from './lazy-context';
import {LazyRegistry} from './lazy-registry';
import {makeLight, setUpContext} from './light-context';

/** Keys whose value is made when it is read, so they are read only when they are resolved. */
const DYNAMIC_KEYS: ReadonlySet<string> = new Set([
  SocketKeys.SIGNAL.key,
  RestBindings.Http.REQUEST.key,
]);

function bindingOf<Owner>(
  key: string,
  read: ((owner: Owner) => unknown) | undefined,
  owner: Owner,
): Binding | undefined {
  if (!read) return undefined;
  const binding = new Binding<unknown>(key);
  if (DYNAMIC_KEYS.has(key)) return binding.toDynamicValue(() => read(owner));
  const value = read(owner);
  return value === ABSENT ? undefined : binding.to(value);
}

const FIXED_KEYS_OF_CONNECTION = [...CONNECTION_KEYS.keys(), ...MISSING_KEYS];

/** The context of a connection, child of the server's context. */
export class ConnectionContext extends LazyContext {
  /** @param onBound - Called after the application has bound something for the connection. */
  static of(
    caller: Caller,
    onBound: (context: ConnectionContext) => void,
  ): ConnectionContext {
    const context = Object.create(ConnectionContext.prototype) as ConnectionContext;
    const registry = new LazyRegistry(
      context,
      FIXED_KEYS_OF_CONNECTION,
      key =>
        MISSING_KEYS.has(key)
          ? new Binding(key).toDynamicValue(missing)
          : bindingOf(key, CONNECTION_KEYS.get(key), caller),
      () => onBound(context),
    );
    const {serverContext, socket} = caller;
    setUpContext(context, serverContext, `connection-${socket.id}`, registry);
    return context;
  }
}

const FIXED_KEYS_OF_CALL = [...CALL_KEYS.keys()];

/** The context of a call, child of the connection's context. */
export class CallContext extends LazyContext {
  declare private call: CallState;

  static of(parent: Context, call: CallState): CallContext {
    const context = Object.create(CallContext.prototype) as CallContext;
    context.call = call;
    const registry = new LazyRegistry(
      context,
      FIXED_KEYS_OF_CALL,
      key => bindingOf(key, CALL_KEYS.get(key), call),
      () => (call.bound = true),
    );
    setUpContext(context, parent, 'call', registry);
    return context;
  }

  // LoopBack looks up a binding with one of these methods before it resolves the value.
  override getBinding<Value>(key: BindingAddress<Value>): Binding<Value>;
  override getBinding<Value>(
    key: BindingAddress<Value>,
    options?: {optional?: boolean},
  ): Binding<Value> | undefined;
  override getBinding<Value>(
    key: BindingAddress<Value>,
    options?: {optional?: boolean},
  ): Binding<Value> | undefined {
    this.call.publish(this);
    return super.getBinding(key, options);
  }

  override find<Value>(
    pattern?: string | RegExp | BindingFilter,
  ): Readonly<Binding<Value>>[] {
    this.call.publish(this);
    return super.find(pattern);
  }

  protected override _findByTagIndex<Value>(
    tag: BindingTag | RegExp,
  ): Readonly<Binding<Value>>[] {
    this.call.publish(this);
    return super._findByTagIndex(tag);
  }
}

for (const {prototype} of [ConnectionContext, CallContext]) makeLight(prototype);
CallContext.prototype.scope = BindingScope.REQUEST;
