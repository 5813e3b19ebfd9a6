import {CoreBindings} from '@loopback/core';
import type {Application} from '@loopback/core';

/** Makes a group of life cycle observers start last and stop first. */
export async function putGroupLast(app: Application, group: string): Promise<void> {
  const registry = await app.get(CoreBindings.LIFE_CYCLE_OBSERVER_REGISTRY);
  const others = registry['options'].orderedGroups.filter(other => other !== group);
  registry.setOrderedGroups([...others, group]);
  // The registry pairs bindings in the new order with observers it cached in the old.
  registry['observersView'].refresh();
}
