import {watchPromises, watchUnsent} from '../common/watch-promises';
import {labelOf} from '../dispatch/answer';
import type {Ack} from '../dispatch/packet';
import type {DispatchSession} from '../dispatch/ports';
import {sendItems} from '../engine/item-codec';
import {sendAck} from '../engine/packets';
import type {ItemBatch, ReadAck} from '../streams/ports';
import {internalFailure} from '../wire/failures';
import {SocketEvents} from '../wire/protocol';
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

/** Returns an ack that answers a read of a stream. */
export function readReplyTo(session: DispatchSession, id: number): ReadAck {
  const ack = replyTo(session, id, SocketEvents.NEXT) as ReadAck;
  ack.sendItems = (batch: ItemBatch) => {
    if (!session.socket.connected) return;
    try {
      sendItems(session.socket, id, batch);
    } catch (error) {
      // Only a parser of the application can fail here.
      ack({error: session.fail(error, SocketEvents.NEXT).error});
    }
  };
  return ack;
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
