import type {IncomingMessage} from 'node:http';
import {delayOf} from '../common/timers';
import {SocketEvents} from '../wire/protocol';
import type {ExpiringBody} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {AuthenticatedSession} from './ports';

/** The end of one authentication: the client gets `expiring` before it, and is refused then. */
export class Expiry {
  private timer?: NodeJS.Timeout;

  /** @param at - In ms since 1970. */
  constructor(
    private readonly at: number,
    session: AuthenticatedSession,
  ) {
    const {expiryNotice} = session.endpoint.options;
    const left = at - Date.now();
    this.wait(at - Math.min(expiryNotice, left / 2), () => {
      const body: ExpiringBody = {expiresAt: at};
      session.socket.emit(SocketEvents.EXPIRING, body);
      this.wait(at, () => session.refuse(SocketErrors.expired()));
    });
  }

  get isOver(): boolean {
    return Date.now() >= this.at;
  }

  cancel(): void {
    clearTimeout(this.timer);
  }

  private wait(until: number, then: () => void): void {
    const left = until - Date.now();
    if (left <= 0) {
      then();
      return;
    }
    const again = () => this.wait(until, then);
    this.timer = setTimeout(again, delayOf(left));
  }
}

/**
 * Returns the end of a user's authentication, in ms since 1970: `expiresAt` in ms or as a `Date`, or otherwise
 * the `exp` of a JWT, in seconds.
 *
 * @throws TypeError when the value is not a time.
 */
export function expiryOf(user: unknown): number | undefined {
  if (typeof user !== 'object' || user === null) return undefined;
  const {expiresAt, exp} = user as {expiresAt?: unknown; exp?: unknown};
  return timeOf(expiresAt) ?? secondsOf(exp);
}

/**
 * Converts a time to ms since 1970; `undefined` for never.
 *
 * @throws TypeError unless the time is a number, a valid `Date`, `undefined` or `null`.
 */
export function timeOf(time: unknown): number | undefined {
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
export function tokenExpiryOf(
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
