import type {Socket} from 'socket.io';
import {checkPayload} from '../wire/payload';
import type {DecodedPacket} from './packets';

/** Replaces a refused handshake payload, and holds the reason. */
const refusals = new WeakMap<object, Error>();

/** Replaces a joining client's payload when it must be refused. */
export function checkHandshake(packet: DecodedPacket): void {
  const refusal = checkPayload(packet.data);
  if (!refusal) return;
  packet.data = {};
  refusals.set(packet.data, refusal);
}

/** Returns the reason why a client's handshake payload was refused, if it was. */
export function handshakeRefusal({handshake: {auth}}: Socket): Error | undefined {
  return refusals.get(auth);
}

/**
 * Returns the credentials in a socket's handshake, if there are any. `pid` and `offset` of a recovering
 * client are not credentials.
 */
export function handshakeCredentials(
  socket: Socket,
): Record<string, unknown> | undefined {
  const auth = {...socket.handshake.auth};
  if (socket.nsp.server._opts.connectionStateRecovery) {
    delete auth.pid;
    delete auth.offset;
  }
  return Object.keys(auth).length > 0 ? auth : undefined;
}
