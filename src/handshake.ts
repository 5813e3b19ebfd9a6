import type {Socket} from 'socket.io';

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
