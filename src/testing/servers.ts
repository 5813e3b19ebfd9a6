import type {Application} from '@loopback/core';
import {SocketKeys} from '../options/keys';
import type {Endpoint} from '../server/endpoint';
import {SocketServer} from '../server/socket.server';

/** @throws Error when the application has no server with that name. */
export function existingServer(app: Application, name?: string): SocketServer {
  if (name !== undefined && !app.isBound(SocketKeys.server(name))) {
    throw new Error(`The application has no socket server "${name}".`);
  }
  return SocketServer.get(app, name);
}

/** Returns the private side of a server. */
export function endpointOf(server: SocketServer): Endpoint {
  return server['endpoint'];
}
