import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import type {ReadyHttpServer} from '../options/types';

/** Returns true when a request asks for a websocket; others ask for HTTP/2, such as `curl --http2`. */
export function asksForWebSocket({headers: {upgrade = ''}}: IncomingMessage): boolean {
  return /(?:^|,)\s*websocket\s*(?:,|$)/i.test(upgrade);
}

/**
 * Serves a request as if it had not asked for an upgrade, which is what Node does without an `upgrade`
 * listener. Node has removed the request's parser at this time, so the connection is passed to the HTTP
 * server again, with the head of the request first.
 */
export function servePlainly(
  server: ReadyHttpServer,
  request: IncomingMessage,
  socket: Duplex,
  rest: Buffer,
): void {
  const {httpVersion, method, rawHeaders, url} = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at], rawHeaders[at + 1]];
    const kept = name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value;
    if (kept !== '') lines.push(`${name}: ${kept}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.unshift(Buffer.concat([head, rest]));
  server.emit('setSecureContext' in server ? 'secureConnection' : 'connection', socket);
}

/** Removes `upgrade` from a `Connection` header; both headers together ask for an upgrade. */
function withoutUpgrade(connection: string): string {
  const tokens = connection.split(',').map(token => token.trim());
  return tokens.filter(token => token.toLowerCase() !== 'upgrade').join(', ');
}
