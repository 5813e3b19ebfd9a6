import type {HandlerDecorator} from './handler-types';
import {HandlerDecoratorFactory} from './handler-decorator-factory';
import {SocketMetadata} from './metadata';
import type {SocketEventMetadata} from './metadata';

/**
 * Decorates a method that runs once for each socket, between its authentication and `authenticated`. The
 * method receives `(socket, credentials[, callback])`. If it throws or rejects, the socket is refused.
 *
 * @example
 * ```ts
 * @onSocketConnected()
 * async connected(socket: Socket) {
 *   await socket.join('members');
 * }
 * ```
 */
export function onSocketConnected(options: SocketEventMetadata = {}): HandlerDecorator {
  return HandlerDecoratorFactory.create(
    SocketMetadata.CONNECTED,
    options,
    '@onSocketConnected',
  ) as HandlerDecorator;
}
