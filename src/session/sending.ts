import {isRecord} from '../common/objects';
import {weigh} from '../common/weight';
import {watchUnsent} from '../common/watch-promises';
import {answer, answerFailure, labelOf} from '../dispatch/answer';
import {callOptionsOf} from '../dispatch/call-options';
import {countArguments} from '../dispatch/packet';
import type {Ack, Packet} from '../dispatch/packet';
import {loseUpload} from '../dispatch/uploading';
import {SEND_BYTES} from '../streams/upload';
import {MAX_UNTAKEN_BYTES} from '../wire/items';
import {MAX_CALL_REF_LENGTH, SocketEvents} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {SocketCaller} from './socket-caller';

/** Adds the items of a `$send` packet to the upload that it names, at once. */
export function receiveItems(session: SocketCaller, packet: Packet, ack?: Ack): void {
  const settle = (outcome: object) => {
    if (outcome instanceof Error) answerFailure(session, outcome, SocketEvents.SEND, ack);
    else answer(outcome, ack);
  };
  const body = countArguments(packet) === 1 ? packet[1] : undefined;
  const {ref, at, items, done = false} = isRecord(body) ? body : {};
  const isSend =
    typeof ref === 'string' &&
    ref.length <= MAX_CALL_REF_LENGTH &&
    Number.isSafeInteger(at) &&
    (at as number) >= 0 &&
    Array.isArray(items) &&
    typeof done === 'boolean';
  if (!isSend) {
    settle(SocketErrors.badSend());
    return;
  }
  const bytes = SEND_BYTES + weigh(items, MAX_UNTAKEN_BYTES);
  if (bytes > MAX_UNTAKEN_BYTES) settle(SocketErrors.sendTooLarge());
  else session.uploads.receive(ref, {at: at as number, items, done, bytes, settle});
}

/**
 * Opens the upload of a call that has just come. Its items wait while the call waits, for example for a guard.
 *
 * @returns The ack of the call.
 */
export function openUpload(
  session: SocketCaller,
  packet: Packet,
  ack: Ack | undefined,
): Ack | undefined {
  const options = callOptionsOf(packet);
  if (options?.upload !== true || typeof options.ref !== 'string') return ack;
  const method = session.endpoint.handlers.methods.get(packet[0] as string);
  const slot = method?.accepts('upload') && session.uploads.open(options.ref, packet);
  if (!slot) return ack;
  const answering: Ack = (...values) => {
    // A method that streams takes items until its stream ends.
    const {stream} = (values[0] ?? {}) as {stream?: unknown};
    if (stream === undefined && slot.answer()) loseUpload(session, slot);
    if (ack) return ack(...values);
    watchUnsent(values, session, labelOf(session, packet[0]));
    return true;
  };
  if (ack?.hidden ?? !ack) answering.hidden = true;
  return answering;
}
