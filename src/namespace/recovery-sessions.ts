import type {Namespace} from 'socket.io';
import {delayOf} from '../common/timers';

/** Returns the time, in ms, for which an adapter keeps a session. */
export function recoveryTimeOf({server}: Namespace): number {
  return server._opts.connectionStateRecovery?.maxDisconnectionDuration ?? 0;
}

/** Knows until when the sessions of a namespace can be recovered. */
export class Sessions {
  /** In ms since 1970. */
  private end = 0;
  private timer?: NodeJS.Timeout | undefined;
  private over?: () => void;

  constructor(private readonly namespace: Namespace) {}

  /** Returns true while a session can be recovered. */
  get any(): boolean {
    return Date.now() <= this.end;
  }

  /** Calls back when no session can be recovered any more. */
  onOver(over: () => void): void {
    this.over = over;
  }

  /** Called when an adapter has stored a session. */
  add(): void {
    const time = recoveryTimeOf(this.namespace);
    this.end = Date.now() + time;
    if (this.over) this.timer ??= this.wait(time);
  }

  private wait(time: number): NodeJS.Timeout {
    return setTimeout(
      () => {
        this.timer = this.any ? this.wait(this.end - Date.now()) : undefined;
        if (!this.timer) this.over?.();
      },
      delayOf(time + 1),
    ).unref();
  }
}
