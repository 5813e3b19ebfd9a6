import {
  Binding,
  BindingScope,
  Context,
  ContextBindings,
  ContextTags,
} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {SocketBindings} from '../keys';
import type {Call, Caller} from './call';
import {ABSENT, CALL_KEYS, CONNECTION_KEYS, missing, MISSING_KEYS} from './call-keys';
import {LazyRegistry} from './lazy-registry';
import {setUpContext} from './light-context';

/** A context with keys that it always has, beside those that the application binds. */
abstract class LazyContext extends Context {
  declare protected readonly registry: LazyRegistry;

  /** Says whether the application has bound that key here. */
  binds(key: string): boolean {
    return this.registry.added?.has(key) ?? false;
  }

  /** Says whether the application has bound an interceptor here, or changed their order. */
  get intercepts(): boolean {
    for (const {key, tagMap} of this.registry.added?.values() ?? []) {
      if (ContextTags.GLOBAL_INTERCEPTOR in tagMap) return true;
      if (key === ContextBindings.GLOBAL_INTERCEPTOR_ORDERED_GROUPS.key) return true;
    }
    return false;
  }
}

/** Reading these makes something, so they are read when they are resolved. */
const DYNAMIC_KEYS: ReadonlySet<string> = new Set([
  SocketBindings.SIGNAL.key,
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

/** Child of a server's context, for all that one socket does. */
export class ConnectionContext extends LazyContext {
  /** @param onAdded - Called after the application has bound something for the connection. */
  static of(caller: Caller, onAdded: (context: ConnectionContext) => void) {
    const context = Object.create(ConnectionContext.prototype) as ConnectionContext;
    const make = (key: string) => {
      const read = CONNECTION_KEYS.get(key);
      if (read) return bindingOf(key, read, caller);
      return MISSING_KEYS.has(key) ? new Binding(key).toDynamicValue(missing) : undefined;
    };
    const registry = new LazyRegistry(CONNECTION_CONTEXT_KEYS, make, () =>
      onAdded(context),
    );
    const {serverContext, socket} = caller;
    setUpContext(context, serverContext, `connection-${socket.id}`, registry);
    return context;
  }
}

const CALL_CONTEXT_KEYS = [...CALL_KEYS.keys()];

/** Child of a connection's context, for one call. */
export class CallContext extends LazyContext {
  static of(parent: Context, call: Call): CallContext {
    const context = Object.create(CallContext.prototype) as CallContext;
    const make = (key: string) => {
      const read = CALL_KEYS.get(key);
      return read && bindingOf(key, read, call);
    };
    const registry = new LazyRegistry(CALL_CONTEXT_KEYS, make, () => {
      call.bound = true;
    });
    setUpContext(context, parent, 'call', registry);
    context.scope = BindingScope.REQUEST;
    return context;
  }
}
