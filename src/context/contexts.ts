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
  read: (owner: Owner) => unknown,
  owner: Owner,
): Binding | undefined {
  const binding = new Binding<unknown>(key);
  if (DYNAMIC_KEYS.has(key)) return binding.toDynamicValue(() => read(owner));
  const value = read(owner);
  return value === ABSENT ? undefined : binding.to(value);
}

const CONNECTION_CONTEXT_KEYS = [...CONNECTION_KEYS.keys(), ...MISSING_KEYS];

class ConnectionRegistry extends LazyRegistry {
  protected get known(): readonly string[] {
    return CONNECTION_CONTEXT_KEYS;
  }

  constructor(
    private readonly caller: Caller,
    private readonly owner: ConnectionContext,
    private readonly onBound: (context: ConnectionContext) => void,
  ) {
    super(owner);
  }

  protected make(key: string): Binding | undefined {
    const read = CONNECTION_KEYS.get(key);
    if (read) return bindingOf(key, read, this.caller);
    return MISSING_KEYS.has(key) ? new Binding(key).toDynamicValue(missing) : undefined;
  }

  protected onAdded(): void {
    this.onBound(this.owner);
  }
}

/** The context of a connection, child of the server's context. */
export class ConnectionContext extends LazyContext {
  /** @param onBound - Called after the application has bound something for the connection. */
  static of(
    caller: Caller,
    onBound: (context: ConnectionContext) => void,
  ): ConnectionContext {
    const context = Object.create(ConnectionContext.prototype) as ConnectionContext;
    const registry = new ConnectionRegistry(caller, context, onBound);
    const {serverContext, socket} = caller;
    setUpContext(context, serverContext, `connection-${socket.id}`, registry);
    return context;
  }
}

const CALL_CONTEXT_KEYS = [...CALL_KEYS.keys()];

class CallRegistry extends LazyRegistry {
  protected get known(): readonly string[] {
    return CALL_CONTEXT_KEYS;
  }

  constructor(
    context: Context,
    readonly call: CallState,
  ) {
    super(context);
  }

  protected make(key: string): Binding | undefined {
    const read = CALL_KEYS.get(key);
    return read && bindingOf(key, read, this.call);
  }

  protected onAdded(): void {
    this.call.bound = true;
  }
}

/** The context of a call, child of the connection's context. */
export class CallContext extends LazyContext {
  declare protected readonly registry: CallRegistry;

  static of(parent: Context, call: CallState): CallContext {
    const context = Object.create(CallContext.prototype) as CallContext;
    setUpContext(context, parent, 'call', new CallRegistry(context, call));
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
    this.registry.call.publish(this);
    return super.getBinding(key, options);
  }

  override find<Value>(
    pattern?: string | RegExp | BindingFilter,
  ): Readonly<Binding<Value>>[] {
    this.registry.call.publish(this);
    return super.find(pattern);
  }

  protected override _findByTagIndex<Value>(
    tag: BindingTag | RegExp,
  ): Readonly<Binding<Value>>[] {
    this.registry.call.publish(this);
    return super._findByTagIndex(tag);
  }
}

for (const {prototype} of [ConnectionContext, CallContext]) makeLight(prototype);
CallContext.prototype.scope = BindingScope.REQUEST;
