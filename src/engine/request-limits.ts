import type {Server as IoServer, Socket} from 'socket.io';
import {receiverOf, requestLimitOf, transportOf} from './engine-internals';
import {cutConnection} from './closing';
import {isAuthenticated} from './deadlines';

/** Most bytes of a request or message of a client without an authenticated socket. */
const MAX_UNAUTHENTICATED_BYTES = 64 * 1024;

/**
 * Most bytes of a request or message, unless the application sets `maxHttpBufferSize`. It is less than half
 * of socket.io's default: longer JSON can take more time to parse than a flood of events.
 */
export const MAX_MESSAGE_BYTES = 448 * 1024;

/** Most packets of a request: each costs time before any of them can be refused. */
const MAX_PACKETS_OF_REQUEST = 5000;

/** Separates the packets of a request in Engine.IO 4. */
const SEPARATOR = '\x1e';

/**
 * Bounds the cost of one polling request, or of one websocket message, before the client is known; and the
 * number of packets in a request.
 */
export function limitRequests(io: IoServer): void {
  io.engine.on('connection', (connection: Socket['conn']) => {
    limitBytes(connection, MAX_UNAUTHENTICATED_BYTES);
    const transport = transportOf(connection);
    if (transport.name !== 'polling') return;
    connection.once('upgrade', () => {
      if (!isAuthenticated(connection)) limitBytes(connection, MAX_UNAUTHENTICATED_BYTES);
    });
    const {onData, onPacket, send} = transport;
    transport.send = packets => {
      try {
        send.call(transport, packets);
      } catch {
        // Together they are longer than a string can be.
        cutConnection(connection);
      }
    };
    let packets = 0;
    transport.onData = data => {
      packets = 0;
      // Checked before the packets are made.
      if (isMore(data, SEPARATOR, MAX_PACKETS_OF_REQUEST)) connection.close(true);
      else onData.call(transport, data);
    };
    transport.onPacket = packet => {
      // Engine.IO 3 separates packets in another way, and passes them on one by one.
      if (++packets > MAX_PACKETS_OF_REQUEST) connection.close(true);
      else onPacket.call(transport, packet);
    };
  });
}

/** Lets an authenticated client send as many bytes as the application allows. */
export function liftRequestLimit({conn, nsp: {server}}: Socket): void {
  limitBytes(conn, server.engine.opts.maxHttpBufferSize as number);
}

function limitBytes(connection: Socket['conn'], most: number): void {
  const {opts} = connection['server'] as {opts: {maxHttpBufferSize: number}};
  const allowed = opts.maxHttpBufferSize;
  const limit = Math.min(most, allowed);
  const receiver = receiverOf(connection);
  if (receiver) receiver._maxPayload = limit;
  else if (connection.transport.name === 'polling')
    requestLimitOf(connection).maxHttpBufferSize = limit;
}

/** Returns true when a text occurs in a request more often than that. */
function isMore(data: string | Buffer, text: string, most: number): boolean {
  let count = 0;
  for (let at = data.indexOf(text); at >= 0; at = data.indexOf(text, at + 1)) {
    if (++count > most) return true;
  }
  return false;
}
