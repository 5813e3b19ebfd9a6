import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Server as IoServer, Namespace, Socket} from 'socket.io';
import type {WebSocket} from 'ws';

/**
 * Everything of socket.io 4 that this package relies on and that its types keep private. A test
 * holds each against the installed version.
 */
export interface SocketInternals {
  /** Guards, as given to `socket.use`. */
  readonly fns: ((packet: unknown[], next: (error?: unknown) => void) => unknown)[];
  /** Names the session of connection state recovery. */
  readonly pid: string;
  /** What waits for answers to the server's events, by the id of the event. */
  readonly acks: Map<number | null | undefined, (...values: unknown[]) => unknown>;
  /** Of the emit under way: in ms, how long its ack waits. */
  readonly flags: {readonly timeout?: number};
  packet(packet: object, flags?: object): void;
  notifyOutgoingListeners(packet: object): void;
  /** Takes it out of its namespace and all rooms. */
  _cleanup: () => void;
  /** Refuses it while it joins. */
  _error: (body: unknown) => void;
  /** Ends it once it has joined. */
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
  /** Where a packet goes; Engine.IO 3 puts a query behind the name. */
  _parseNamespace(packet: object): {readonly namespace: string};
  /** Sockets on the connection, by namespace. */
  readonly nsps: Map<string, Socket>;
  /** Sockets on the connection, one a namespace. */
  readonly sockets: ReadonlyMap<string, Socket>;
  /** Sends what an encoder has made of a packet. */
  writeToEngine(encoded: unknown, flags: object): void;
}

type Middleware = (socket: Socket, next: (error?: Error) => void) => void;

interface NamespaceInternals {
  /** Sockets whose middleware has not finished. */
  readonly _preConnectSockets: ReadonlyMap<string, Socket>;
  /** Middleware, as given to `use`. */
  readonly _fns: Middleware[];
  /** Called with `connect` and `connection`. */
  emitReserved: (event: string, ...args: unknown[]) => boolean;
  /** Called with an event of another node, its name first and maybe an ack last. */
  _onServerSideEmit: (args: unknown[]) => void;
  /** Called with each client that joins. */
  _add: (
    client: Socket['client'],
    auth: object,
    joined: (socket: Socket) => void,
  ) => unknown;
  /** Called with each socket that middleware lets in. */
  _doConnect: (socket: Socket, joined: (socket: Socket) => void) => void;
  /** Called with each socket that leaves, or is refused while it joins. */
  _remove: (socket: Socket) => void;
  /** Makes it an adapter, also in place of one that it has. */
  _initAdapter(): void;
}

interface ParentNamespaceInternals {
  readonly children: Set<Namespace>;
  /** Called with the name of a child that is not there. */
  createChild: (name: string) => Namespace;
}

interface ServerInternals {
  readonly parentNsps: ReadonlyMap<unknown, Namespace>;
}

/** What a decoder tells of. */
export interface DecodedPacket {
  readonly type: number;
  data: object;
}

/** A packet that is to be sent. */
interface OutgoingPacket {
  readonly type: number;
  readonly nsp: string;
  readonly data?: unknown;
}

/** A socket.io server's parser, which makes a decoder for each connection. */
interface ParserInternals {
  /** Encodes all that is sent; adapters and connections keep it. */
  readonly encoder: {
    /** Gives the text and the attachments after it. */
    encode: (packet: OutgoingPacket) => (string | Buffer)[];
  };
  _parser: {
    Decoder: new () => {
      /** Throws at what cannot be read, which closes the connection. */
      add(data: unknown): void;
      on(event: 'decoded', listener: (packet: DecodedPacket) => void): unknown;
      /** Called when socket.io is done with the connection, which may not be closed yet. */
      destroy(): void;
    };
  };
}

/** Types of socket.io's packets. */
export const PacketTypes = {
  CONNECT: 0,
  DISCONNECT: 1,
  EVENT: 2,
  ACK: 3,
  CONNECT_ERROR: 4,
} as const;

export function parserOf(io: IoServer): ParserInternals {
  return io as unknown as ParserInternals;
}

/**
 * Answers an event, and returns what is sent: by default a text, and what is binary.
 *
 * @throws Error when it cannot be encoded.
 */
export function sendAck(socket: Socket, id: number, data: unknown[]): readonly unknown[] {
  const {client, nsp} = socket;
  const packet = {type: PacketTypes.ACK, nsp: nsp.name, id, data};
  const encoded = parserOf(nsp.server).encoder.encode(packet);
  if (client.conn.readyState === 'open') {
    clientOf(client).writeToEngine(encoded, {compress: true});
  }
  return encoded;
}

export function internalsOf(socket: Socket): SocketInternals {
  return socket as unknown as SocketInternals;
}

interface JoiningInternals {
  /** Decides on a namespace that does not exist yet, and makes it where a pattern matches. */
  _checkNamespace: (
    this: JoiningInternals,
    name: string,
    auth: object,
    decide: (namespace: unknown) => void,
  ) => void;
}

/** Where socket.io decides on a namespace that a client wants to join and that does not exist. */
export function joiningOf(io: IoServer): JoiningInternals {
  return io;
}

/** What makes broadcasts, shared by all of them. */
interface OperatorInternals {
  readonly adapter: Namespace['adapter'];
  emit(this: OperatorInternals, event: string, ...args: unknown[]): boolean;
}

export function operatorOf(namespace: Namespace): OperatorInternals {
  return Object.getPrototypeOf(namespace.except([])) as OperatorInternals;
}

/** Sockets on the same connection as this one, itself included. */
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

/** Makes a namespace that a pattern has created as its child, if it is one, stand for itself. */
export function detachFromPattern(namespace: Namespace): void {
  const {parentNsps} = namespace.server as unknown as ServerInternals;
  for (const parent of parentNsps.values()) {
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

/** Children of a pattern's parent namespace; `undefined` for any other namespace. */
export function childrenOf(namespace: Namespace): Set<Namespace> | undefined {
  return (namespace as unknown as Partial<ParentNamespaceInternals>).children;
}

export function parentInternalsOf(parent: Namespace): ParentNamespaceInternals {
  return parent as unknown as ParentNamespaceInternals;
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

/** A transport of Engine.IO's. */
interface TransportInternals {
  readonly name: string;
  /** Called with each request's payload. */
  onData: (data: string | Buffer) => void;
  /** Called with each packet of it. */
  onPacket: (packet: {readonly data?: unknown}) => void;
  send: (packets: readonly object[]) => void;
  /** Of polling: the response to the request that waits. */
  readonly res: ServerResponse;
  /** Of polling: writes that response, and calls back when the next request may come. */
  doWrite: (
    data: string | Buffer,
    options: object,
    written: (error?: Error) => void,
  ) => void;
}

/** Most bytes of a request; since Engine.IO 6.6.13 kept in the options, which each transport has of its own. */
interface RequestLimit {
  maxHttpBufferSize: number;
}

/** Where a polling transport keeps the limit of its requests. */
export function requestLimitOf(connection: Socket['conn']): RequestLimit {
  const transport = connection.transport as unknown as RequestLimit & {
    opts?: RequestLimit;
  };
  return transport.opts ?? transport;
}

interface WebSocketInternals {
  readonly socket?: {readonly _receiver?: {_maxPayload: number}};
}

/** What reads the messages of a websocket, as `ws` does it; `undefined` for another engine's. */
export function receiverOf(
  connection: Socket['conn'],
): {_maxPayload: number} | undefined {
  return (connection.transport as unknown as WebSocketInternals).socket?._receiver;
}

export function transportOf(connection: Socket['conn']): TransportInternals {
  return connection.transport as unknown as TransportInternals;
}

/** The `ws` of a websocket transport. */
export function webSocketOf(connection: Socket['conn']): WebSocket | undefined {
  return (connection.transport as {socket?: WebSocket}).socket;
}

/** What ends a polling transport that waits for a last request to answer with its goodbye. */
export function closingOf(
  transport: Socket['conn']['transport'],
): (() => void) | null | undefined {
  return (transport as {shouldClose?: (() => void) | null}).shouldClose;
}

/** A request as Engine.IO hands it on. */
export interface EngineRequest extends IncomingMessage {
  _query?: {readonly sid?: string; readonly transport?: string; readonly j?: string};
  /** The websocket that it has become. */
  websocket?: object;
}

interface EngineInternals {
  /** Says which error a request is answered with, if any. */
  verify: (
    request: EngineRequest,
    upgrade: boolean,
    answer: (
      code?: number,
      context?: {readonly message?: string | null | undefined},
    ) => void,
  ) => void;
}

/** Engine.IO's error that is answered HTTP 400. */
export const BAD_REQUEST = 3;

/** Engine.IO's error that is answered HTTP 403. */
export const FORBIDDEN = 4;

export function engineOf(engine: IoServer['engine']): EngineInternals {
  return engine as unknown as EngineInternals;
}
