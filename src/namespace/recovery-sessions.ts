import type {Namespace} from 'socket.io';
import {delayOf} from '../common/timers';

/** How long, in ms, an adapter keeps a session for a connection that comes back. */
export function recoveryTimeOf({server}: Namespace): number {
  return server._opts.connectionStateRecovery?.maxDisconnectionDuration ?? 0;
}

/** Knows until when connections of a namespace may come back as the sockets that they were. */
export class Sessions {
  /** In ms since 1970. */
  private end = 0;
  private timer?: NodeJS.Timeout | undefined;
  private over?: () => void;

  constructor(private readonly namespace: Namespace) {}

  /** Whether any may. */
  get any(): boolean {
    return Date.now() <= this.end;
  }

  /** Calls that when none may any more. */
  onOver(over: () => void): void {
    this.over = over;
  }

  /** Called when an adapter has got a session to keep. */
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
