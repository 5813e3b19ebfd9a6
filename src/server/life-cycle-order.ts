import {CoreBindings} from '@loopback/core';
import type {Application} from '@loopback/core';
import {checkParts} from '../common/private-parts';
import type {PrivateParts} from '../common/private-parts';

/** The private parts of LoopBack's registry of observers that this package relies on. */
const REGISTRY_PARTS: PrivateParts = {options: 'object', observersView: 'object'};

/** Makes a group of life cycle observers start last and stop first. */
export async function putGroupLast(app: Application, group: string): Promise<void> {
  const registry = await app.get(CoreBindings.LIFE_CYCLE_OBSERVER_REGISTRY);
  checkParts('@loopback/core', 'LifeCycleObserverRegistry', registry, REGISTRY_PARTS);
  const others = registry['options'].orderedGroups.filter(other => other !== group);
  registry.setOrderedGroups([...others, group]);
  // The registry pairs bindings in the new order with observers it cached in the old.
  registry['observersView'].refresh();
}
