import type {ItemBatch} from '../streams/ports';

/** An event: its name, its arguments, and the ack where the application's functions may see it. */
export type Packet = unknown[];

/** Answers a packet the first time it is called, and returns false when it was answered before. Never throws. */
export interface Ack {
  (...values: unknown[]): boolean;
  /** Set for an ack that the client did not ask for; the application does not see it. */
  hidden?: true;
  /** Set for the ack of a read: answers it with items. */
  sendItems?(batch: ItemBatch): void;
}

/**
 * Appends the ack to a packet's arguments, where listeners and guards expect it. Only then, because an array
 * that grows allocates more than it needs.
 */
export function showAck(packet: Packet, ack: Ack | undefined): void {
  if (ack && !ack.hidden && packet.at(-1) !== ack) packet.push(ack);
}

/** Returns the number of arguments. A client sends no functions: one at the end is the ack, or was added by a guard. */
export function countArguments(packet: Packet): number {
  return packet.length - (typeof packet.at(-1) === 'function' ? 2 : 1);
}
