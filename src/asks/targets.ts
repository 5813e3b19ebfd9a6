import type {Namespace, Socket} from 'socket.io';
import {childrenOf, operatorOf, remoteSocketOf} from '../engine/internals';
import type {Target} from './ports';

/** A socket of a server, or one of `fetchSockets`, which may be on another node. */
export interface AskedSocket {
  readonly id: string;
}

/**
 * Returns the place of one socket; empty for a socket that has left.
 *
 * @throws Error for a socket of another server.
 */
export function targetsOfSocket(io: Namespace, socket: AskedSocket): Target[] {
  const {operator} = remoteSocketOf(socket);
  const namespace = operator
    ? (operatorOf(operator).adapter.nsp as Namespace)
    : (socket as Partial<Socket>).nsp;
  if (!operator && !(socket as Partial<Socket>).connected) return [];
  if (!namespace || !namespacesOf(io).includes(namespace))
    throw new Error('ask: the socket is not a socket of this server.');
  if (operator) return [{namespace, sockets: [], rooms: new Set([socket.id])}];
  const own = namespace.sockets.get(socket.id);
  return own === socket ? [{namespace, sockets: [own]}] : [];
}

/** Returns the sockets in at least one of the rooms, in all namespaces of a server. */
export function targetsInRooms(io: Namespace, named: string | string[]): Target[] {
  const rooms = new Set(typeof named === 'string' ? [named] : named);
  return namespacesOf(io).map(namespace => {
    const {adapter, sockets} = namespace;
    const ids = new Set<string>();
    for (const room of rooms) for (const id of adapter.rooms.get(room) ?? []) ids.add(id);
    const found = [...ids].flatMap(id => sockets.get(id) ?? []);
    return {namespace, sockets: found, rooms};
  });
}

/** A server of a pattern has the namespaces of its clients. */
function namespacesOf(io: Namespace): Namespace[] {
  return [...(childrenOf(io) ?? [io])];
}
