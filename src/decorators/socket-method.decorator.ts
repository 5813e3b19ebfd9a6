import type {HandlerDecorator} from './handler-types';
import {HandlerDecoratorFactory} from './handler-decorator-factory';
import {SocketMetadata} from './metadata';
import type {SocketMethodMetadata} from './metadata';

/**
 * Decorates a method that the authenticated sockets of a server can call. The method receives
 * `(socket, credentials, args[, callback])`. The client receives its result as `{result}`, or its error as
 * `{error}`. When it returns an async iterable, the client reads its items. A method may have this decorator
 * more than once, with other names or servers.
 *
 * @param name - Event name that clients call. @default the method's own name
 *
 * @example
 * ```ts
 * @socketMethod('getRecords')
 * async getRecords(socket: Socket, credentials: Credentials, args: RecordFilter) {
 *   return this.records.find({skip: args.skip, limit: args.limit});
 * }
 * ```
 */
export function socketMethod(
  name?: string,
  options?: Omit<SocketMethodMetadata, 'name'>,
): HandlerDecorator;
/** Takes the name as an option. */
export function socketMethod(options: SocketMethodMetadata): HandlerDecorator;
export function socketMethod(
  nameOrOptions?: string | SocketMethodMetadata,
  options: SocketMethodMetadata = {},
): HandlerDecorator {
  const metadata =
    typeof nameOrOptions === 'object'
      ? {...nameOrOptions}
      : {...options, ...(nameOrOptions !== undefined && {name: nameOrOptions})};
  return HandlerDecoratorFactory.create(
    SocketMetadata.METHOD,
    metadata,
    '@socketMethod',
  ) as HandlerDecorator;
}
