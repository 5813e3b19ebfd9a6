import type {Server as IoServer, Socket} from 'socket.io';
import {
  clientOf,
  closingOf,
  connectingSockets,
  socketsOnConnection,
} from './socket-io-internals';
import type {NamespaceMatcher} from './types';

/** How long, in ms, a closed connection may take to say goodbye before it is cut. */
export const CLOSE_GRACE = 500;

/** How long, in ms, a transport that carries no namespace is kept, for one that is still connecting. */
const IDLE_TRANSPORT_TIMEOUT = 100;

/** socket.io's packet type of a connection to a namespace. */
const CONNECT = 0;

/** Namespace functions under way; socket.io does not tell them whose connection they decide on. */
const matching = new WeakMap<IoServer, number>();

/** Lets idle transports wait for a namespace function. */
export function countMatching(io: IoServer, matcher: NamespaceMatcher): NamespaceMatcher {
  const count = (change: number) => matching.set(io, (matching.get(io) ?? 0) + change);
  return (name, auth, next) => {
    let answered = false;
    count(1);
    matcher(name, auth, (error, allowed) => {
      if (!answered) count(-1);
      answered = true;
      next(error, allowed);
    });
  };
}

/** Closes a connection without waiting for its client, dropping what it was not sent yet. */
export function cutConnection(connection: Socket['conn']): void {
  connection.close(true);
  // A polling transport that is closing already waits for its client's next request.
  closingOf(connection)?.();
}

/** Namespaces that the server ended on each connection. */
const leftNamespaces = new WeakMap<Socket['client'], Set<string>>();

/**
 * Ignores what a client sent to a namespace before it could know that it has left it. socket.io
 * takes that for a protocol error and closes the connection under the other namespaces.
 */
export function ignoreLatePackets({client, nsp}: Socket): void {
  const known = leftNamespaces.get(client);
  known?.add(nsp.name);
  if (known) return;
  const left = new Set([nsp.name]);
  leftNamespaces.set(client, left);
  const internals = clientOf(client);
  const {decoder, ondecoded} = internals;
  decoder.off('decoded', ondecoded);
  internals.ondecoded = packet => {
    const late = left.has(packet.nsp) && packet.type !== CONNECT;
    if (!late || internals.nsps.has(packet.nsp)) ondecoded(packet);
  };
  decoder.on('decoded', internals.ondecoded);
}

/**
 * Closes the transport of a socket that has left its namespace, once nothing else uses it. Other
 * namespaces on the same connection, and those still connecting, are left alone.
 */
export function closeIdleTransport(socket: Socket): void {
  const {conn} = socket;
  // A polling transport that is closed would keep waiting for a last request.
  const release = () => closingOf(conn)?.();
  const check = () => {
    if (conn.readyState !== 'open' || socketsOnConnection(socket).size > 0) return;
    if (isConnecting(socket)) {
      schedule();
    } else {
      conn.once('close', release);
      conn.close();
    }
  };
  const schedule = () => setTimeout(check, IDLE_TRANSPORT_TIMEOUT).unref();
  if (conn.readyState === 'open') schedule();
  else if (conn.readyState === 'closed') release();
  else conn.once('close', release);
}

function isConnecting({client, nsp}: Socket): boolean {
  if (matching.get(nsp.server)) return true;
  for (const namespace of nsp.server._nsps.values()) {
    for (const socket of connectingSockets(namespace)) {
      if (socket.client === client) return true;
    }
  }
  return false;
}
