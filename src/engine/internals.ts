import type {BroadcastOperator, Server as IoServer, Namespace, Socket} from 'socket.io';

/**
 * Everything of socket.io 4 that this package relies on and that its types keep private. {@link
 * checkSocketIo} tries it in the installed version.
 */
export interface SocketInternals {
  /** Guards, added by `socket.use`. */
  readonly fns: ((packet: unknown[], next: (error?: unknown) => void) => unknown)[];
  /** Id of the session in connection state recovery. */
  readonly pid: string;
  /** Callbacks of the server's events that wait for an ack, by the id of the event. */
  readonly acks: Map<number | null | undefined, (...values: unknown[]) => unknown>;
  /** Flags of the current `emit`: the time in ms that its ack may take. */
  readonly flags: {readonly timeout?: number};
  packet(packet: object, flags?: object): void;
  notifyOutgoingListeners(packet: object): void;
  /** Removes the socket from its namespace and all rooms. */
  _cleanup: () => void;
  /** Refuses the socket while it joins. */
  _error: (body: unknown) => void;
  /** Ends the socket after it has joined. */
  _onclose(reason: string): void;
}

/** A decoded packet. */
interface Packet {
  readonly type: number;
  readonly nsp: string;
}

interface ClientInternals {
  readonly server: IoServer;
  readonly decoder: {
    on(event: 'decoded', listener: (packet: Packet) => void): unknown;
    off(event: 'decoded', listener: (packet: Packet) => void): unknown;
  };
  /** Listens to the decoder until the client is closed. */
  ondecoded: (packet: Packet) => void;
  /** Handles a packet of this namespace; Engine.IO 3 adds a query to the name. */
  _parseNamespace(packet: object): {readonly namespace: string};
  /** Sockets on the connection, by namespace. */
  readonly nsps: Map<string, Socket>;
  /** Sockets on the connection, by id. */
  readonly sockets: ReadonlyMap<string, Socket>;
  /** Sends the output of an encoder. */
  writeToEngine(encoded: unknown, flags: object): void;
}

export type Middleware = (socket: Socket, next: (error?: Error) => void) => unknown;

interface NamespaceInternals {
  /** Sockets whose middleware has not finished. */
  readonly _preConnectSockets: ReadonlyMap<string, Socket>;
  /** Middleware, added by `use`. */
  readonly _fns: Middleware[];
  /** Id of the next event that asks for an ack. */
  _ids: number;
  /** Called with `connect` and `connection`. */
  emitReserved: (event: string, ...args: unknown[]) => boolean;
  /** Called with an event of another node: its name first, and an ack last if there is one. */
  _onServerSideEmit: (args: unknown[]) => void;
  /** Called with each client that joins. */
  _add: (
    client: Socket['client'],
    auth: object,
    joined: (socket: Socket) => void,
  ) => unknown;
  /** Called with each socket that the middleware admits. */
  _doConnect: (socket: Socket, joined: (socket: Socket) => void) => void;
  /** Called with each socket that leaves, or that is refused while it joins. */
  _remove: (socket: Socket) => void;
  /** Creates its adapter, or replaces it. */
  _initAdapter(): void;
}

interface AdapterInternals {
  /** Calls back with each socket of this node that the options select. */
  apply: (
    options: {readonly flags?: {readonly timeout?: number}},
    run: (socket: Socket) => void,
  ) => void;
}

export function adapterInternalsOf(adapter: Namespace['adapter']): AdapterInternals {
  return adapter as unknown as AdapterInternals;
}

interface ParentNamespaceInternals {
  readonly children: Set<Namespace>;
  createChild: (name: string) => Namespace;
}

export function parentNamespacesOf(io: IoServer): ReadonlyMap<unknown, Namespace> {
  return (io as unknown as {parentNsps: ReadonlyMap<unknown, Namespace>}).parentNsps;
}

export function internalsOf(socket: Socket): SocketInternals {
  return socket as unknown as SocketInternals;
}

interface JoiningInternals {
  /** Decides on a namespace that does not exist, and creates it when a pattern matches. */
  _checkNamespace: (
    this: JoiningInternals,
    name: string,
    auth: object,
    decide: (namespace: unknown) => void,
  ) => void;
}

/** socket.io decides there on a namespace that a client wants to join and that does not exist. */
export function joiningOf(io: IoServer): JoiningInternals {
  return io;
}

/** Makes broadcasts; each of its methods returns a new one. */
export type Operator = ReturnType<Namespace['to']>;

type OperatorParts = Required<ConstructorParameters<typeof BroadcastOperator>>;

interface OperatorInternals {
  readonly adapter: OperatorParts[0];
  readonly rooms: OperatorParts[1];
  readonly exceptRooms: OperatorParts[2];
  readonly flags: OperatorParts[3];
}

export function operatorOf(operator: Operator): OperatorInternals {
  return operator as unknown as OperatorInternals;
}

/** Returns a socket of `fetchSockets`. A socket of another node has an operator that reaches it. */
export function remoteSocketOf(socket: object): {operator?: Operator} {
  return socket;
}

/** Returns the sockets on the same connection as this one, with this one. */
export function socketsOnConnection(socket: Socket): ReadonlyMap<string, Socket> {
  return clientOf(socket.client).sockets;
}

export function clientOf(client: Socket['client']): ClientInternals {
  return client as unknown as ClientInternals;
}

/** Sockets whose middleware has not finished, by id. */
export function connectingSockets(namespace: Namespace): ReadonlyMap<string, Socket> {
  return namespaceInternalsOf(namespace)._preConnectSockets;
}

export function namespaceInternalsOf(namespace: Namespace): NamespaceInternals {
  return namespace as unknown as NamespaceInternals;
}

/** Children of a pattern's parent namespace; `undefined` for any other namespace. */
export function childrenOf(namespace: Namespace): Set<Namespace> | undefined {
  return (namespace as unknown as Partial<ParentNamespaceInternals>).children;
}

export function parentInternalsOf(parent: Namespace): ParentNamespaceInternals {
  return parent as unknown as ParentNamespaceInternals;
}
