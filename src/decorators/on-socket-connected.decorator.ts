import type {HandlerDecorator} from './handler-types';
import {HandlerDecoratorFactory} from './handler-decorator-factory';
import {SocketMetadata} from './metadata';
import type {SocketEventMetadata} from './metadata';

/**
 * Marks a method that runs once for each socket, between its authentication and `authenticated`. It
 * receives `(socket, credentials[, callback])`; a throw or a rejection refuses the socket.
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
