import {watchPromises, watchUnsent} from '../common/watch-promises';
import {labelOf} from '../dispatch/answer';
import type {Ack} from '../dispatch/packet';
import type {DispatchSession} from '../dispatch/ports';
import {sendAck} from '../engine/packets';
import {internalFailure} from '../wire/failures';
import {debugAnswer} from './debug-lines';

/**
 * Returns an ack that answers a packet of a session.
 *
 * @param id - socket.io's id of the ack.
 */
export function replyTo(session: DispatchSession, id: number, event: unknown): Ack {
  let answered = false;
  return (...values) => {
    const isFirst = !answered;
    answered = true;
    if (isFirst && session.socket.connected) reply(session, id, event, values);
    else watchUnsent(values, session, labelOf(session, event));
    return isFirst;
  };
}

function reply(
  session: DispatchSession,
  id: number,
  event: unknown,
  data: unknown[],
): void {
  const {socket} = session;
  try {
    const [text] = sendAck(socket, id, data);
    debugAnswer(session, event, data);
    // JSON shows a promise as an empty object.
    if (typeof text !== 'string' || text.includes('{}'))
      watchPromises(data, session, labelOf(session, event));
  } catch (error) {
    // It cannot be encoded, and nothing of it was sent.
    session.fail(error, labelOf(session, event));
    watchUnsent(data, session, labelOf(session, event));
    sendAck(socket, id, [{error: internalFailure().error}]);
  }
}
