import type {Socket} from 'socket.io';
import {MAX_UNAUTHENTICATED_SOCKETS} from '../wire/protocol';
import {clientOf, internalsOf} from './internals';

type Connection = Socket['conn'];

const UNAUTHENTICATED = Symbol('unauthenticated sockets');
const CLIENT = Symbol('client');
const HANDLERS = Symbol('handlers');
const RESERVED = Symbol('reserved');

/** A connection and its counts. Weak maps with an entry for each connection slow the garbage collector. */
interface Counted {
  /** Sockets that are not authenticated, and have joined a namespace or are joining one. */
  [UNAUTHENTICATED]?: Set<Socket> | undefined;
  /** The client of socket.io, from the connection's first socket on. */
  [CLIENT]?: Socket['client'];
  /** Number of authentication handlers that run for sockets that have left. */
  [HANDLERS]?: number;
  /** Number of sockets that socket.io is making, and that may join their namespaces. */
  [RESERVED]?: number;
}

/** Returns true if a connection may have one more unauthenticated socket. */
export function hasFreeSlot(connection: Connection): boolean {
  const counted = connection as Counted;
  const {[HANDLERS]: handlers = 0, [RESERVED]: reserved = 0} = counted;
  const sockets = counted[UNAUTHENTICATED]?.size ?? 0;
  return sockets + handlers + reserved < MAX_UNAUTHENTICATED_SOCKETS;
}

/** Counts a socket that socket.io is about to make, at most until the end of the tick. */
export function reserveSlot(connection: Connection): void {
  const counted = connection as Counted;
  if (!counted[RESERVED]) setImmediate(cancelReservations, counted);
  counted[RESERVED] = (counted[RESERVED] ?? 0) + 1;
}

function cancelReservations(counted: Counted): void {
  counted[RESERVED] = 0;
}

/** Ends the reservation of a socket that has been made. */
export function cancelReservation(connection: Connection): void {
  const counted = connection as Counted;
  if (counted[RESERVED]) counted[RESERVED]--;
}

/** Counts a socket among the unauthenticated sockets of its connection. */
export function acquireSlot(socket: Socket): void {
  const counted = socket.conn as Counted;
  counted[CLIENT] = socket.client;
  (counted[UNAUTHENTICATED] ??= new Set()).add(socket);
}

/** Releases the slot of a socket that is authenticated, or that has left its namespace. */
export function releaseSlot(socket: Socket): void {
  const counted = socket.conn as Counted;
  counted[UNAUTHENTICATED]?.delete(socket);
  if (counted[UNAUTHENTICATED]?.size === 0) counted[UNAUTHENTICATED] = undefined;
}

/** Counts an authentication handler that still runs for a socket that has left. */
export function acquireHandlerSlot({conn}: Socket): void {
  const counted = conn as Counted;
  counted[HANDLERS] = (counted[HANDLERS] ?? 0) + 1;
}

export function releaseHandlerSlot({conn}: Socket): void {
  const counted = conn as Counted;
  counted[HANDLERS] = (counted[HANDLERS] ?? 0) - 1;
}

/** Returns the number of a connection's sockets, with those that are joining. */
export function countSockets(connection: Connection): number {
  const counted = connection as Counted;
  const {[CLIENT]: client, [RESERVED]: reserved = 0} = counted;
  if (!client) return reserved;
  const {sockets} = clientOf(client);
  let count = sockets.size + reserved;
  for (const {id} of counted[UNAUTHENTICATED] ?? []) if (!sockets.has(id)) count++;
  return count;
}

/** Removes the joining sockets of a closed connection, whose middleware may never call `next`. */
export function removeJoining(connection: Connection): void {
  for (const socket of (connection as Counted)[UNAUTHENTICATED] ?? [])
    internalsOf(socket)._cleanup();
}
