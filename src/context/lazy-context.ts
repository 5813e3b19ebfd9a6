import {Context, ContextBindings, ContextTags} from '@loopback/core';
import type {LazyRegistry} from './lazy-registry';

/** A context with keys that it always has, beside those that the application binds. */
export abstract class LazyContext extends Context {
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
