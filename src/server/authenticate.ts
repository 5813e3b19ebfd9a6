import type {Call} from '../context/call';
import {securityIdOf} from '../context/security';
import {checkResult} from '../dispatch/result';
import type {Handler} from '../invocation/handler';
import {roomOf} from '../namespace/user-rooms';
import type {SocketServerOptions} from '../options/server-options';
import {expiryOf, timeOf, tokenExpiryOf} from '../session/expiry';
import type {Authenticated} from '../session/ports';
import {SocketErrors} from '../wire/refusals';

/**
 * Runs an authentication handler, and reads the user's id and the end of the authentication.
 *
 * @throws Error when the handler does not return a user, or the user's id or end cannot be read.
 */
export async function authenticate(
  call: Call,
  handler: Handler,
  {userId = securityIdOf, expiresAt}: SocketServerOptions,
): Promise<Authenticated> {
  const user = await handler.invoke(call);
  // A stream is truthy, and would pass for a user.
  checkResult(user, call.caller, handler.label, true);
  if (!user) throw SocketErrors.authenticationFailed();
  const room = roomOf(await userId(user, call.socket));
  const end = expiresAt
    ? timeOf(await expiresAt(user, call.socket))
    : earlier(expiryOf(user), tokenExpiryOf(call.strategy?.request));
  if (end !== undefined && end <= Date.now()) throw SocketErrors.expired();
  return {user, room, expiresAt: end === Infinity ? undefined : end};
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one;
}
