import {isRecord} from '../common/objects';
import {answer, answerFailure} from '../dispatch/answer';
import {callOptionsOf} from '../dispatch/call-options';
import {countArguments} from '../dispatch/packet';
import type {Ack, Packet} from '../dispatch/packet';
import type {DispatchSession} from '../dispatch/ports';
import {callKey} from '../dispatch/recent-calls';
import {SocketEvents} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {SocketCaller} from './socket-caller';

/** Says if a packet is the call that a client cancels. */
type IsCancelled = (packet: Packet) => boolean;

/** Cancels the call that a `$cancel` packet names, at once. */
export function cancelCall(session: SocketCaller, packet: Packet, ack?: Ack): void {
  const body = countArguments(packet) === 1 ? packet[1] : undefined;
  const {ref, method, id} = isRecord(body) ? body : {};
  if (typeof ref === 'string') {
    const isCall: IsCancelled = one => callOptionsOf(one)?.ref === ref;
    const {streams} = session.endpoint;
    answer(cancel(session, isCall) || streams.cancel(session, ref), ack);
  } else if (typeof method === 'string' && typeof id === 'string') {
    const isCall: IsCancelled = one => one[0] === method && callOptionsOf(one)?.id === id;
    answer(cancelKept(session, method, id) || cancel(session, isCall), ack);
  } else {
    answerFailure(session, SocketErrors.badCancel(), SocketEvents.CANCEL, ack);
  }
}

/** Cancels a call of this socket. Returns false when there is no such call. */
function cancel(session: SocketCaller, isCancelled: IsCancelled): boolean {
  const waiting = session.authentication.undecided?.takeCall(isCancelled);
  if (waiting) {
    const error = SocketErrors.callCancelled();
    answerFailure(session, error, String(waiting.packet[0]), waiting.ack);
    return true;
  }
  for (const call of session.inFlight) {
    if (isCancelled(call.packet) && call.cancel()) return true;
  }
  return false;
}

/** Cancels a call with an id whose method runs, on whichever socket it was made. */
function cancelKept(session: DispatchSession, method: string, id: string): boolean {
  const key = callKey(session.namespace, method, id);
  return session.endpoint.recent.find(session.userKey, key)?.cancel?.() ?? false;
}
