import {answerFailure} from '../dispatch/answer';
import {dispatch} from '../dispatch/dispatch';
import {showAck} from '../dispatch/packet';
import type {Ack, Packet} from '../dispatch/packet';
import type {EventPacket} from '../namespace/guards';
import type {ReadAck} from '../streams/ports';
import {checkValues} from '../wire/payload';
import {isProtocolEvent, SocketEvents} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import {cancelCall} from './cancelling';
import {readStream, stopStream} from './reading';
import {failureAck} from './failed-calls';
import {runAnyListeners} from './guards';
import {readReplyTo, replyTo} from './replies';
import {openUpload, receiveItems} from './sending';
import type {SocketCaller} from './socket-caller';

/** Handles every packet that a client sends. */
export function receivePacket(
  session: SocketCaller,
  {data: packet = [], id}: EventPacket,
): void {
  const [event] = packet;
  const ack = ackOf(session, id, event);
  if (session.socket.listenersAny().length > 0) {
    showAck(packet, ack);
    runAnyListeners(session, packet);
  }
  handlePacket(session, packet, openUpload(session, packet, ack));
}

function ackOf(
  session: SocketCaller,
  id: number | null | undefined,
  event: unknown,
): Ack | undefined {
  if (id === undefined || id === null) return failureAck(session, event);
  return event === SocketEvents.NEXT
    ? readReplyTo(session, id)
    : replyTo(session, id, event);
}

/** Handles a packet in the order of the session's life: 401, wait, or dispatch. */
export function handlePacket(session: SocketCaller, packet: Packet, ack?: Ack): void {
  const [event] = packet;
  const {state} = session.authentication;
  if (typeof event !== 'string') {
    answerFailure(session, SocketErrors.badEvent(), 'socket', ack);
  } else if (event === SocketEvents.AUTHENTICATION) {
    session.authentication.receive(packet, ack);
  } else if (state === 'connecting') {
    // Without an ack nobody receives the error.
    if (ack) answerFailure(session, SocketErrors.unauthenticated(), event, ack);
  } else if (isProtocolEvent(event) && (state === 'authenticated' || isEarly(event))) {
    handleProtocolEvent(session, event, packet, ack);
  } else if (state === 'authenticated') {
    session.handling = ack;
    if (session.checkAuthenticated() && accepts(session, packet, ack)) {
      dispatch(session, packet, ack);
    }
    session.handling = undefined;
    session.starting = undefined;
  } else if (state === 'authenticating') {
    session.authentication.undecided?.hold(session, packet, ack);
  }
}

/** Returns true for an event about calls that may wait for the authentication. */
function isEarly(event: string): boolean {
  return event === SocketEvents.CANCEL || event === SocketEvents.SEND;
}

/** Handles an event of the protocol at once: it waits for no authentication, guard or limiter. */
function handleProtocolEvent(
  session: SocketCaller,
  event: string,
  packet: Packet,
  ack: Ack | undefined,
): void {
  const isOpen =
    session.authentication.state === 'authenticating' || session.checkAuthenticated();
  if (!isOpen || !accepts(session, packet, ack)) return;
  if (event === SocketEvents.NEXT)
    readStream(session, packet, ack as ReadAck | undefined);
  else if (event === SocketEvents.CANCEL) cancelCall(session, packet, ack);
  else if (event === SocketEvents.STOP) stopStream(session, packet, ack);
  else if (event === SocketEvents.SEND) receiveItems(session, packet, ack);
  else answerFailure(session, SocketErrors.methodNotFound(), event, ack);
}

/** Checks a packet's arguments, and answers one that is refused. */
function accepts(session: SocketCaller, packet: Packet, ack: Ack | undefined): boolean {
  const refusal = checkValues(packet, session.endpoint.prohibitedKeys, 1);
  if (refusal) answerFailure(session, refusal, packet[0] as string, ack);
  return !refusal;
}
