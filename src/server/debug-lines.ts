import debugFactory from 'debug';
import type {Namespace} from 'socket.io';
import type {Endpoint} from './endpoint';

const lifecycle = debugFactory('loopback:socket:lifecycle');

/** Prints a step in the life of one server. */
export function debugServer({name}: {readonly name: string}, step: string): void {
  lifecycle('server %j %s', name, step);
}

/** Prints which namespace a server serves. */
export function debugNamespace(server: Endpoint, namespace: Namespace): void {
  lifecycle('server %j serves namespace %j', server.name, namespace.name);
}

/** Prints how many handlers a server has after the controllers were read. */
export function debugHandlers({name, handlers}: Endpoint): void {
  if (!lifecycle.enabled) return;
  const {auth, connected, disconnected, methods} = handlers;
  const authenticated = auth ? 'an authentication' : 'no authentication';
  lifecycle(
    'server %j has %d methods, %s, %d connected handlers, %d disconnected handlers',
    name,
    methods.size,
    authenticated,
    connected.length,
    disconnected.length,
  );
}

/** Prints where a socket.io server listens. */
export function debugAttached(url: () => string | undefined): void {
  if (!lifecycle.enabled) return;
  lifecycle('socket.io is attached to %s', url() ?? 'no TCP port');
}

export function debugDetached(): void {
  lifecycle('socket.io is detached');
}
