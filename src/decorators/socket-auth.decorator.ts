import type {AnsweringHandlerDecorator} from './handler-types';
import {HandlerDecoratorFactory} from './handler-decorator-factory';
import {SocketMetadata} from './metadata';
import type {SocketEventMetadata} from './metadata';

/**
 * Marks the method that authenticates the sockets of a server. It receives
 * `(socket, credentials[, callback])` and answers with the user; a falsy answer, a throw or a
 * rejection refuses the socket.
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
