import {once} from 'node:events';
import {createServer, request as requestHttp} from 'node:http';
import type {RequestListener, Server} from 'node:http';
import {request as requestHttps} from 'node:https';
import {createServer as createNetServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

/** A self-signed certificate for localhost, 127.0.0.1 and ::1, and its key. */
export const tls = {
  key: readFixture('key.pem'),
  cert: readFixture('cert.pem'),
};

export interface HttpAnswer {
  status: number;
  body: string;
  type: string;
}

/** Asks over a connection of its own, http or https. */
export async function get(url: string): Promise<HttpAnswer> {
  const request = url.startsWith('https:')
    ? requestHttps(url, {agent: false, ca: tls.cert})
    : requestHttp(url, {agent: false});
  request.end();
  const [response] = await once(request, 'response');
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return {
    status: response.statusCode,
    body,
    type: response.headers['content-type'] ?? '',
  };
}

/** A port that was free a moment ago, for servers that come back on the same one. */
export async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface GivenHttp extends AsyncDisposable {
  readonly http: Server;
  /** Makes it listen, on a free port. */
  listen(): Promise<void>;
}

/** An HTTP server that is not the application's; it does not listen yet. */
export function givenHttp(
  listener: RequestListener = (_request, response) => response.end('mine'),
): GivenHttp {
  const http = createServer(listener);
  return {
    http,
    listen: async () => {
      http.listen(0, '127.0.0.1');
      await once(http, 'listening');
    },
    [Symbol.asyncDispose]: async () => {
      if (!http.listening) return;
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}

/** A TCP port in use; nobody answers there. */
export async function givenPortInUse(): Promise<{port: number} & AsyncDisposable> {
  const server = createNetServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Returns true when a process listens on that port. */
export async function isListening(port: number): Promise<boolean> {
  const server = createNetServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return true;
  }
  server.close();
  await once(server, 'close');
  return false;
}

function readFixture(name: string): string {
  return readFileSync(join(__dirname, '../../__tests__/fixtures/tls', name), 'utf8');
}
