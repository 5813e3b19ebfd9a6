import type {Namespace} from 'socket.io';
import {Adapter, SessionAwareAdapter} from 'socket.io-adapter';
import {recoveryTimeOf} from './recovery-sessions';

/** Interval, in ms, in which ended sessions are removed; the same as socket.io's. */
const SWEEP_INTERVAL = 60_000;

type Session = Parameters<Adapter['persistSession']>[0];

/**
 * The adapter of connection state recovery without socket.io's timer, which never ends and so keeps every
 * namespace in memory, also the removed children of patterns. The timer here runs only while there are
 * sessions or packets.
 */
export class RecoveryAdapter extends Adapter {
  // Named like the fields of socket.io's adapter, whose functions use them.
  private readonly sessions = new Map<string, {disconnectedAt: number}>();
  private readonly packets: {emittedAt: number}[] = [];
  private timer?: NodeJS.Timeout;

  get maxDisconnectionDuration(): number {
    return recoveryTimeOf(this.nsp as Namespace);
  }

  override persistSession(session: Session): void {
    SessionAwareAdapter.prototype.persistSession.call(this, session);
    this.sweepLater();
  }

  override restoreSession(...args: Parameters<Adapter['restoreSession']>) {
    return SessionAwareAdapter.prototype.restoreSession.call(this, ...args);
  }

  override broadcast(...args: Parameters<Adapter['broadcast']>): void {
    SessionAwareAdapter.prototype.broadcast.call(this, ...args);
    if (this.packets.length > 0) this.sweepLater();
  }

  private sweepLater(): void {
    this.timer ??= setInterval(() => this.sweep(), SWEEP_INTERVAL).unref();
  }

  private sweep(): void {
    const {packets, sessions} = this;
    const threshold = Date.now() - this.maxDisconnectionDuration;
    for (const [pid, {disconnectedAt}] of sessions) {
      if (disconnectedAt < threshold) sessions.delete(pid);
    }
    const kept = packets.findIndex(({emittedAt}) => emittedAt >= threshold);
    packets.splice(0, kept < 0 ? packets.length : kept);
    if (sessions.size > 0 || packets.length > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
