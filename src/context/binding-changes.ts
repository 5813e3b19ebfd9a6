import type {Binding, Context} from '@loopback/core';

/** `current` becomes false when a binding changes. */
export interface Validity {
  readonly current: boolean;
}

const known = new WeakMap<Context, BindingChanges>();

/**
 * Watches the bindings that are visible in a context. A change is a binding that is added or removed, or gets
 * another value, tag or scope. LoopBack's own observers are notified later, not at once.
 */
export class BindingChanges {
  private validity?: {current: boolean} | undefined;
  /** The changes of child contexts. */
  private readonly inner: BindingChanges[] = [];

  private static of(context: Context): BindingChanges {
    let changes = known.get(context);
    if (!changes) {
      changes = new BindingChanges(context);
      known.set(context, changes);
    }
    return changes;
  }

  /** Returns an object that is current until a binding changes. */
  static validityOf(context: Context): Validity {
    return (BindingChanges.of(context).validity ??= {current: true});
  }

  private constructor(context: Context) {
    if (context.parent) BindingChanges.of(context.parent).inner.push(this);
    const changed = () => this.invalidate();
    context.on('bind', ({binding}: {binding: Binding}) => {
      changed();
      binding.on('changed', changed);
    });
    context.on('unbind', ({binding}: {binding: Binding}) => {
      changed();
      binding.off('changed', changed);
    });
    for (const binding of context.find()) {
      // The parent watches its own bindings.
      if (context.contains(binding.key)) binding.on('changed', changed);
    }
  }

  private invalidate(): void {
    if (this.validity) this.validity.current = false;
    this.validity = undefined;
    for (const changes of this.inner) changes.invalidate();
  }
}
