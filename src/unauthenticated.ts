import type {Socket} from 'socket.io';
import type {UnauthenticatedCount} from './connection-limits';
import {delayOf} from './delay';
import {MAX_UNAUTHENTICATED_SOCKETS} from './protocol';
import {internalsOf, socketsOnConnection} from './socket-io-internals';
import {
  endConnection,
  IDLE_TRANSPORT_TIMEOUT,
  isGone,
  releaseWhenClosed,
  terminateSoon,
} from './transport';

/** What is known of a connection until one of its sockets has authenticated. */
interface Unauthenticated {
  /** When the first of its sockets joined a namespace, by `performance.now()`. */
  since?: number;
  /** Ends it. */
  deadline?: NodeJS.Timeout;
  /** Where it is counted. */
  readonly counted: UnauthenticatedCount | undefined;
}

/** Of each connection, until one of its sockets has authenticated, and that one has. */
const unauthenticated = new WeakMap<Socket['conn'], Unauthenticated | 'authenticated'>();

function unauthenticatedOf(
  connection: Socket['conn'],
  counted?: UnauthenticatedCount,
): Unauthenticated | undefined {
  const known = unauthenticated.get(connection);
  if (known === 'authenticated') return undefined;
  if (known) return known;
  const made = {counted};
  unauthenticated.set(connection, made);
  if (counted) counted.unauthenticated++;
  return made;
}

/** What a connection was watched for is over. */
function forget(connection: Socket['conn']): void {
  const known = unauthenticatedOf(connection);
  if (!known) return;
  clearTimeout(known.deadline);
  if (known.counted) known.counted.unauthenticated--;
}

/**
 * Ends a connection unless one of its sockets authenticates in time: whether it joins no namespace, or
 * has left all, or waits for a middleware. Lets go of it once it closes, by whomever.
 *
 * @param timeout - ms, to which a little is added for what its sockets are told when their own time is
 * over; `undefined` for no limit.
 * @param counted - Where it is counted until then.
 */
export function watchConnection(
  connection: Socket['conn'],
  timeout: number | undefined,
  counted: UnauthenticatedCount,
): void {
  const known = unauthenticatedOf(connection, counted);
  if (timeout !== undefined && known) {
    const wait = delayOf(timeout + IDLE_TRANSPORT_TIMEOUT);
    known.deadline = setTimeout(endConnection, wait, connection);
  }
  connection.on('close', letGo);
  releaseWhenClosed(connection);
}

/** A listener that all connections share. */
function letGo(this: Socket['conn']): void {
  forget(this);
  unauthenticated.delete(this);
  for (const socket of entering.get(this) ?? []) {
    // socket.io would keep one that is joining until its middleware calls `next`, if ever.
    internalsOf(socket)._cleanup();
  }
  if (!isGone(this)) terminateSoon(this);
}

/**
 * For how long, in ms, no socket of a socket's connection has authenticated. A client cannot win
 * time by going from one namespace to the next.
 */
export function unauthenticatedTime({conn}: Socket): number {
  const known = unauthenticatedOf(conn);
  if (!known) return 0;
  if (known.since === undefined) known.deadline?.refresh();
  known.since ??= performance.now();
  return performance.now() - known.since;
}

/** Lets a connection's later sockets take their own time. */
export function noteAuthenticated(socket: Socket): void {
  const {conn} = socket;
  forget(conn);
  unauthenticated.set(conn, 'authenticated');
  leavePlace(socket);
}

/** Whether a socket of a connection is authenticated, or was. */
export function isAuthenticated(connection: Socket['conn']): boolean {
  return unauthenticated.get(connection) === 'authenticated';
}

/** Sockets that have joined a namespace or are joining one, and have not authenticated. */
const entering = new WeakMap<Socket['conn'], Set<Socket>>();

/** Counts a socket among those of its connection that are not authenticated, if there may be one more. */
export function takePlace(socket: Socket): boolean {
  const sockets = entering.get(socket.conn) ?? new Set();
  if (sockets.size >= MAX_UNAUTHENTICATED_SOCKETS) return false;
  entering.set(socket.conn, sockets.add(socket));
  return true;
}

/** Makes room for another: a socket is authenticated, or its namespace has let go of it. */
export function leavePlace(socket: Socket): void {
  const sockets = entering.get(socket.conn);
  sockets?.delete(socket);
  if (sockets?.size === 0) entering.delete(socket.conn);
}

/**
 * Whether a socket's connection has another in the same namespace, or joining it, out of its client's
 * reach. With Engine.IO 3 both have the same id, so that socket.io itself only knows the later one.
 */
export function isJoinedTwice(socket: Socket): boolean {
  const joined = socketsOnConnection(socket).values();
  return [...joined, ...(entering.get(socket.conn) ?? [])].some(
    other => other !== socket && other.nsp === socket.nsp,
  );
}
