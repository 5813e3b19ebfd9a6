import type {Namespace, Socket} from 'socket.io';
import {delayOf} from '../common/timers';
import {internalsOf} from '../engine/internals';

/** Returns the time, in ms, for which an adapter keeps a session. */
export function recoveryTimeOf({server}: Namespace): number {
  return server._opts.connectionStateRecovery?.maxDisconnectionDuration ?? 0;
}

/** Knows which sessions of a namespace can be recovered, and until when. */
export class Sessions {
  /** Id of the socket whose session was stored last. */
  persisted?: string | undefined;
  /** Ended sessions that an adapter may still have: it returns a session as often as it is asked. */
  private readonly ended = new Set<string>();
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

  /** Ends the session that a socket has recovered, unless the session was stored again. */
  left(socket: Socket): void {
    if (!socket.recovered || this.persisted === socket.id) return;
    const {pid} = internalsOf(socket);
    this.ended.add(pid);
    const wait = delayOf(recoveryTimeOf(this.namespace) + 1);
    setTimeout(() => this.ended.delete(pid), wait).unref();
  }

  isEnded(pid: string): boolean {
    return this.ended.has(pid);
  }

  /** Returns the time, in ms, in which another connection may recover the session of a socket; 0 if none may. */
  keptFor(socket: Socket): number {
    return this.persisted === socket.id ? recoveryTimeOf(this.namespace) : 0;
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
