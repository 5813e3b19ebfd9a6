import {DEFAULT_SOCKET_SERVER_OPTIONS} from '../options/server-options';
import type {Handler} from '../invocation/handler';
import {isReservedEvent} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import {answerFailure, GUARD, labelOf} from './answer';
import {checkCallOptions} from './call-options';
import {consumeFor} from './call-limiter';
import {showAck} from './packet';
import type {Ack, Packet} from './packet';
import {PendingCall} from './pending-call';
import type {DispatchSession} from './ports';
import {runCall} from './run-call';

/**
 * Runs the packet of an authenticated socket: first the application's guards, then the method of that name, or
 * otherwise the application's listeners.
 *
 * @param waited - Set when the packet has waited for its client to read.
 */
export function dispatch(
  session: DispatchSession,
  packet: Packet,
  ack?: Ack,
  waited?: PendingCall,
): void {
  const handler = methodOf(session, packet);
  if (handler && !waited && session.endpoint.draining) {
    answerFailure(session, SocketErrors.shuttingDown(), handler.label, ack);
  } else if (session.queueFull) {
    waitForReader(session, packet, ack, waited);
  } else if (session.guarded) {
    guard(session, packet, ack, waited);
  } else {
    if (!handler) showAck(packet, ack);
    route(session, packet, handler, ack, waited);
  }
}

/** Delays a packet while its client does not read what was sent to it: its answer would wait as well. */
function waitForReader(
  session: DispatchSession,
  packet: Packet,
  ack: Ack | undefined,
  waited: PendingCall | undefined,
): void {
  const label = labelOf(session, packet[0]);
  // Also when the application sets no limit: such a client could send for ever.
  if (!waited && isBusy(session, DEFAULT_SOCKET_SERVER_OPTIONS.maxCallsInFlight)) {
    answerFailure(session, SocketErrors.tooManyCalls(), label, ack);
    return;
  }
  const pending = waited ?? new PendingCall(session, packet, label, ack);
  const step = () => dispatch(session, packet, ack, pending);
  void pending.waitFor(label, session.whenFlushed(), step);
}

/** Runs the application's guards before a packet goes on. */
function guard(
  session: DispatchSession,
  packet: Packet,
  ack: Ack | undefined,
  waited: PendingCall | undefined,
): void {
  if (!waited && isBusy(session)) {
    answerFailure(session, SocketErrors.tooManyCalls(), GUARD, ack);
    return;
  }
  showAck(packet, ack);
  let pending: PendingCall | undefined;
  let done = false as boolean;
  session.runGuards(packet, refuse => {
    done = true;
    const proceed = () => {
      if (refuse) refuse(ack);
      // A guard may have changed the name.
      else route(session, packet, methodOf(session, packet), ack, pending ?? waited);
    };
    if (pending) pending.resume(proceed);
    else if (session.authenticated) proceed();
  });
  // A guard may have ended the session.
  if (!done && session.authenticated) {
    pending = waited?.wait(GUARD) ?? new PendingCall(session, packet, GUARD, ack);
  }
}

function methodOf({endpoint}: DispatchSession, packet: Packet): Handler | undefined {
  return endpoint.handlers.methods.get(packet[0] as string);
}

/**
 * Runs the method or the listeners that a packet is for.
 *
 * @param pending - Set when the packet has waited.
 */
function route(
  session: DispatchSession,
  packet: Packet,
  handler: Handler | undefined,
  ack: Ack | undefined,
  pending?: PendingCall,
): void {
  if (!handler) {
    listen(session, packet, ack);
    return;
  }
  const refusal =
    checkCallOptions(packet, handler) ??
    (!pending && isBusy(session) ? SocketErrors.tooManyCalls() : undefined);
  if (refusal) {
    answerFailure(session, refusal, handler.label, ack);
  } else if (session.endpoint.options.callLimiter) {
    const waiting = pending ?? new PendingCall(session, packet, handler.label, ack);
    const step = () => runCall(session, handler, packet, ack, waiting);
    void waiting.waitFor(handler.label, consumeFor(session), step);
  } else {
    runCall(session, handler, packet, ack, pending);
  }
}

function listen(session: DispatchSession, packet: Packet, ack: Ack | undefined): void {
  const name = packet[0] as string;
  // A client must not fake the events that socket.io and Node emit.
  const isHeard = !isReservedEvent(name) && session.runListeners(packet, ack);
  // Without an ack nobody receives the error.
  if (!isHeard && ack) answerFailure(session, SocketErrors.methodNotFound(), name, ack);
}

/**
 * Returns true when a session has as many calls in flight as it may have.
 *
 * @param unlimited - The limit where the application sets none.
 */
function isBusy(
  {endpoint, callsInFlight}: DispatchSession,
  unlimited = Infinity,
): boolean {
  return callsInFlight >= (endpoint.options.maxCallsInFlight || unlimited);
}
