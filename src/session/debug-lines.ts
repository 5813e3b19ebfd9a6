import debugFactory from 'debug';
import type {DispatchSession} from '../dispatch/ports';
import {toUnauthorized} from '../wire/failures';

const authentications = debugFactory('loopback:socket:authentication');
const calls = debugFactory('loopback:socket:call');

/** True when a failed call without an ack is printed. */
export function areCallsDebugged(): boolean {
  return calls.enabled;
}

/** Prints a step of a socket's authentication, without its credentials and its user. */
export function debugAuthentication(
  {server, socket}: DispatchSession,
  step: string,
): void {
  authentications('socket %s on server %j %s', socket.id, server, step);
}

/** Prints that a socket is refused, or that its client has to reconnect. */
export function debugRefusal(
  session: DispatchSession,
  outcome: 'is refused' | 'has to reconnect',
  thrown: unknown,
): void {
  if (!authentications.enabled) return;
  const {code, statusCode} = toUnauthorized(thrown);
  // As JSON, in which a client cannot break a line.
  debugAuthentication(session, `${outcome}: ${statusCode} ${JSON.stringify(code)}`);
}

/** Prints the answer of a call: the error's status and code, not its text. */
export function debugAnswer(
  {server, socket}: DispatchSession,
  event: unknown,
  [reply]: readonly unknown[],
): void {
  if (!calls.enabled) return;
  const {error} = (reply ?? {}) as {error?: {statusCode?: unknown; code?: unknown}};
  const outcome =
    error === undefined ? 'a result' : {status: error.statusCode, code: error.code};
  calls('socket %s on server %j: %j is answered %j', socket.id, server, event, outcome);
}

/** Prints the failure of a call whose client asked for no ack. */
export function debugFailure(
  {server, socket}: DispatchSession,
  event: string,
  error: unknown,
): void {
  calls('socket %s on server %j: %j failed: %j', socket.id, server, event, error);
}
