import type {Namespace, Socket} from 'socket.io';

/**
 * Everything of socket.io 4 that this package relies on and that its types keep private. A test
 * holds each against the installed version.
 */
export interface SocketInternals {
  /** Called for each event packet; runs guards, then emits to listeners. */
  dispatch: (packet: unknown[]) => void;
  /** Guards, as given to `socket.use`. */
  readonly fns: ((packet: unknown[], next: (error?: unknown) => void) => unknown)[];
  packet(packet: object, flags?: object): void;
  notifyOutgoingListeners(packet: object): void;
}

interface ClientInternals {
  /** Sockets on the connection, one a namespace. */
  readonly sockets: ReadonlyMap<string, Socket>;
}

interface NamespaceInternals {
  /** Sockets whose middleware has not finished. */
  readonly _preConnectSockets: ReadonlyMap<string, Socket>;
}

interface ParentNamespaceInternals {
  readonly children: ReadonlySet<Namespace>;
}

export function internalsOf(socket: Socket): SocketInternals {
  return socket as unknown as SocketInternals;
}

/** Sockets on the same connection as this one, itself included. */
export function socketsOnConnection(socket: Socket): ReadonlyMap<string, Socket> {
  return (socket.client as unknown as ClientInternals).sockets;
}

export function connectingSockets(namespace: Namespace): Iterable<Socket> {
  return (namespace as unknown as NamespaceInternals)._preConnectSockets.values();
}

/** Children of a pattern's parent namespace; `undefined` for any other namespace. */
export function childrenOf(namespace: Namespace): ReadonlySet<Namespace> | undefined {
  return (namespace as unknown as Partial<ParentNamespaceInternals>).children;
}
