import {Context, ContextBindings, ContextTags} from '@loopback/core';
import type {LazyRegistry} from './lazy-registry';

/** A context with fixed keys, beside the keys that the application binds. */
export abstract class LazyContext extends Context {
  declare protected readonly registry: LazyRegistry;

  /** Returns true when the application has bound the key in this context. */
  binds(key: string): boolean {
    return this.registry.added?.has(key) ?? false;
  }

  /** True when the application has bound an interceptor, or the order of interceptors, in this context. */
  get intercepts(): boolean {
    for (const {key, tagMap} of this.registry.added?.values() ?? []) {
      if (ContextTags.GLOBAL_INTERCEPTOR in tagMap) return true;
      if (key === ContextBindings.GLOBAL_INTERCEPTOR_ORDERED_GROUPS.key) return true;
    }
    return false;
  }
}
