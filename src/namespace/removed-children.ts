import type {Namespace} from 'socket.io';
import {Adapter} from 'socket.io-adapter';
import {childrenOf, namespaceInternalsOf, parentInternalsOf} from '../engine/internals';

/**
 * Gives a pattern's child that was removed its name back when it is asked for again, where the application
 * holds it: by itself socket.io makes a namesake, and what the application holds reaches nobody any more.
 */
export class RemovedChildren {
  private readonly removed = new Map<string, WeakRef<Namespace>>();
  private readonly collected = new FinalizationRegistry<string>(name => {
    if (!this.removed.get(name)?.deref()) this.removed.delete(name);
  });

  constructor(private readonly parent: Namespace) {
    const internals = parentInternalsOf(parent);
    const create = internals.createChild.bind(parent);
    internals.createChild = name => this.revive(name) ?? create(name);
  }

  /** Called with a child that has been removed. */
  add(child: Namespace): void {
    this.removed.set(child.name, new WeakRef(child));
    this.collected.register(child, child.name);
  }

  private revive(name: string): Namespace | undefined {
    const child = this.removed.get(name)?.deref();
    if (!child) return undefined;
    this.removed.delete(name);
    // That of a cluster was closed for good.
    if (child.adapter.close !== Adapter.prototype.close)
      namespaceInternalsOf(child)._initAdapter();
    childrenOf(this.parent)?.add(child);
    child.server._nsps.set(name, child);
    return child;
  }
}
