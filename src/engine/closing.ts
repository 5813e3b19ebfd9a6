import type {ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import type {Server as IoServer, Socket} from 'socket.io';
import {WebSocket} from 'ws';
import {unreadResponse} from './unread-responses';
import {isMatching} from './matching';
import {clientOf, connectingSockets, socketsOnConnection} from './internals';
import {closingOf, webSocketOf} from './engine-internals';
import {PacketTypes} from './packets';

/** How long, in ms, a closed connection may take to say goodbye before it is cut. */
export const CLOSE_GRACE = 500;

/** How long, in ms, a transport that carries no namespace is kept, for one that is still connecting. */
export const IDLE_TRANSPORT_TIMEOUT = 100;

/** Whether nothing is left of a closed connection that its client would have to answer. */
export function isGone(connection: Socket['conn']): boolean {
  if (upgrading.get(connection)?.size || unreadResponse(connection)) return false;
  const client = webSocketOf(connection);
  if (client) return client.readyState === WebSocket.CLOSED;
  return !closingOf(connection.transport);
}

/** Closes a connection without waiting for its client, dropping what it was not sent yet. */
export function cutConnection(connection: Socket['conn']): void {
  connection.close(true);
  // A polling transport that is closing already waits for its client's next request.
  closingOf(connection.transport)?.();
}

/** Closes a connection, and cuts it if its client does not answer. */
export function endConnection(connection: Socket['conn']): void {
  releaseWhenClosed(connection);
  connection.close();
  terminateSoon(connection);
}

/** A polling transport that is closed, or that an upgrade leaves behind, would wait for a last request. */
export function releaseWhenClosed(connection: Socket['conn']): void {
  const {transport} = connection;
  if (transport.name !== 'polling') return;
  const release = () => closingOf(transport)?.();
  if (connection.readyState === 'closed') release();
  else connection.once('close', release);
}

/** Cuts a connection that is being closed, by whomever, if its client does not answer in time. */
export function terminateSoon(connection: Socket['conn']): void {
  setTimeout(() => terminate(connection), CLOSE_GRACE).unref();
}

/** Ends a connection whose client does not answer the closing handshake, down to its TCP connection. */
export function terminate(connection: Socket['conn']): void {
  cutConnection(connection);
  webSocketOf(connection)?.terminate();
  unreadResponse(connection)?.destroy();
  for (const socket of upgrading.get(connection) ?? []) socket.destroy();
}

/** TCP connections by which clients try to upgrade: Engine.IO lets go of them without a word. */
const upgrading = new WeakMap<Socket['conn'], Set<Duplex>>();

/** Ends the TCP connection of an upgrade with the connection that it is for, whatever comes of it. */
export function watchUpgrade(io: IoServer, sid: unknown, socket: Duplex): void {
  const connections = io.engine['clients'];
  if (typeof sid !== 'string' || !Object.hasOwn(connections, sid)) return;
  const connection = connections[sid];
  const known = upgrading.get(connection) ?? new Set();
  upgrading.set(connection, known.add(socket));
  socket.once('close', () => known.delete(socket));
}

/** Cuts the TCP connection of a request that is answered before all of it has come, and never may. */
export function cutUnfinished(this: ServerResponse): void {
  const {req} = this;
  if (req.complete) return;
  setTimeout(() => req.complete || req.socket.destroy(), CLOSE_GRACE).unref();
}

/** Clients that the server has ended a namespace of: which ones would grow without bound. */
const tolerant = new WeakSet<Socket['client']>();

/**
 * Ignores what a client sends to a namespace that it has not joined, as it does before it knows that the
 * server has ended it. socket.io takes that for a protocol error and closes the connection under the
 * other namespaces.
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

/** The component's own socket.io servers: on one that the application made, transports are its own. */
const managed = new WeakSet<IoServer>();

export function manageTransports(io: IoServer): void {
  managed.add(io);
}

/**
 * Closes the transport of a socket that has left its namespace, once nothing else uses it. Other
 * namespaces on the same connection, and those still connecting, are left alone.
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
