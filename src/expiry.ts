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
