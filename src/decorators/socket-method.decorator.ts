import type {HandlerDecorator} from './handler-types';
import {HandlerDecoratorFactory} from './handler-decorator-factory';
import {SocketMetadata} from './metadata';
import type {SocketMethodMetadata} from './metadata';

/**
 * Makes a method callable by the authenticated sockets of a server. It receives
 * `(socket, credentials, args[, callback])`, and what it answers with reaches the client as
 * `{result}`, what it throws as `{error}`. It may be used more than once, under different names or
 * for different servers.
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
/** The same, with the name among the options. */
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
