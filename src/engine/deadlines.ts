import type {Socket} from 'socket.io';
import {delayOf} from '../common/timers';
import {endConnection, IDLE_TRANSPORT_TIMEOUT, isGone, terminateSoon} from './closing';
import {releaseSlot, removeJoining} from './socket-slots';

type Connection = Socket['conn'];

/** Counts the connections without any authenticated socket. */
export interface UnauthenticatedCount {
  unauthenticated: number;
}

/** The deadline of a connection until one of its sockets has authenticated. */
interface Unauthenticated {
  /** Time at which the first of its sockets joined a namespace, by `performance.now()`. */
  since?: number;
  deadline?: NodeJS.Timeout;
  /** Number of its sockets that wait for their turn to authenticate. */
  waiting: number;
  readonly count: UnauthenticatedCount | undefined;
}

const STATE = Symbol('state');

/** A connection and its state. Weak maps with an entry for each connection slow the garbage collector. */
interface Watched {
  [STATE]?: Unauthenticated | 'authenticated' | undefined;
}

function unauthenticatedOf(
  connection: Connection,
  count?: UnauthenticatedCount,
): Unauthenticated | undefined {
  const watched = connection as Watched;
  const {[STATE]: state} = watched;
  if (state === 'authenticated') return undefined;
  if (state) return state;
  if (count) count.unauthenticated++;
  return (watched[STATE] = {count, waiting: 0});
}

/** Ends the deadline of a connection, and no longer counts it. */
function endDeadline(connection: Connection): void {
  const state = unauthenticatedOf(connection);
  if (!state) return;
  clearTimeout(state.deadline);
  if (state.count) state.count.unauthenticated--;
}

/**
 * Ends a connection unless one of its sockets authenticates in time. Other states do not matter: it may have
 * joined no namespace, have left all, or wait for a middleware. {@link releaseConnection} ends the watch.
 *
 * @param timeout - In ms; `undefined` for no limit. A little is added, so that its sockets get the message
 * that their own time is over.
 * @param count - Counts the connection until one of its sockets authenticates.
 */
export function watchConnection(
  connection: Connection,
  timeout: number | undefined,
  count: UnauthenticatedCount,
): void {
  const state = unauthenticatedOf(connection, count);
  if (timeout !== undefined && state) {
    const wait = delayOf(timeout + IDLE_TRANSPORT_TIMEOUT);
    state.deadline = setTimeout(endUnlessWaiting, wait, connection);
  }
}

function endUnlessWaiting(connection: Connection): void {
  if (unauthenticatedOf(connection)?.waiting === 0) endConnection(connection);
}

/** Keeps a connection for as long as one of its sockets waits for its turn to be authenticated. */
export function pauseDeadline({conn}: Socket): void {
  const state = unauthenticatedOf(conn);
  if (state) state.waiting++;
}

/**
 * Restarts the deadline of a connection when one of its sockets no longer waits.
 *
 * @param started - True when it is the socket's turn. A socket that gives up its turn gains no time.
 */
export function resumeDeadline({conn}: Socket, started: boolean): void {
  const {[STATE]: state} = conn as Watched;
  if (!state || state === 'authenticated') return;
  state.waiting--;
  if (started) state.since = performance.now();
  state.deadline?.refresh();
}

/** Releases a connection that is closed. */
export function releaseConnection(connection: Connection): void {
  endDeadline(connection);
  (connection as Watched)[STATE] = undefined;
  removeJoining(connection);
  if (!isGone(connection)) terminateSoon(connection);
}

/**
 * Returns the time, in ms, in which no socket of this connection has authenticated. A client gains no time
 * when it changes its namespace.
 */
export function unauthenticatedTime({conn}: Socket): number {
  const state = unauthenticatedOf(conn);
  if (!state) return 0;
  const now = performance.now();
  if (state.since === undefined) state.deadline?.refresh();
  state.since ??= now;
  return now - state.since;
}

/** Ends the deadline of a socket's connection. Later sockets of the connection have only their own time. */
export function markAuthenticated(socket: Socket): void {
  const {conn} = socket;
  endDeadline(conn);
  (conn as Watched)[STATE] = 'authenticated';
  releaseSlot(socket);
}

/** Returns true if a socket of a connection is, or was, authenticated. */
export function isAuthenticated(connection: Connection): boolean {
  return (connection as Watched)[STATE] === 'authenticated';
}
