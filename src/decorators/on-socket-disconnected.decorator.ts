import type {HandlerDecorator} from './handler-types';
import {HandlerDecoratorFactory} from './handler-decorator-factory';
import {SocketMetadata} from './metadata';
import type {SocketEventMetadata} from './metadata';

/**
 * Decorates a method that runs once for each authenticated socket, after the socket has disconnected and its
 * connected handlers have settled. The method receives `(socket, reason)` with socket.io's reason.
 *
 * @example
 * ```ts
 * @onSocketDisconnected()
 * async left(socket: Socket, reason: string) {
 *   await this.presence.remove(socket.id);
 * }
 * ```
 */
export function onSocketDisconnected(
  options: SocketEventMetadata = {},
): HandlerDecorator {
  return HandlerDecoratorFactory.create(
    SocketMetadata.DISCONNECTED,
    options,
    '@onSocketDisconnected',
  ) as HandlerDecorator;
}
