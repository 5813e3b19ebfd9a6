import {SocketServer} from 'loopback4-socket';
import type {SocketServerOptions} from 'loopback4-socket';
import {authenticateByToken, givenApp} from './app';
import type {AppOptions, GivenApp} from './app';

/** An application whose default server authenticates by token, with handlers added by hand. */
export function givenServer(
  define: (server: SocketServer) => void = () => undefined,
  options: SocketServerOptions = {},
  appOptions: AppOptions = {},
): Promise<GivenApp> {
  return givenApp({
    ...appOptions,
    servers: {'': options, ...appOptions.servers},
    setup: async app => {
      const server = SocketServer.get(app);
      if (!options.anonymous) server.auth(authenticateByToken);
      define(server);
      await appOptions.setup?.(app);
    },
  });
}
