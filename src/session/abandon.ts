import type {Socket} from 'socket.io';
import {Admission} from '../namespace/admission';
import {ownerOf} from '../namespace/guards';
import {socketsOnConnection} from '../engine/internals';
import {endConnection, IDLE_TRANSPORT_TIMEOUT} from '../engine/closing';

/**
 * Ends a socket so that its client comes back by itself, which socket.io's client does only when it loses
 * its connection. Others on the same connection that are authenticated are left alone: then this one's
 * client has to connect it again.
 */
export function abandonSocket(socket: Socket): void {
  const {conn} = socket;
  if (conn.readyState !== 'open' || !socket.connected) return;
  const others = [...socketsOnConnection(socket).values()].filter(one => one !== socket);
  if (others.some(isInUse)) {
    socket.disconnect();
  } else if (others.some(isAuthenticating)) {
    // Its own outage must not keep others from ever being authenticated.
    Admission.of(socket.nsp).hold(socket);
    setTimeout(abandonSocket, IDLE_TRANSPORT_TIMEOUT, socket).unref();
  } else {
    endConnection(conn);
  }
}

function isInUse(socket: Socket): boolean {
  // One without an owner is in a namespace of the application's own.
  return ownerOf(socket)?.authenticated ?? true;
}

function isAuthenticating(socket: Socket): boolean {
  return ownerOf(socket)?.authenticating ?? false;
}
