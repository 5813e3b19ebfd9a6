import type {Namespace, Socket} from 'socket.io';
import {childrenOf, parentNamespacesOf} from '../engine/internals';

/** Makes a namespace that a pattern has created as its child, if it is one, stand for itself. */
export function detachFromPattern(namespace: Namespace): void {
  for (const parent of parentNamespacesOf(namespace.server).values()) {
    // With the child goes the cleaning up that removes it when it is empty.
    if (childrenOf(parent)?.delete(namespace))
      Reflect.deleteProperty(namespace, '_remove');
  }
}

interface Removing {
  /** Takes a socket out; that of a pattern's child removes the child with its last socket. */
  _remove: (this: Removing, socket: Socket) => void;
}

/**
 * Keeps a pattern's child as long as it is needed: socket.io removes it when the last that had joined leaves,
 * or another is refused.
 *
 * @param removed - Called when it is removed.
 * @returns Removes it where it is empty and not needed any more.
 */
export function keepWhileNeeded(
  child: Namespace,
  needed: () => boolean,
  removed: () => void,
): () => void {
  const own = child as unknown as Removing;
  if (!Object.hasOwn(own, '_remove')) return () => undefined;
  const {_remove: clean} = own;
  const {_remove: remove} = Object.getPrototypeOf(own) as Removing;
  const isThere = () => child.server._nsps.get(child.name) === child;
  const take = (socket: Socket) => {
    // A namesake may have been made since it was removed.
    if (needed() || !isThere()) {
      remove.call(own, socket);
      return;
    }
    clean.call(own, socket);
    if (!isThere()) removed();
  };
  own._remove = take;
  // One that is not there.
  return () => take(Object.create(null) as Socket);
}

/** Tells of each socket that a namespace lets go of: it has left, or is refused while it joins. */
export function onRemoved(namespace: Namespace, removed: (socket: Socket) => void): void {
  const own = namespace as unknown as Removing;
  const {_remove: remove} = own;
  own._remove = socket => {
    remove.call(own, socket);
    removed(socket);
  };
}

/**
 * Lets a pattern's parent namespace do for its children all that it can do: socket.io's only emits to
 * them, and finds, joins and disconnects no socket.
 */
export function reachChildren(parent: Namespace): void {
  const {adapter} = parent;
  const children = childrenOf(parent) ?? new Set();
  const each = <Result>(run: (child: Namespace['adapter']) => Result): Result[] =>
    [...children].map(child => run(child.adapter));
  // With connection state recovery each child adds an id of its own.
  adapter.broadcast = (packet: {data: unknown[]}, options) =>
    void each(child => child.broadcast({...packet, data: [...packet.data]}, options));
  adapter.fetchSockets = async options => {
    const found = await Promise.all(each(child => child.fetchSockets(options)));
    return found.flat() as unknown[];
  };
  adapter.sockets = async rooms => {
    const found = await Promise.all(each(child => child.sockets(rooms)));
    return new Set(found.flatMap(ids => [...ids]));
  };
  adapter.addSockets = (options, rooms) =>
    void each(child => child.addSockets(options, rooms));
  adapter.delSockets = (options, rooms) =>
    void each(child => child.delSockets(options, rooms));
  adapter.disconnectSockets = (options, close) =>
    void each(child => child.disconnectSockets(options, close));
  parent.fetchSockets = () => parent.except([]).fetchSockets();
}
