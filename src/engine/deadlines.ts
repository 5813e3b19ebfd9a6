import type {Socket} from 'socket.io';
import {delayOf} from '../common/timers';
import {MAX_UNAUTHENTICATED_SOCKETS} from '../wire/protocol';
import {clientOf, internalsOf} from './internals';
import {endConnection, IDLE_TRANSPORT_TIMEOUT, isGone, terminateSoon} from './closing';

/** Connections without any authenticated socket, counted. */
export interface UnauthenticatedCount {
  unauthenticated: number;
}

/** What is known of a connection until one of its sockets has authenticated. */
interface Unauthenticated {
  /** When the first of its sockets joined a namespace, by `performance.now()`. */
  since?: number;
  /** Ends it. */
  deadline?: NodeJS.Timeout;
  /** How many of its sockets wait for their turn to be authenticated. */
  waiting: number;
  /** Where it is counted. */
  readonly counted: UnauthenticatedCount | undefined;
}

const KNOWN = Symbol('unauthenticated');
const ENTERING = Symbol('entering');
const CLIENT = Symbol('client');
const LEFT = Symbol('left');
const RESERVED = Symbol('reserved');

/** A connection of Engine.IO's, and what is known of it: weak maps of so many cost the collector. */
interface Watched {
  /** Until one of its sockets has authenticated, and that one has. */
  [KNOWN]?: Unauthenticated | 'authenticated' | undefined;
  /** Sockets that have joined a namespace or are joining one, and have not authenticated. */
  [ENTERING]?: Set<Socket> | undefined;
  /** What socket.io knows of it, from its first socket on. */
  [CLIENT]?: Socket['client'];
  /** How many authentication handlers run for sockets that have left. */
  [LEFT]?: number;
  /** How many sockets socket.io makes right now, whose namespaces it has let them join. */
  [RESERVED]?: number;
}

function watchedOf(connection: Socket['conn']): Watched {
  return connection as Watched;
}

function unauthenticatedOf(
  connection: Socket['conn'],
  counted?: UnauthenticatedCount,
): Unauthenticated | undefined {
  const watched = watchedOf(connection);
  const {[KNOWN]: known} = watched;
  if (known === 'authenticated') return undefined;
  if (known) return known;
  if (counted) counted.unauthenticated++;
  return (watched[KNOWN] = {counted, waiting: 0});
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
 * has left all, or waits for a middleware. {@link letGo} ends that.
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
    known.deadline = setTimeout(endUnlessWaiting, wait, connection);
  }
}

function endUnlessWaiting(connection: Socket['conn']): void {
  if (unauthenticatedOf(connection)?.waiting === 0) endConnection(connection);
}

/** Lets a connection live for as long as one of its sockets waits for its turn to be authenticated. */
export function pauseDeadline({conn}: Socket): void {
  const known = unauthenticatedOf(conn);
  if (known) known.waiting++;
}

/**
 * Starts a connection's time again: a socket of its has waited long enough.
 *
 * @param started - Whether it is its turn. One that has given up its place wins no time.
 */
export function resumeDeadline({conn}: Socket, started: boolean): void {
  const {[KNOWN]: known} = watchedOf(conn);
  if (!known || known === 'authenticated') return;
  known.waiting--;
  if (started) known.since = performance.now();
  known.deadline?.refresh();
}

/** Lets go of a connection that is closed, by whomever. */
export function letGo(connection: Socket['conn']): void {
  forget(connection);
  const watched = watchedOf(connection);
  watched[KNOWN] = undefined;
  for (const socket of watched[ENTERING] ?? []) {
    // socket.io would keep one that is joining until its middleware calls `next`, if ever.
    internalsOf(socket)._cleanup();
  }
  if (!isGone(connection)) terminateSoon(connection);
}

/**
 * For how long, in ms, no socket of a socket's connection has authenticated. A client cannot win
 * time by going from one namespace to the next.
 */
export function unauthenticatedTime({conn}: Socket): number {
  const known = unauthenticatedOf(conn);
  if (!known) return 0;
  const now = performance.now();
  if (known.since === undefined) known.deadline?.refresh();
  known.since ??= now;
  return now - known.since;
}

/** Lets a connection's later sockets take their own time. */
export function noteAuthenticated(socket: Socket): void {
  const {conn} = socket;
  forget(conn);
  watchedOf(conn)[KNOWN] = 'authenticated';
  leavePlace(socket);
}

/** Whether a socket of a connection is authenticated, or was. */
export function isAuthenticated(connection: Socket['conn']): boolean {
  return watchedOf(connection)[KNOWN] === 'authenticated';
}

/** Says whether a connection may have one more socket that is not authenticated. */
export function hasPlace(connection: Socket['conn']): boolean {
  const {
    [ENTERING]: entering,
    [LEFT]: left = 0,
    [RESERVED]: reserved = 0,
  } = watchedOf(connection);
  return (entering?.size ?? 0) + left + reserved < MAX_UNAUTHENTICATED_SOCKETS;
}

/** Counts a socket that socket.io is about to make, for the rest of the tick at most. */
export function reservePlace(connection: Socket['conn']): void {
  const watched = watchedOf(connection);
  if (!watched[RESERVED]) setImmediate(cancelReservations, watched);
  watched[RESERVED] = (watched[RESERVED] ?? 0) + 1;
}

function cancelReservations(watched: Watched): void {
  watched[RESERVED] = 0;
}

/** Counts no more a socket that has been made meanwhile. */
export function cancelReservation(connection: Socket['conn']): void {
  const watched = watchedOf(connection);
  if (watched[RESERVED]) watched[RESERVED]--;
}

/** Counts a socket among those of its connection that are not authenticated. */
export function takePlace(socket: Socket): void {
  const watched = watchedOf(socket.conn);
  watched[CLIENT] = socket.client;
  (watched[ENTERING] ??= new Set()).add(socket);
}

/** Makes room for another: a socket is authenticated, or its namespace has let go of it. */
export function leavePlace(socket: Socket): void {
  const watched = watchedOf(socket.conn);
  watched[ENTERING]?.delete(socket);
  if (watched[ENTERING]?.size === 0) watched[ENTERING] = undefined;
}

/** Counts an authentication handler that still runs for a socket that has left. */
export function noteLeft({conn}: Socket): void {
  const watched = watchedOf(conn);
  watched[LEFT] = (watched[LEFT] ?? 0) + 1;
}

/** Makes room for another: such a handler has ended. */
export function forgetLeft({conn}: Socket): void {
  const watched = watchedOf(conn);
  watched[LEFT] = (watched[LEFT] ?? 0) - 1;
}

/** How many sockets a connection has, those that are joining included. */
export function countSockets(connection: Socket['conn']): number {
  const {
    [CLIENT]: client,
    [ENTERING]: entering = [],
    [RESERVED]: reserved = 0,
  } = watchedOf(connection);
  if (!client) return reserved;
  const {sockets} = clientOf(client);
  let count = sockets.size + reserved;
  for (const {id} of entering) if (!sockets.has(id)) count++;
  return count;
}
