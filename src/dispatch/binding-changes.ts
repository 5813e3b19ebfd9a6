import type {Binding, Context} from '@loopback/core';

const known = new WeakMap<Context, BindingChanges>();

/**
 * Counts what changes among the bindings that are visible in a context: bound, unbound, retagged,
 * rescoped or given another value. What was read of them holds while the count is the same.
 * LoopBack's own observers are told later, not at once.
 */
export class BindingChanges {
  private count = 0;
  private readonly outer?: BindingChanges;

  static of(context: Context): BindingChanges {
    let changes = known.get(context);
    if (!changes) {
      changes = new BindingChanges(context);
      known.set(context, changes);
    }
    return changes;
  }

  private constructor(context: Context) {
    if (context.parent) this.outer = BindingChanges.of(context.parent);
    const note = () => {
      this.count++;
    };
    context.on('bind', ({binding}: {binding: Binding}) => {
      this.count++;
      binding.on('changed', note);
    });
    context.on('unbind', ({binding}: {binding: Binding}) => {
      this.count++;
      binding.off('changed', note);
    });
    for (const binding of context.find()) {
      // Those of outer contexts are theirs to watch.
      if (context.contains(binding.key)) binding.on('changed', note);
    }
  }

  get version(): number {
    return this.count + (this.outer ? this.outer.version : 0);
  }
}
