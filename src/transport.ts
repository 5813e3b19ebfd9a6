import type {Socket} from 'socket.io';
import {connectingSockets, socketsOnConnection} from './socket-io-internals';

/** How long a transport that carries no namespace is kept, for one that is still connecting. */
const IDLE_TRANSPORT_TIMEOUT = 100;

/**
 * Closes the transport of a socket that has left its namespace, once nothing else uses it. Other
 * namespaces on the same connection, and those still connecting, are left alone.
 */
export function closeIdleTransport(socket: Socket): void {
  const {conn} = socket;
  const check = () => {
    if (conn.readyState !== 'open' || socketsOnConnection(socket).size > 0) return;
    if (isConnecting(socket)) schedule();
    else conn.close();
  };
  const schedule = () => setTimeout(check, IDLE_TRANSPORT_TIMEOUT).unref();
  if (conn.readyState === 'open') schedule();
}

function isConnecting({client, nsp}: Socket): boolean {
  for (const namespace of nsp.server._nsps.values()) {
    for (const socket of connectingSockets(namespace)) {
      if (socket.client === client) return true;
    }
  }
  return false;
}
