import {securityId} from '@loopback/security';
import {SocketBindings} from 'loopback4-socket';
import type {SocketServer, SocketServerOptions} from 'loopback4-socket';
import type {Socket as ServerSocket} from 'socket.io';
import {internalsOf, namespaceInternalsOf} from '../../dist/engine/internals';
import type {AppOptions, GivenApp} from './app';
import {givenAuthenticated} from './client';
import type {ClientOptions, TestClient} from './client';
import {givenServer} from './server';

/** A server whose clients give the id of their user; each socket also joins the room `all`. */
export function givenAsker(
  define: (server: SocketServer) => void = () => undefined,
  options: SocketServerOptions = {},
  appOptions: AppOptions = {},
): Promise<GivenApp> {
  return givenServer(
    server => {
      server.auth((_socket, {id}: {id: string}) => ({[securityId]: id}));
      server.onConnected(socket => socket.join('all'));
      define(server);
    },
    options,
    appOptions,
  );
}

/** A tab of a user's, whose listeners are there before it can be asked. */
export function givenTab(
  url: string | undefined,
  id: string,
  options: ClientOptions = {},
): Promise<TestClient> {
  return givenAuthenticated(url, {id}, options);
}

/** The server's side of a client. */
export function socketOf(given: GivenApp, client: TestClient): ServerSocket {
  const socket = given.server.io.sockets.get(client.socket.id ?? '');
  if (!socket) throw new Error('The server has no such socket.');
  return socket;
}

/** Counts the acks that a server's sockets wait for. */
export function acksOf(given: GivenApp): number {
  const sockets = [...given.server.io.sockets.values()];
  return sockets.reduce((count, socket) => count + internalsOf(socket).acks.size, 0);
}

/** Counts the asks of a server that have not ended. */
export function asksOf({server}: GivenApp): number {
  const {rounds} = server['endpoint'].asks as unknown as {rounds: ReadonlySet<unknown>};
  return rounds.size;
}

/** The ack id of a server's next ask. */
export function nextAckId({app}: GivenApp, namespace = '/'): number {
  return namespaceInternalsOf(app.getSync(SocketBindings.IO).of(namespace))._ids;
}
