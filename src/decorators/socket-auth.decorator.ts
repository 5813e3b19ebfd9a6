import type {AnsweringHandlerDecorator} from './handler-types';
import {HandlerDecoratorFactory} from './handler-decorator-factory';
import {SocketMetadata} from './metadata';
import type {SocketEventMetadata} from './metadata';

/**
 * Decorates the method that authenticates the sockets of a server. The method receives
 * `(socket, credentials[, callback])` and returns the user. If it returns a falsy value, throws or rejects,
 * the socket is refused.
 *
 * @example
 * ```ts
 * @socketAuth()
 * async authenticate(socket: Socket, credentials: {token: string}) {
 *   return this.users.findByToken(credentials.token);
 * }
 * ```
 */
export function socketAuth(options: SocketEventMetadata = {}): AnsweringHandlerDecorator {
  return HandlerDecoratorFactory.create(SocketMetadata.AUTH, options, '@socketAuth');
}
