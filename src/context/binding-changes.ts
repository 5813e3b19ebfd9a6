import type {Binding, Context} from '@loopback/core';

/** Holds until a binding changes. */
export interface Validity {
  readonly current: boolean;
}

const known = new WeakMap<Context, BindingChanges>();

/**
 * Says when bindings that are visible in a context change: one is bound, unbound, retagged, rescoped or given
 * another value. LoopBack's own observers are called later, not at once.
 */
export class BindingChanges {
  private validity?: {current: boolean} | undefined;
  /** Those of contexts below this one. */
  private readonly inner: BindingChanges[] = [];

  private static of(context: Context): BindingChanges {
    let changes = known.get(context);
    if (!changes) {
      changes = new BindingChanges(context);
      known.set(context, changes);
    }
    return changes;
  }

  /** Gives what holds as long as the bindings stay as they are now. */
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
      // Those of outer contexts are theirs to watch.
      if (context.contains(binding.key)) binding.on('changed', changed);
    }
  }

  private invalidate(): void {
    if (this.validity) this.validity.current = false;
    this.validity = undefined;
    for (const changes of this.inner) changes.invalidate();
  }
}
