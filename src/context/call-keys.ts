import {CoreBindings} from '@loopback/core';
import type {ResolutionContext} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {expressOf, toExpressRequest} from './express-request';
import {isObject} from '../common/objects';
import {SocketKeys} from '../options/keys';
import {USER} from './security';
import type {CallState, Caller} from './caller';

/** The value of a key that a call does not have. A parent context may have the key. */
export const ABSENT = Symbol('absent');

/** Returns a value of a call, or {@link ABSENT}. */
type ReadCall = (call: CallState) => unknown;

/** The keys that a call's context has. */
export const CALL_KEYS: ReadonlyMap<string, ReadCall> = new Map<string, ReadCall>([
  [SocketKeys.CREDENTIALS.key, call => call.credentials as unknown],
  [SocketKeys.ARGS.key, call => call.args as unknown],
  [SocketKeys.AFTER.key, ({after}) => after],
  [SocketKeys.UPLOAD.key, ({upload}) => upload ?? ABSENT],
  [SocketKeys.SIGNAL.key, call => call.signal],
  [USER.key, ({user}) => (isObject(user) ? user : ABSENT)],
  [CoreBindings.CONTROLLER_CLASS.key, ({method}) => method?.type ?? ABSENT],
  [CoreBindings.CONTROLLER_METHOD_NAME.key, ({method}) => method?.member ?? ABSENT],
  [CoreBindings.CONTROLLER_CURRENT.key, ({controller}) => controller ?? ABSENT],
  [
    RestBindings.OPERATION_SPEC_CURRENT.key,
    ({method}) => method?.operation?.spec ?? ABSENT,
  ],
]);

type ReadCaller = (caller: Caller) => unknown;

/** The keys that a connection's context has. */
export const CONNECTION_KEYS: ReadonlyMap<string, ReadCaller> = new Map<
  string,
  ReadCaller
>([
  [SocketKeys.SOCKET.key, ({socket}) => socket],
  [SocketKeys.CONNECTION.key, ({context}) => context],
  [
    RestBindings.Http.REQUEST.key,
    ({socket, serverContext}) =>
      toExpressRequest(socket.request, () => expressOf(serverContext)),
  ],
]);

/** The key of `@loopback/express` that an interceptor made of Express middleware injects. */
const MIDDLEWARE_CONTEXT = 'middleware.http.context';

/** HTTP keys that no connection has. A server's context may have them. */
export const MISSING_KEYS: ReadonlySet<string> = new Set([
  RestBindings.Http.RESPONSE.key,
  RestBindings.Http.CONTEXT.key,
  MIDDLEWARE_CONTEXT,
]);

/**
 * Resolves a key of {@link MISSING_KEYS}.
 *
 * @throws Error unless the injection is optional.
 */
export function missing({binding, options}: ResolutionContext): undefined {
  if (options.optional) return undefined;
  throw new Error(
    binding.key === MIDDLEWARE_CONTEXT
      ? 'Express middleware used as an interceptor needs an HTTP request and response, which a ' +
          'socket call does not have. Tag the interceptor with ' +
          '{[ContextTags.GLOBAL_INTERCEPTOR_SOURCE]: "route"}, or remove it from the method.'
      : `"${binding.key}" does not exist in a socket call: there is no HTTP response. ` +
          'Return the result; or inject it with {optional: true} when the method serves REST as well.',
  );
}
