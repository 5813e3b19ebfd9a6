import {delayOf} from '../common/timers';

/** An authentication that waits for its turn. */
interface Waiting {
  /** Its time limit, in ms. */
  readonly most: number;
  readonly start: () => void;
}

/**
 * Limits how many authentications run at once, over all servers of an application; others wait in order.
 * Without it, clients that all reconnect after a restart would query the same database at once, and each would
 * exceed its time limit.
 */
export class AuthenticationQueue {
  limit: number | false = false;
  /** Running authentications, and until when they count, by `performance.now()`. */
  private readonly running = new Map<object, number>();
  private readonly waiting = new Map<object, Waiting>();
  private timer: NodeJS.Timeout | undefined;

  /** Counts an authentication that starts now, until {@link finish}. Returns false when the limit is reached. */
  tryStart(owner: object, most: number): boolean {
    if (this.limit === false) return true;
    if (this.running.size >= this.limit) return false;
    this.running.set(owner, performance.now() + most);
    this.watch();
    return true;
  }

  /** Calls `start` at the owner's turn, and counts it as {@link tryStart} does. */
  wait(owner: object, most: number, start: () => void): void {
    this.waiting.set(owner, {most, start});
    // A running one may have a shorter limit than those before it.
    clearTimeout(this.timer);
    this.timer = undefined;
    this.watch();
  }

  isWaiting(owner: object): boolean {
    return this.waiting.has(owner);
  }

  /** Removes an owner that waits. Returns false when it did not wait. */
  leave(owner: object): boolean {
    return this.waiting.delete(owner);
  }

  finish(owner: object): void {
    if (this.running.delete(owner)) this.startNext();
  }

  private startNext(): void {
    for (const [owner, {most, start}] of this.waiting) {
      if (!this.tryStart(owner, most)) break;
      this.waiting.delete(owner);
      start();
    }
  }

  /** Stops counting handlers that hang: they would block the others for ever. */
  private watch(): void {
    if (this.timer || this.running.size === 0) return;
    let first = Infinity;
    for (const until of this.running.values()) first = Math.min(first, until);
    const wait = delayOf(Math.ceil(first - performance.now()));
    this.timer = setTimeout(() => this.release(), wait).unref();
  }

  private release(): void {
    const now = performance.now();
    for (const [owner, until] of this.running) {
      if (until <= now) this.running.delete(owner);
    }
    this.startNext();
    this.timer = undefined;
    this.watch();
  }
}
