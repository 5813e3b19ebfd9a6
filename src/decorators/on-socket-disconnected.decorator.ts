import type {HandlerDecorator} from './handler-types';
import {HandlerDecoratorFactory} from './handler-decorator-factory';
import {SocketMetadata} from './metadata';
import type {SocketEventMetadata} from './metadata';

/**
 * Marks a method that runs once for each socket that was authenticated, when it is gone and its
 * connected handlers have settled. It receives `(socket, reason)`, where `reason` is socket.io's.
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
