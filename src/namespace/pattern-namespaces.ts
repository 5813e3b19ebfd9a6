import type {Namespace, Socket} from 'socket.io';
import {childrenOf, parentNamespacesOf} from '../engine/internals';

/** Separates a namespace from the pattern that created it, so that it is no longer a child. */
export function detachFromPattern(namespace: Namespace): void {
  for (const parent of parentNamespacesOf(namespace.server).values()) {
    // The child's own `_remove` would remove it when it is empty.
    if (childrenOf(parent)?.delete(namespace))
      Reflect.deleteProperty(namespace, '_remove');
  }
}

interface Removing {
  /** Removes a socket; a pattern's child is removed with its last socket. */
  _remove: (this: Removing, socket: Socket) => void;
}

/**
 * Keeps a pattern's child while it is needed. socket.io removes it when its last joined socket leaves, or
 * when a socket is refused.
 *
 * @param removed - Called when the child is removed.
 * @returns A function that removes the child when it is empty and no longer needed.
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
    // A new namespace of the same name may exist since the removal.
    if (needed() || !isThere()) {
      remove.call(own, socket);
      return;
    }
    clean.call(own, socket);
    if (!isThere()) removed();
  };
  own._remove = take;
  // A socket that is not in the namespace.
  return () => take(Object.create(null) as Socket);
}

/** Calls back for each socket that leaves a namespace, or that is refused while it joins. */
export function onRemoved(namespace: Namespace, removed: (socket: Socket) => void): void {
  const own = namespace as unknown as Removing;
  const {_remove: remove} = own;
  own._remove = socket => {
    remove.call(own, socket);
    removed(socket);
  };
}

/**
 * Extends the methods of a pattern's parent namespace to its children: in socket.io it only emits to them,
 * and cannot find, join or disconnect their sockets.
 */
export function reachChildren(parent: Namespace): void {
  const {adapter} = parent;
  const children = childrenOf(parent) ?? new Set();
  const each = <Result>(run: (child: Namespace['adapter']) => Result): Result[] =>
    [...children].map(child => run(child.adapter));
  // With connection state recovery each child adds its own id to the packet.
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
