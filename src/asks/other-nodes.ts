import {delayOf} from '../common/timers';
import {PacketTypes} from '../engine/packets';
import {knowsOtherNodes} from '../namespace/cluster-adapters';
import type {Target} from './ports';

/** Called with the answers of sockets on other nodes. */
export interface OtherNodes {
  /** Returns true when no answer is needed any more. */
  isOver(): boolean;
  answered(value: unknown): void;
  /** Called once, when no more answers can come. */
  done(): void;
}

/** Returns true when sockets of other nodes are asked too. */
export function hasOtherNodes({namespace, rooms}: Target): boolean {
  return rooms !== undefined && knowsOtherNodes(namespace.adapter);
}

/**
 * Asks the sockets of other nodes, through the adapter.
 *
 * @param data - The event's name and arguments.
 * @param timeout - In ms.
 * @returns True when they were asked.
 */
export async function askOtherNodes(
  target: Target,
  data: unknown[],
  timeout: number,
  listener: OtherNodes,
): Promise<boolean> {
  const {adapter} = target.namespace;
  const nodes: number = await adapter.serverCount();
  if (listener.isOver()) return false;
  let counted = 0;
  let missing = 0;
  const check = () => {
    if (counted === nodes && missing === 0) listener.done();
  };
  if (nodes === 1) {
    listener.done();
    return false;
  }
  adapter.broadcastWithAck(
    {type: PacketTypes.EVENT, data},
    {...othersOf(target), flags: {timeout: delayOf(timeout)}},
    count => {
      counted++;
      missing += count;
      check();
    },
    (value: unknown) => {
      missing--;
      listener.answered(value);
      check();
    },
  );
  return true;
}

/** Emits an event to the sockets of other nodes that were asked. */
export function emitToOtherNodes(target: Target, data: unknown[]): void {
  target.namespace.adapter.broadcast({type: PacketTypes.EVENT, data}, othersOf(target));
}

/** Leaves out the sockets of this node: each socket is in the room of its id. */
function othersOf({rooms, sockets}: Target) {
  return {rooms: new Set(rooms), except: new Set(sockets.map(({id}) => id))};
}
