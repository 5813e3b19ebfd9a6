import {EventEmitter, once} from 'node:events';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {Namespace, Server, Socket} from 'socket.io';
import {checkParts as checkAll, refuseVersion} from '../common/private-parts';
import type {PrivateParts} from '../common/private-parts';

/** The private parts of socket.io that this package relies on, by class, and the type of each. */
export const PRIVATE_PARTS = {
  Server: {
    _parser: 'object',
    encoder: 'object',
    _nsps: 'object',
    parentNsps: 'object',
    _opts: 'object',
    _checkNamespace: 'function',
    bind: 'function',
  },
  Namespace: {
    _fns: 'object',
    _preConnectSockets: 'object',
    _add: 'function',
    _doConnect: 'function',
    _remove: 'function',
    _initAdapter: 'function',
    _onServerSideEmit: 'function',
    emitReserved: 'function',
  },
  ParentNamespace: {children: 'object', createChild: 'function'},
  Adapter: {
    addAll: 'function',
    del: 'function',
    delAll: 'function',
    broadcast: 'function',
    persistSession: 'function',
    restoreSession: 'function',
    encoder: 'object',
  },
  Socket: {
    fns: 'object',
    acks: 'object',
    flags: 'object',
    onevent: 'function',
    onack: 'function',
    packet: 'function',
    registerAckCallback: 'function',
    emitReserved: 'function',
    notifyOutgoingListeners: 'function',
    _cleanup: 'function',
    _error: 'function',
    _onclose: 'function',
  },
  Client: {
    decoder: 'object',
    ondecoded: 'function',
    nsps: 'object',
    sockets: 'object',
    server: 'object',
    _parseNamespace: 'function',
    writeToEngine: 'function',
  },
  Encoder: {encode: 'function'},
  Decoder: {add: 'function', destroy: 'function'},
} as const satisfies Record<string, PrivateParts>;

type Owner = keyof typeof PRIVATE_PARTS;

/** A connection that is none: just enough for socket.io to make a client and a socket for it. */
class SampleConnection extends EventEmitter {
  // Its clients join `/` by themselves.
  readonly protocol = 3;
  readonly id = 'sample';
  readonly readyState = 'open';
  readonly transport = {name: 'polling'};
  readonly request = {headers: {}, connection: {}, url: '/', _query: {}};

  write(): void {
    // Nobody reads it.
  }

  close(): void {
    // There is nothing to close.
  }
}

/** How long, in ms, the sample connection may take; without I/O it takes a few turns. */
const PATIENCE = 2000;

/**
 * Tries the installed socket.io in memory.
 *
 * @throws Error when it lacks a private part that this package relies on, or does not call it: then it could
 * hand to the application what an unauthenticated client sends.
 */
export async function checkSocketIo(): Promise<void> {
  // Without these nothing can be tried.
  checkParts('Namespace', Namespace.prototype, 'function');
  checkParts('Socket', Socket.prototype, 'function');
  const io = new Server();
  checkParts('Server', io);
  const {_parser: parser, encoder} = io as unknown as {
    _parser: {Decoder: new () => object};
    encoder: object;
  };
  const namespace = io.of('/');
  checkParts('Namespace', namespace);
  checkParts('ParentNamespace', io.of(/^\/sample$/));
  checkParts('Adapter', namespace.adapter);
  checkParts('Encoder', encoder);
  checkParts('Decoder', new parser.Decoder());
  const connection = new SampleConnection();
  const socket = await connect(io, connection);
  checkParts('Socket', socket);
  checkParts('Client', socket.client);
  await checkPackets(socket, connection);
}

async function connect(io: Server, connection: SampleConnection): Promise<Socket> {
  const engine = new EventEmitter();
  const signal = AbortSignal.timeout(PATIENCE);
  try {
    io.bind(engine as Parameters<Server['bind']>[0]);
    const connected = once(io.of('/'), 'connection', {signal}) as Promise<[Socket]>;
    engine.emit('connection', connection);
    const [socket] = await connected;
    return socket;
  } catch (error) {
    return refuseVersion('socket.io', 'Client', error);
  }
}

/** @param only - Checks the parts of that type alone. */
function checkParts(owner: Owner, found: object, only?: 'function'): void {
  const parts: PrivateParts = PRIVATE_PARTS[owner];
  const checked = Object.entries(parts).filter(([, type]) => !only || only === type);
  checkAll('socket.io', owner, found, Object.fromEntries(checked));
}

/** Everything that a client sends must come through the function that this package puts on its socket. */
async function checkPackets(socket: Socket, connection: SampleConnection): Promise<void> {
  let received = false as boolean;
  Object.assign(socket, {onevent: () => (received = true)});
  connection.emit('data', '2["sample"]');
  await nextTurn();
  if (!received) refuseVersion('socket.io', 'Socket.onevent');
}
