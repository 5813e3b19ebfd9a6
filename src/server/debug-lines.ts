import debugFactory from 'debug';
import type {HandlerTable} from '../invocation/handler-table';

const lifecycle = debugFactory('loopback:socket:lifecycle');

/** Prints a step in the life of a server. */
export function debugServer({name}: {readonly name: string}, step: string): void {
  lifecycle('server %j %s', name, step);
}

export function debugNamespace(server: string, namespace: string): void {
  lifecycle('server %j serves namespace %j', server, namespace);
}

/** Prints how many handlers a server has when the controllers have been read. */
export function debugHandlers(server: string, handlers: HandlerTable): void {
  if (!lifecycle.enabled) return;
  const {auth, connected, disconnected, methods} = handlers;
  const count = methods.size + connected.length + disconnected.length + (auth ? 1 : 0);
  lifecycle('server %j has %d handlers', server, count);
}

/** Prints where the shared socket.io server listens. */
export function debugAttached(url: () => string | undefined): void {
  if (lifecycle.enabled) lifecycle('socket.io is attached to %s', url() ?? 'no port');
}

export function debugDetached(): void {
  lifecycle('socket.io is detached');
}
