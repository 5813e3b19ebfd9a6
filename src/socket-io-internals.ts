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
  /** Names the session of connection state recovery. */
  readonly pid: string;
  packet(packet: object, flags?: object): void;
  notifyOutgoingListeners(packet: object): void;
}

/** A decoded packet. */
interface Packet {
  readonly type: number;
  readonly nsp: string;
}

interface ClientInternals {
  readonly decoder: {
    on(event: 'decoded', listener: (packet: Packet) => void): unknown;
    off(event: 'decoded', listener: (packet: Packet) => void): unknown;
  };
  /** Listens to the decoder until the client is closed. */
  ondecoded: (packet: Packet) => void;
  /** Sockets on the connection, by namespace. */
  readonly nsps: ReadonlyMap<string, Socket>;
  /** Sockets on the connection, one a namespace. */
  readonly sockets: ReadonlyMap<string, Socket>;
}

interface NamespaceInternals {
  /** Sockets whose middleware has not finished. */
  readonly _preConnectSockets: ReadonlyMap<string, Socket>;
}

interface ParentNamespaceInternals {
  readonly children: Set<Namespace>;
}

interface ServerInternals {
  readonly parentNsps: ReadonlyMap<unknown, Namespace>;
}

export function internalsOf(socket: Socket): SocketInternals {
  return socket as unknown as SocketInternals;
}

/** Sockets on the same connection as this one, itself included. */
export function socketsOnConnection(socket: Socket): ReadonlyMap<string, Socket> {
  return clientOf(socket.client).sockets;
}

export function clientOf(client: Socket['client']): ClientInternals {
  return client as unknown as ClientInternals;
}

export function connectingSockets(namespace: Namespace): Iterable<Socket> {
  return (namespace as unknown as NamespaceInternals)._preConnectSockets.values();
}

/** Makes a namespace that a pattern has created as its child, if it is one, stand for itself. */
export function detachFromPattern(namespace: Namespace): void {
  const {parentNsps} = namespace.server as unknown as ServerInternals;
  for (const parent of parentNsps.values()) {
    // With the child goes the cleaning up that removes it when it is empty.
    if (childrenOf(parent)?.delete(namespace))
      Reflect.deleteProperty(namespace, '_remove');
  }
}

/** Children of a pattern's parent namespace; `undefined` for any other namespace. */
export function childrenOf(namespace: Namespace): Set<Namespace> | undefined {
  return (namespace as unknown as Partial<ParentNamespaceInternals>).children;
}

/** What ends a polling transport that waits for a last request to answer with its goodbye. */
export function closingOf(connection: Socket['conn']): (() => void) | null | undefined {
  const transport = connection.transport as {shouldClose?: (() => void) | null};
  return transport.shouldClose;
}
