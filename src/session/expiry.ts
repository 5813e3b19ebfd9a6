import {delayOf} from '../common/timers';
import {SocketEvents} from '../wire/protocol';
import type {ExpiringBody} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {AuthenticatedSession} from './ports';

/** The end of one authentication: the client gets `expiring` before it, and is refused then. */
export class Expiry {
  private timer?: NodeJS.Timeout;

  /** @param at - In ms since 1970. */
  constructor(
    private readonly at: number,
    session: AuthenticatedSession,
  ) {
    const {expiryNotice} = session.endpoint.options;
    const left = at - Date.now();
    this.wait(at - Math.min(expiryNotice, left / 2), () => {
      const body: ExpiringBody = {expiresAt: at};
      session.socket.emit(SocketEvents.EXPIRING, body);
      this.wait(at, () => session.refuse(SocketErrors.expired()));
    });
  }

  get isOver(): boolean {
    return Date.now() >= this.at;
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
