import {internalFailure} from '../wire/failures';
import {isProtocolEvent, SocketEvents} from '../wire/protocol';
import type {FailedBody} from '../wire/protocol';
import {watchUnsent} from '../common/watch-promises';
import {labelOf} from '../dispatch/answer';
import type {Ack} from '../dispatch/packet';
import type {DispatchSession} from '../dispatch/ports';
import {areCallsDebugged, debugFailure} from './debug-lines';

/**
 * Returns an ack for a call whose client asked for none. It prints a failure as debug output, and sends it to the
 * client when the server's `emitFailed` is set.
 *
 * @returns `undefined` when neither is wanted.
 */
export function failureAck(session: DispatchSession, event: unknown): Ack | undefined {
  if (!areCallsDebugged() && !session.endpoint.options.emitFailed) return undefined;
  // A failed authentication has an event of its own.
  if (typeof event !== 'string' || isProtocolEvent(event)) return undefined;
  let answered = false;
  const ack: Ack = (...values) => {
    const isFirst = !answered;
    answered = true;
    watchUnsent(values, session, labelOf(session, event));
    const {error} = (values[0] ?? {}) as {error?: unknown};
    if (isFirst && error !== undefined) report(session, {event, error});
    return isFirst;
  };
  ack.hidden = true;
  return ack;
}

function report(session: DispatchSession, body: FailedBody): void {
  const {endpoint, socket} = session;
  debugFailure(session, body.event, body.error);
  if (!endpoint.options.emitFailed || !socket.connected) return;
  try {
    socket.emit(SocketEvents.FAILED, body);
  } catch (error) {
    // The error cannot be encoded.
    session.fail(error, labelOf(session, body.event));
    socket.emit(SocketEvents.FAILED, {event: body.event, error: internalFailure().error});
  }
}
