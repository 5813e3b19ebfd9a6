import {isPromiseLike} from '@loopback/core';
import {DEFAULT_SOCKET_SERVER_OPTIONS} from '../options/configuration';
import {MAX_DELAY} from '../common/timers';
import {runListeners} from '../common/guarded';
import {MAX_CALL_ID_LENGTH, RESERVED_EVENTS} from '../wire/protocol';
import type {CallOptions} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import {internalsOf} from '../engine/internals';
import {answer, answerFailure} from './answer';
import type {Ack, Packet, Peer} from './answer';
import {Call} from '../context/call';
import {consumeFor} from './call-limiter';
import {failByGuard, GUARD, runGuards} from './guards';
import {isRecord} from '../common/objects';
import type {Handler} from '../invocation/handler';
import {answerAgain, keepingAck} from './kept-reply';
import {PendingCall} from './pending-call';
import {callKey} from './recent-calls';
import {checkResult} from './result';

/**
 * Puts the ack behind a packet's arguments, where the application's functions find it. Most packets are
 * for none of them, and an array that grows takes more than it holds.
 */
export function showAck(packet: Packet, ack: Ack | undefined): void {
  if (ack && !ack.hidden && packet.at(-1) !== ack) packet.push(ack);
}

/**
 * Runs an authenticated socket's packet: the application's guards, then the method of that name, or
 * else the application's own listeners.
 *
 * @param waited - Where it has waited already for its client to read.
 */
export function dispatch(
  peer: Peer,
  packet: Packet,
  ack?: Ack,
  waited?: PendingCall,
): void {
  const handler = methodOf(peer, packet);
  if (handler && !waited && peer.service.draining) {
    answerFailure(peer, SocketErrors.shuttingDown(), handler.label, ack);
    return;
  }
  if (peer.queueFull) {
    waitForReader(peer, packet, ack, waited);
    return;
  }
  const guards = internalsOf(peer.socket).fns;
  if (guards.length === 0) {
    if (!handler) showAck(packet, ack);
    route(peer, packet, handler, ack, waited);
    return;
  }
  if (!waited && isBusy(peer)) {
    answerFailure(peer, SocketErrors.tooManyCalls(), GUARD, ack);
    return;
  }
  showAck(packet, ack);
  let pending: PendingCall | undefined;
  let guarded = false as boolean;
  runGuards(peer, [...guards], packet, (error, failed) => {
    guarded = true;
    const proceed = () => {
      if (failed) failByGuard(peer, error, ack);
      else route(peer, packet, methodOf(peer, packet), ack, pending ?? waited);
    };
    if (pending) pending.resume(proceed);
    else if (peer.authenticated) proceed();
  });
  // A guard may have ended the connection.
  if (!guarded && peer.authenticated) {
    pending =
      waited?.guard(GUARD) ?? new PendingCall(peer, GUARD, ack, timeoutOf(peer, packet));
  }
}

/** Lets a packet wait while its client does not read what it was sent: its answer would wait as well. */
function waitForReader(
  peer: Peer,
  packet: Packet,
  ack: Ack | undefined,
  waited: PendingCall | undefined,
): void {
  const label = methodOf(peer, packet)?.label ?? listenerLabel(packet[0] as string);
  // Also where the application sets no limit: such a client can send for ever.
  if (!waited && isBusy(peer, DEFAULT_SOCKET_SERVER_OPTIONS.maxCallsInFlight)) {
    answerFailure(peer, SocketErrors.tooManyCalls(), label, ack);
    return;
  }
  const pending = waited ?? new PendingCall(peer, label, ack, timeoutOf(peer, packet));
  const step = () => dispatch(peer, packet, ack, pending);
  void pending.waitFor(label, peer.whenHandedOn(), step);
}

function methodOf({service}: Peer, packet: Packet): Handler | undefined {
  return service.handlers.methods.get(packet[0] as string);
}

/**
 * Runs what a packet is for.
 *
 * @param handler - The method of its name, looked up after guards, which may have changed that.
 * @param pending - Where it has waited already.
 */
function route(
  peer: Peer,
  packet: Packet,
  handler: Handler | undefined,
  ack: Ack | undefined,
  pending?: PendingCall,
): void {
  if (!handler) {
    listen(peer, packet, ack);
    return;
  }
  const refusal =
    checkCallOptions(packet) ??
    (!pending && isBusy(peer) ? SocketErrors.tooManyCalls() : undefined);
  if (refusal) {
    answerFailure(peer, refusal, handler.label, ack);
  } else if (peer.service.options.callLimiter) {
    const waiting =
      pending ?? new PendingCall(peer, handler.label, ack, timeoutOf(peer, packet));
    const step = () => call(peer, handler, packet, ack, waiting);
    void waiting.waitFor(handler.label, consumeFor(peer), step);
  } else {
    call(peer, handler, packet, ack, pending);
  }
}

/** Runs the application's own listeners of an event that is no method. */
function listen(peer: Peer, packet: Packet, ack: Ack | undefined): void {
  const name = packet[0] as string;
  // A client must not fake what socket.io and Node emit.
  const allowed = !RESERVED_EVENTS.has(name);
  const listened =
    allowed &&
    runListeners(peer.socket, name, packet.slice(1), error =>
      answerFailure(peer, error, listenerLabel(name), ack),
    );
  // Where nobody is told, nothing is made.
  if (!listened && ack) answerFailure(peer, SocketErrors.methodNotFound(), name, ack);
}

/** How many arguments a packet has. No client sends a function: one at the end is the ack, or a guard's. */
export function countArguments(packet: Packet): number {
  return packet.length - (typeof packet.at(-1) === 'function' ? 2 : 1);
}

/** The arguments are `args`, optionally followed by call options. */
function checkCallOptions(packet: Packet): Error | undefined {
  const count = countArguments(packet);
  if (count < 2) return undefined;
  if (count > 2) return SocketErrors.tooManyArguments();
  const options = packet[2];
  const wellFormed =
    isRecord(options) && Object.keys(options).length === 1 && isRecord(options.$call);
  if (!wellFormed) return SocketErrors.badCallOptions();
  const {id = '', timeout = 1} = options.$call as {id?: unknown; timeout?: unknown};
  const isId = typeof id === 'string' && id.length <= MAX_CALL_ID_LENGTH;
  if (!isId) return SocketErrors.badCallId();
  return isTimeout(timeout) ? undefined : SocketErrors.badCallTimeout();
}

/** What a packet says of its call, if it is well formed. */
function callOptionsOf(packet: Packet): CallOptions | undefined {
  if (countArguments(packet) < 2) return undefined;
  const options = packet[2];
  return isRecord(options) && isRecord(options.$call) ? options.$call : undefined;
}

/**
 * Says whether a connection has as many calls in flight as it may.
 *
 * @param unlimited - How many it may have where the application sets no limit.
 */
function isBusy({service, callsInFlight}: Peer, unlimited = Infinity): boolean {
  return callsInFlight >= (service.options.maxCallsInFlight || unlimited);
}

function call(
  peer: Peer,
  handler: Handler,
  packet: Packet,
  own: Ack | undefined,
  pending: PendingCall | undefined,
): void {
  const {service, socket, credentials, user} = peer;
  const {retryWindow} = service.options;
  const id = retryWindow && callOptionsOf(packet)?.id;
  const timeout = timeoutOf(peer, packet);
  let ack = own;
  if (retryWindow && id) {
    const key = callKey(socket.nsp.name, packet[0] as string, id);
    const claimed = service.recent.claim(retryWindow, peer.userKey, key, own);
    if (typeof claimed !== 'function') {
      if (!own) return;
      if (claimed.waiting) {
        const waiting = pending ?? new PendingCall(peer, handler.label, own, timeout);
        waiting.repeat(handler.label, claimed);
      } else answerAgain(peer, handler.label, claimed.reply, own);
      return;
    }
    ack = keepingAck(peer, handler.label, claimed);
  }
  // `emit(name, undefined)` arrives as null.
  const args = countArguments(packet) > 0 ? (packet[1] ?? undefined) : undefined;
  const current = new Call(peer, {
    event: packet[0] as string,
    credentials,
    user,
    values: [socket, credentials, args],
    args,
    timeout,
    outlives: Boolean(id),
  });
  // The method may end its own socket.
  if (pending) pending.start(current, ack);
  else peer.starting = current;
  let result: unknown;
  try {
    result = handler.invoke(current);
    if (!isPromiseLike(result)) {
      current.close();
      checkResult(result, peer, handler.label, own !== undefined);
      answer(result, ack);
      return;
    }
  } catch (error) {
    current.close();
    answerFailure(peer, error, handler.label, ack);
    return;
  }
  const running = pending ?? new PendingCall(peer, handler.label, own, timeout);
  void running.follow(current, handler.label, ack, result);
}

/** The shorter of the server's and the client's limits, in ms; `undefined` for none. */
function timeoutOf({service}: Peer, packet: Packet): number | undefined {
  const limit = service.options.callTimeout;
  const asked: unknown = callOptionsOf(packet)?.timeout;
  const wanted = isTimeout(asked) ? asked : Infinity;
  const shorter = Math.min(wanted, limit === false ? Infinity : limit);
  return shorter > MAX_DELAY ? undefined : shorter;
}

function isTimeout(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}

/** How logs name what answers an event. */
export function labelOf({service}: Peer, event: unknown): string {
  const name = String(event);
  return service.handlers.methods.get(name)?.label ?? listenerLabel(name);
}

/** How logs name the application's listeners of an event. */
function listenerLabel(event: string): string {
  return `socket.on('${event}')`;
}
