import {delayOf} from '../common/timers';

/** One that waits: how long it may take, in ms, and what starts it. */
interface Waiting {
  readonly most: number;
  readonly start: () => void;
}

/**
 * Limits how many authentications run at once, over all servers of an application; others wait in order.
 * Without it, clients that all come back after a restart would wait for the same database until each of
 * them is out of time.
 */
export class AuthenticationQueue {
  limit: number | false = false;
  /** Those that run, and when they have taken so long that they are not counted any more. */
  private readonly running = new Map<object, number>();
  private readonly waiting = new Map<object, Waiting>();
  private timer: NodeJS.Timeout | undefined;

  /** Counts an authentication that starts now, if there may be one more; {@link finish} ends that. */
  tryStart(owner: object, most: number): boolean {
    if (this.limit === false) return true;
    if (this.running.size >= this.limit) return false;
    this.running.set(owner, performance.now() + most);
    this.watch();
    return true;
  }

  /** Calls `start` when it is the owner's turn, counted as by {@link tryStart}. */
  wait(owner: object, most: number, start: () => void): void {
    this.waiting.set(owner, {most, start});
    // One that runs may be allowed less time than the first of them was.
    clearTimeout(this.timer);
    this.timer = undefined;
    this.watch();
  }

  isWaiting(owner: object): boolean {
    return this.waiting.has(owner);
  }

  /** Gives up an owner's place; says whether it waited. */
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

  /** Lets go of handlers that hang: they would block the others for ever, and keep their sockets. */
  private watch(): void {
    if (this.timer || this.running.size === 0) return;
    let first = Infinity;
    for (const until of this.running.values()) first = Math.min(first, until);
    const wait = delayOf(Math.ceil(first - performance.now()));
    this.timer = setTimeout(() => this.letGo(), wait).unref();
  }

  private letGo(): void {
    const now = performance.now();
    for (const [owner, until] of this.running) {
      if (until <= now) this.running.delete(owner);
    }
    this.startNext();
    this.timer = undefined;
    this.watch();
  }
}
