import debugFactory from 'debug';
import {internalFailure} from '../wire/failures';
import {SocketEvents} from '../wire/protocol';
import type {FailedBody} from '../wire/protocol';
import type {Ack, Peer} from './answer';
import {labelOf} from './dispatch';
import {watchUnsent} from './result';

const debug = debugFactory('loopback:socket:call');

/**
 * Stands in for the ack of a call whose client has asked for none, so that somebody is told when it fails:
 * whoever debugs the server, and the client where the server is configured so.
 *
 * @returns `undefined` where nobody is told.
 */
export function failureAck(peer: Peer, event: unknown): Ack | undefined {
  if (!debug.enabled && !peer.service.options.emitFailed) return undefined;
  // Whatever comes of credentials is told by events of its own.
  if (typeof event !== 'string' || event === SocketEvents.AUTHENTICATION)
    return undefined;
  let answered = false;
  const ack: Ack = (...values) => {
    const first = !answered;
    answered = true;
    watchUnsent(values, peer, labelOf(peer, event));
    const {error} = (values[0] ?? {}) as {error?: unknown};
    if (first && error !== undefined) tell(peer, {event, error});
    return first;
  };
  ack.hidden = true;
  return ack;
}

function tell(peer: Peer, body: FailedBody): void {
  const {service, server, socket} = peer;
  // As JSON, in which a client cannot break a line.
  debug('call of %j on server %j failed: %j', body.event, server, body.error);
  if (!service.options.emitFailed || !socket.connected) return;
  try {
    socket.emit(SocketEvents.FAILED, body);
  } catch (error) {
    // It cannot be encoded.
    service.fail(error, labelOf(peer, body.event), socket);
    socket.emit(SocketEvents.FAILED, {event: body.event, error: internalFailure().error});
  }
}
