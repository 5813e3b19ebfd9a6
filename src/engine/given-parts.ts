import type {Namespace, Socket} from 'socket.io';
import {missingPart} from '../common/private-parts';
import {childrenOf} from './internals';
import {PRIVATE_PARTS} from './private-parts';
import type {Owner} from './private-parts';

type Part = [owner: Owner, object: object];

/** Returns the objects of a namespace and of its server that have private parts. */
export function partsOfNamespace(namespace: Namespace): Part[] {
  const objects: Part[] = [
    ['socket.io/Server', namespace.server],
    ['socket.io/Namespace', namespace],
    ['socket.io-adapter/Adapter', namespace.adapter],
    ['socket.io/BroadcastOperator', namespace.except([])],
  ];
  if (childrenOf(namespace)) objects.push(['socket.io/ParentNamespace', namespace]);
  return objects;
}

/** Returns the objects of a socket that have private parts. */
export function partsOfSocket(socket: Socket): Part[] {
  return [
    ['socket.io/Socket', socket],
    ['socket.io/Client', socket.client],
  ];
}

/** Classes of sockets that have all parts. */
const checked = new WeakSet();

/**
 * Checks a namespace that the application gave, which may come from another installed copy of socket.io. Its
 * parts are only looked for; those of the installed packages are also tried.
 *
 * @throws Error that names a missing part.
 */
export function checkGivenNamespace(namespace: Namespace): void {
  partsOfNamespace(namespace).forEach(checkGiven);
  namespace.sockets.forEach(checkGivenSocket);
}

/**
 * Checks the first socket of each class.
 *
 * @throws Error that names a missing part.
 */
export function checkGivenSocket(socket: Socket): void {
  if (checked.has(socket.constructor)) return;
  partsOfSocket(socket).forEach(checkGiven);
  checked.add(socket.constructor);
}

function checkGiven([owner, object]: Part): void {
  const part = missingPart(object, PRIVATE_PARTS[owner]);
  if (part === undefined) return;
  throw new Error(
    `SocketComponent: the socket.io server given to start(io) lacks ${owner}.${part}, a private part that ` +
      'this package uses. Clients could get past authentication. Make the server with the version of ' +
      'socket.io that this package has installed.',
  );
}
