import type {Namespace} from 'socket.io';
import {Adapter} from 'socket.io-adapter';
import {childrenOf, namespaceInternalsOf, parentInternalsOf} from '../engine/internals';

/**
 * Brings a removed child of a pattern back when its name is asked for again and the application still holds
 * it. socket.io would make a new namespace, and the one that the application holds would reach no socket.
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

  /** Called with each removed child. */
  add(child: Namespace): void {
    this.removed.set(child.name, new WeakRef(child));
    this.collected.register(child, child.name);
  }

  private revive(name: string): Namespace | undefined {
    const child = this.removed.get(name)?.deref();
    if (!child) return undefined;
    this.removed.delete(name);
    // An adapter of a cluster was closed when the child was removed.
    if (child.adapter.close !== Adapter.prototype.close)
      namespaceInternalsOf(child)._initAdapter();
    childrenOf(this.parent)?.add(child);
    child.server._nsps.set(name, child);
    return child;
  }
}
