import {delayOf} from '../common/timers';

/** Calls back when something was not used for its time limit. It starts no timer for each use. */
export class IdleTimer {
  /** By `performance.now()`. */
  private lastUse = 0;
  private limit: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param isBusy - Returns true while it is in use. */
  constructor(
    private readonly isBusy: () => boolean,
    private readonly onIdle: (limit: number) => void,
  ) {}

  /** @param limit - In ms; `undefined` for none. */
  start(limit: number | undefined): void {
    this.limit = limit;
    this.use();
    this.check();
  }

  /** Called at each use. */
  use(): void {
    this.lastUse = performance.now();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private check(): void {
    this.stop();
    const {limit} = this;
    if (limit === undefined) return;
    const end = this.isBusy() ? performance.now() : this.lastUse;
    const left = Math.ceil(end + limit - performance.now());
    if (left > 0) this.timer = setTimeout(() => this.check(), delayOf(left)).unref();
    else this.onIdle(limit);
  }
}
