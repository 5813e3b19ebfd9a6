import type {IncomingMessage} from 'node:http';
import {delayOf} from './delay';

/** Called when an authentication is about to end, and when it has. */
export interface ExpiryListener {
  expiring(expiresAt: number): void;
  expired(): void;
}

/** The end of one authentication. */
export class Expiry {
  private timer?: NodeJS.Timeout;

  /**
   * @param at - In ms since 1970.
   * @param notice - How many ms ahead the client is told; but not before half of the time is over.
   */
  constructor(at: number, notice: number, listener: ExpiryListener) {
    const left = at - Date.now();
    this.wait(at - Math.min(notice, left / 2), () => {
      listener.expiring(at);
      this.wait(at, () => listener.expired());
    });
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
 * When an authentication ends, in ms since 1970, as its user says: `expiresAt` in ms or as a `Date`, or
 * the `exp` of a JWT, in seconds.
 */
export function expiryOf(user: unknown): number | Date | undefined {
  if (typeof user !== 'object' || user === null) return undefined;
  const {expiresAt, exp} = user as {expiresAt?: unknown; exp?: unknown};
  if (typeof expiresAt === 'number' || expiresAt instanceof Date) return expiresAt;
  return typeof exp === 'number' ? exp * 1000 : undefined;
}

/** A JSON Web Token that is signed, and its payload. */
const TOKEN = /^bearer +[\w-]+\.([\w-]+)\.[\w-]*$/i;

/**
 * When the JSON Web Token in a request's `Authorization: Bearer …` ends, in ms since 1970. To be asked only
 * after a strategy has accepted the request, because the token is read without checking its signature.
 *
 * @returns `undefined` where there is no such token, or it says nothing.
 */
export function tokenExpiryOf(
  request: Pick<IncomingMessage, 'headers'> | undefined,
): number | undefined {
  const token = TOKEN.exec(request?.headers.authorization ?? '');
  if (!token) return undefined;
  try {
    const [, payload] = token;
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const exp = (claims as {exp?: unknown} | null)?.exp;
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    // A token of another kind that looks like one.
    return undefined;
  }
}
