import {isPromiseLike} from '@loopback/core';
import {Call} from '../context/call';
import type {Handler} from '../invocation/handler';
import type {UploadSlot} from '../streams/socket-uploads';
import {itemsOf} from '../streams/source';
import {answer, answerFailure} from './answer';
import {callOptionsOf, timeoutOf} from './call-options';
import {openStream} from './open-stream';
import {answerAgain, keepingAck} from './kept-reply';
import {countArguments} from './packet';
import type {Ack, Packet} from './packet';
import {PendingCall} from './pending-call';
import type {DispatchSession, Outcome} from './ports';
import {callKey} from './recent-calls';
import {checkResult} from './result';
import {startUpload, uploadSlotOf} from './uploading';

/**
 * Runs a call: claims its id, invokes its method and settles its outcome.
 *
 * @param pending - Set when the packet has waited.
 */
export function runCall(
  session: DispatchSession,
  handler: Handler,
  packet: Packet,
  localAck: Ack | undefined,
  pending: PendingCall | undefined,
): void {
  const {label} = handler;
  const slot = uploadSlotOf(session, packet);
  if (slot instanceof Error) {
    answerFailure(session, slot, label, localAck);
    return;
  }
  const outcome = claim(session, handler, packet, localAck, pending, slot);
  if (!outcome) return;
  const {ack, kept} = outcome;
  const call = callOf(session, packet, kept !== undefined);
  if (slot) call.upload = startUpload(slot, kept);
  // The method may end its own socket.
  if (pending) pending.start(call, ack);
  else session.starting = call;
  let result: unknown;
  try {
    result = handler.invoke(call);
    if (!isPromiseLike(result)) {
      const items = itemsOf(result);
      if (items) {
        openStream(session, call, label, items, callOptionsOf(packet)?.ref, outcome);
        return;
      }
      call.close();
      checkResult(result, session, label, localAck !== undefined);
      answer(result, ack);
      return;
    }
  } catch (error) {
    call.close();
    answerFailure(session, error, label, ack);
    return;
  }
  const running = pending ?? new PendingCall(session, packet, label, localAck);
  if (kept) kept.cancel = () => running.cancel();
  void running.follow(call, label, outcome, result);
}

/** Registers a call with an id. Returns `undefined` for a repeated one, which gets the first one's answer. */
function claim(
  session: DispatchSession,
  {label}: Handler,
  packet: Packet,
  localAck: Ack | undefined,
  pending: PendingCall | undefined,
  slot: UploadSlot | undefined,
): Outcome | undefined {
  const {recent, options} = session.endpoint;
  const {retryWindow} = options;
  const id = retryWindow && callOptionsOf(packet)?.id;
  if (!retryWindow || !id) return {ack: localAck, localAck};
  const key = callKey(session.namespace, packet[0] as string, id);
  const {call, isNew} = recent.claim(retryWindow, session.userKey, key, localAck);
  if (isNew) return {ack: keepingAck(session, label, call), localAck, kept: call};
  // The earlier call takes no items, or no more.
  if (!call.upload || !localAck) slot?.answer();
  if (!localAck) return undefined;
  if (call.waiting) {
    const waiting = pending ?? new PendingCall(session, packet, label, localAck);
    waiting.repeat(label, call);
    if (slot && call.upload) waiting.sendTo(call.upload, slot);
  } else {
    // A method that streams may take items, too.
    if (call.upload) slot?.connect(call.upload, true);
    answerAgain(session, label, call, localAck);
  }
  return undefined;
}

function callOf(session: DispatchSession, packet: Packet, outlivesSocket: boolean): Call {
  const {credentials, endpoint, socket, user} = session;
  // `emit(name, undefined)` arrives as null.
  const args = countArguments(packet) > 0 ? (packet[1] ?? undefined) : undefined;
  return new Call(session, {
    event: packet[0] as string,
    credentials,
    user,
    values: [socket, credentials, args],
    args,
    after: callOptionsOf(packet)?.after,
    timeout: timeoutOf(packet, endpoint.options.callTimeout),
    outlivesSocket,
  });
}
