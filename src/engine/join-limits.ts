import type {Server as IoServer, Socket} from 'socket.io';
import {toUnauthorized} from '../wire/failures';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {areRefusalsDebugged, debugRefusal} from './debug-lines';
import {joiningOf} from './internals';
import {PacketTypes, parserOf} from './packets';
import {cancelReservation, countSockets, hasFreeSlot, reserveSlot} from './socket-slots';

type Connection = Socket['conn'];

/** Most sockets that a connection may have; `false` for no limit. */
type MaxSockets = () => number | false;

const limits = new WeakMap<IoServer, MaxSockets>();

/** The connection whose join packet socket.io reads next. */
let joining: Connection | undefined;

/** Called immediately before socket.io reads a packet that joins a namespace. */
export function recordJoining(connection: Connection | undefined): void {
  joining = connection;
  queueMicrotask(forgetJoining);
}

// The connection must not be kept until the next one comes.
function forgetJoining(): void {
  joining = undefined;
}

/**
 * Limits the number of namespaces that a connection has joined. A client over the limit is refused before a
 * pattern creates a child namespace for it, which is most of the cost of a join.
 */
export function limitJoins(io: IoServer, maxSockets: MaxSockets): void {
  limits.set(io, maxSockets);
  const server = joiningOf(io);
  const {_checkNamespace: check} = server;
  server._checkNamespace = (name, auth, decide) => {
    const connection = joining;
    if (connection && connection.readyState !== 'open') return;
    const refusal = connection && joinRefusal(connection, io);
    if (refusal) {
      sendRefusal(io, connection, name, refusal);
      return;
    }
    if (connection) reserveSlot(connection);
    check.call(
      server,
      name,
      auth,
      areRefusalsDebugged() ? debugged(name, decide) : decide,
    );
  };
}

type Decide = Parameters<ReturnType<typeof joiningOf>['_checkNamespace']>[2];

function debugged(name: string, decide: Decide): Decide {
  return namespace => {
    if (!namespace) debugRefusal('A socket of', name, 'Invalid namespace');
    decide(namespace);
  };
}

/** Returns the reason why a socket may not join its namespace, when its connection has joined too many. */
export function refusalOfJoin({conn, nsp}: Socket): SocketError | undefined {
  cancelReservation(conn);
  return joinRefusal(conn, nsp.server);
}

function joinRefusal(connection: Connection, io: IoServer): SocketError | undefined {
  if (!hasFreeSlot(connection)) return SocketErrors.tooManyNamespaces();
  const most = limits.get(io)?.() ?? false;
  return most !== false && countSockets(connection) >= most
    ? SocketErrors.tooManySockets()
    : undefined;
}

/** Answers like socket.io when a middleware refuses a socket. */
function sendRefusal(
  io: IoServer,
  connection: Connection,
  nsp: string,
  refusal: SocketError,
): void {
  debugRefusal('A socket of', nsp, refusal.message);
  const body = toUnauthorized(refusal);
  const data = connection.protocol === 3 ? body : {message: refusal.message, data: body};
  const packet = {type: PacketTypes.CONNECT_ERROR, nsp, data};
  for (const encoded of parserOf(io).encoder.encode(packet)) connection.write(encoded);
}
