import type {Socket} from 'socket.io';
import {checkPayload} from '../wire/payload';
import type {DecodedPacket} from './packets';

/** Why a handshake's payload was refused, by what stands in its place. */
const refusals = new WeakMap<object, Error>();

/** Takes away what a client says when it joins a namespace, if it is to be refused. */
export function checkHandshake(packet: DecodedPacket): void {
  const refusal = checkPayload(packet.data);
  if (!refusal) return;
  packet.data = {};
  refusals.set(packet.data, refusal);
}

/** Why what a client said when it joined a namespace was refused, if so. */
export function handshakeRefusal({handshake: {auth}}: Socket): Error | undefined {
  return refusals.get(auth);
}

/**
 * The credentials in a socket's handshake, if there are any. A recovering client adds `pid` and
 * `offset`, which are none.
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
