import type {ConnectionService} from './session-server';
import type {Peer} from '../dispatch/answer';
import {Call} from '../context/call';

/** What handlers of a connection's beginning and end need of it. */
interface ConnectionPeer extends Peer {
  readonly service: ConnectionService;
}

/**
 * Runs the connected handlers, one after the other, until the socket is gone.
 *
 * @throws What the first that fails makes of the socket: see `ConnectionService.refusalFor`.
 */
export async function runConnected(peer: ConnectionPeer): Promise<void> {
  const {service, socket} = peer;
  for (const handler of service.handlers.connected) {
    if (peer.gone) return;
    const {credentials, user} = peer;
    const values = [socket, credentials];
    const event = 'connection';
    const call = new Call(peer, {event, credentials, user, values, lasts: true});
    try {
      await handler.invoke(call);
    } catch (error) {
      throw service.refusalFor(error, handler.label, socket);
    } finally {
      call.close();
    }
  }
}

/** Runs the disconnected handlers, one after the other. What they fail with is logged. */
export async function runDisconnected(
  peer: ConnectionPeer,
  reason: string,
): Promise<void> {
  const {credentials, service, socket, user} = peer;
  for (const handler of service.handlers.disconnected) {
    const values = [socket, reason];
    const call = new Call(peer, {event: 'disconnect', credentials, user, values});
    try {
      await handler.invoke(call);
    } catch (error) {
      peer.report(error, handler.label);
    } finally {
      call.close();
    }
  }
}
