import type {IncomingMessage} from 'node:http';
import type {Call} from '../context/call';
import {securityIdOf} from '../context/security';
import {checkResult} from '../dispatch/result';
import type {Handler} from '../invocation/handler';
import {roomOf} from '../namespace/user-rooms';
import type {SocketServerOptions} from '../options/server-options';
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

/**
 * Returns the end of a user's authentication, in ms since 1970: `expiresAt` in ms or as a `Date`, or otherwise
 * the `exp` of a JWT, in seconds.
 *
 * @throws TypeError when the value is not a time.
 */
function expiryOf(user: unknown): number | undefined {
  if (typeof user !== 'object' || user === null) return undefined;
  const {expiresAt, exp} = user as {expiresAt?: unknown; exp?: unknown};
  return timeOf(expiresAt) ?? secondsOf(exp);
}

/**
 * Converts a time to ms since 1970; `undefined` for never.
 *
 * @throws TypeError unless the time is a number, a valid `Date`, `undefined` or `null`.
 */
function timeOf(time: unknown): number | undefined {
  if (time === undefined || time === null) return undefined;
  const ms = typeof time === 'number' || time instanceof Date ? Number(time) : NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new TypeError(
    'expiresAt must be a number of ms since 1970 or a valid Date, or null for never. ' +
      'The option expiresAt says when an authentication ends, in place of its user.',
  );
}

function secondsOf(exp: unknown): number | undefined {
  if (exp === undefined || exp === null) return undefined;
  if (typeof exp === 'number' && !Number.isNaN(exp)) return exp * 1000;
  throw new TypeError(
    'exp must be a number of seconds since 1970, or null for never. ' +
      'The option expiresAt says when an authentication ends, in place of its user.',
  );
}

/** A signed JSON Web Token; the group is its payload. */
const TOKEN = /^bearer +[\w-]+\.([\w-]+)\.[\w-]*$/i;

/**
 * Returns the end of the JSON Web Token in a request's `Authorization: Bearer …`, in ms since 1970. Call it only
 * after a strategy has accepted the request: it does not check the signature.
 *
 * @returns `undefined` without such a token, or without `exp` in it.
 * @throws TypeError when `exp` is not a number of seconds.
 */
function tokenExpiryOf(
  request: Pick<IncomingMessage, 'headers'> | undefined,
): number | undefined {
  const token = TOKEN.exec(request?.headers.authorization ?? '');
  const claims = token && claimsIn(token[1]);
  return secondsOf((claims as {exp?: unknown} | null | undefined)?.exp);
}

function claimsIn(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString());
  } catch {
    // A token of another kind.
    return undefined;
  }
}
