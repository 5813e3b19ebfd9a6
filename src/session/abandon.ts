import type {Socket} from 'socket.io';
import {Admission} from '../namespace/admission';
import {ownerOf} from '../namespace/guards';
import {socketsOnConnection} from '../engine/internals';
import {endConnection, IDLE_TRANSPORT_TIMEOUT} from '../engine/closing';

/**
 * Ends a socket so that its client reconnects automatically, which socket.io's client does only when it loses its
 * connection. A connection with other authenticated sockets stays open; only this socket is disconnected then, and
 * its client has to connect it again.
 */
export function abandonSocket(socket: Socket): void {
  const {conn} = socket;
  if (conn.readyState !== 'open' || !socket.connected) return;
  const others = [...socketsOnConnection(socket).values()].filter(one => one !== socket);
  if (others.some(isInUse)) {
    socket.disconnect();
  } else if (others.some(isAuthenticating)) {
    // An outage of this server must not interrupt another server's authentication.
    Admission.of(socket.nsp).hold(socket);
    setTimeout(abandonSocket, IDLE_TRANSPORT_TIMEOUT, socket).unref();
  } else {
    endConnection(conn);
  }
}

function isInUse(socket: Socket): boolean {
  // A socket without an owner is in a namespace that no named server serves.
  return ownerOf(socket)?.authenticated ?? true;
}

function isAuthenticating(socket: Socket): boolean {
  return ownerOf(socket)?.authenticating ?? false;
}
