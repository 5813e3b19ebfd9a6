import type {HttpServerOptions} from '@loopback/http-server';
import type {Application} from '@loopback/core';
import {SocketTags} from '../options/keys';
import {restServerOf} from '../options/rest-server';
import type {SocketComponentOptions} from '../options/component-options';
import type {ReadyHttpServer} from '../options/types';

/** The warning when an application may have forgotten to configure what to listen on. */
export const NOTHING_LISTENS =
  'SocketComponent: REST is told not to listen (`listenOnStart: false`), so nothing listens for ' +
  'sockets. Configure `http`, such as a function that returns your own http.Server: ' +
  'app.configure(SocketBindings.COMPONENT).to({http: () => server}); ' +
  'or attach SocketBindings.IO to it before app.start().';

/**
 * Finds the HTTP server for an application's socket.io server: the configured one, or else the REST server's.
 *
 * @returns A ready server, or options for a new one, or `undefined` when REST is configured not to listen:
 * then the application attaches `SocketBindings.IO` itself.
 * @throws Error when there is nothing to listen on.
 */
export async function findHttpTarget(
  app: Application,
  http: SocketComponentOptions['http'],
): Promise<ReadyHttpServer | HttpServerOptions | undefined> {
  if (typeof http === 'function') return requireHttpServer(await http());
  if (http) return http;
  const rest = await restServerOf(app);
  if (!rest) {
    throw new Error(
      'SocketComponent: the application has no REST server to share a port with. ' +
        'Configure `http`: app.configure(SocketBindings.COMPONENT).to({http: {port: 3000}}).',
    );
  }
  if (rest.httpServer) return rest.httpServer.server;
  if (rest.config.listenOnStart === false) return undefined;
  throw new Error(
    'SocketComponent: the REST server does not listen yet. ' +
      `Let the life cycle group "${SocketTags.LIFE_CYCLE_GROUP}" be the last of the ordered groups.`,
  );
}

/** Returns true for a server, and false for options. */
export function isHttpServer(value: object): value is ReadyHttpServer {
  return 'listen' in value && 'on' in value;
}

/** Returns the root URL of an HTTP server; `undefined` while it does not listen, and on a pipe. */
export function rootUrlOf(server: ReadyHttpServer | undefined): string | undefined {
  const address = server?.address();
  if (!server || !address || typeof address === 'string') return undefined;
  const protocol = 'setSecureContext' in server ? 'https' : 'http';
  const reachable: Record<string, string | undefined> = {
    '::': '::1',
    '0.0.0.0': '127.0.0.1',
  };
  const host = reachable[address.address] ?? address.address;
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

function requireHttpServer(value: unknown): ReadyHttpServer {
  if (typeof value === 'object' && value !== null && isHttpServer(value)) return value;
  throw new Error(
    'SocketComponent: the function given as `http` returned no http.Server. ' +
      'It is called when the application starts; create the server before.',
  );
}
