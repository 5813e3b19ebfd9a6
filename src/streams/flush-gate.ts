import type {StreamSession} from './ports';

/** Holds a stream back while its client has not read what was sent. */
export class FlushGate {
  /** The session whose client has to read first. */
  private waiting: StreamSession | undefined;

  /** @param onFlushed - Called when that client has read. */
  constructor(private readonly onFlushed: (session: StreamSession) => void) {}

  /** Returns true while the client of a session has to read first. */
  isClosed(session: StreamSession): boolean {
    if (!session.hasQueued) return false;
    if (this.waiting !== session) {
      this.waiting = session;
      void session.whenFlushed().then(() => this.open(session));
    }
    return true;
  }

  private open(session: StreamSession): void {
    if (this.waiting !== session) return;
    this.waiting = undefined;
    this.onFlushed(session);
  }
}
