import type {ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import type {Server as IoServer, Socket} from 'socket.io';
import {WebSocket} from 'ws';
import {unreadResponse} from './unread-responses';
import {isMatching} from './matching';
import {clientOf, connectingSockets, socketsOnConnection} from './internals';
import {closingOf, webSocketOf} from './engine-internals';
import {PacketTypes} from './packets';

/** Time, in ms, for the closing handshake of a connection; then the connection is cut. */
export const CLOSE_GRACE = 500;

/** Time, in ms, that a transport without namespaces is kept for a namespace that is still joining. */
export const IDLE_TRANSPORT_TIMEOUT = 100;

/** Returns true when a connection is closed and its client owes no answer. */
export function isGone(connection: Socket['conn']): boolean {
  if (upgrading.get(connection)?.size || unreadResponse(connection)) return false;
  const client = webSocketOf(connection);
  if (client) return client.readyState === WebSocket.CLOSED;
  return !closingOf(connection.transport);
}

/** Closes a connection without waiting for its client; unsent messages are dropped. */
export function cutConnection(connection: Socket['conn']): void {
  connection.close(true);
  // A closing polling transport waits for the next request of its client.
  closingOf(connection.transport)?.();
}

/** Closes a connection, and cuts it if its client does not answer. */
export function endConnection(connection: Socket['conn']): void {
  releaseWhenClosed(connection);
  connection.close();
  terminateSoon(connection);
}

/** A polling transport that is closed, or left by an upgrade, would wait for a last request. */
export function releaseWhenClosed(connection: Socket['conn']): void {
  const {transport} = connection;
  if (transport.name !== 'polling') return;
  const release = () => closingOf(transport)?.();
  if (connection.readyState === 'closed') release();
  else connection.once('close', release);
}

/** Cuts a closing connection if its client does not answer in time, whoever closes it. */
export function terminateSoon(connection: Socket['conn']): void {
  setTimeout(() => terminate(connection), CLOSE_GRACE).unref();
}

/** Ends a connection, and its TCP connection, when the client does not answer the closing handshake. */
export function terminate(connection: Socket['conn']): void {
  cutConnection(connection);
  webSocketOf(connection)?.terminate();
  unreadResponse(connection)?.destroy();
  for (const socket of upgrading.get(connection) ?? []) socket.destroy();
}

/** TCP connections of upgrades: Engine.IO drops them without an event. */
const upgrading = new WeakMap<Socket['conn'], Set<Duplex>>();

/** Ends the TCP connection of an upgrade together with the connection that it belongs to. */
export function watchUpgrade(io: IoServer, sid: unknown, socket: Duplex): void {
  const connections = io.engine['clients'];
  if (typeof sid !== 'string' || !Object.hasOwn(connections, sid)) return;
  const connection = connections[sid];
  const known = upgrading.get(connection) ?? new Set();
  upgrading.set(connection, known.add(socket));
  socket.once('close', () => known.delete(socket));
}

/** Cuts the TCP connection of a request that is answered before its body has arrived completely. */
export function cutUnfinished(this: ServerResponse): void {
  const {req} = this;
  if (req.complete) return;
  setTimeout(() => req.complete || req.socket.destroy(), CLOSE_GRACE).unref();
}

/**
 * Clients with a namespace that the server has ended. A list of these namespaces would grow without bound.
 */
const tolerant = new WeakSet<Socket['client']>();

/**
 * Ignores packets to a namespace that the client has not joined: it sends them until it knows that the server
 * has ended the namespace. socket.io takes such a packet for a protocol error, and closes the connection
 * under the other namespaces.
 */
export function ignoreLatePackets({client}: Socket): void {
  if (tolerant.has(client)) return;
  tolerant.add(client);
  const internals = clientOf(client);
  const {decoder, nsps, ondecoded} = internals;
  decoder.off('decoded', ondecoded);
  internals.ondecoded = packet => {
    const joined = nsps.has(internals._parseNamespace(packet).namespace);
    if (joined || packet.type === PacketTypes.CONNECT) ondecoded(packet);
  };
  decoder.on('decoded', internals.ondecoded);
}

/**
 * The component's own socket.io servers. On a server that the application made, the transports belong to it.
 */
const managed = new WeakSet<IoServer>();

export function manageTransports(io: IoServer): void {
  managed.add(io);
}

/**
 * Closes the transport of a socket that has left its namespace, when no other namespace uses it or is joining
 * on it.
 */
export function closeIdleTransport(socket: Socket): void {
  const {conn} = socket;
  if (!managed.has(socket.nsp.server)) return;
  const check = () => {
    if (conn.readyState !== 'open' || socketsOnConnection(socket).size > 0) return;
    if (isConnecting(socket)) {
      schedule();
    } else {
      endConnection(conn);
    }
  };
  const schedule = () => setTimeout(check, IDLE_TRANSPORT_TIMEOUT).unref();
  if (conn.readyState === 'open') schedule();
  else releaseWhenClosed(conn);
}

function isConnecting({client, nsp}: Socket): boolean {
  if (isMatching(nsp.server)) return true;
  for (const namespace of nsp.server._nsps.values()) {
    for (const socket of connectingSockets(namespace).values()) {
      if (socket.client === client) return true;
    }
  }
  return false;
}
