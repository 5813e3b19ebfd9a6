import {MAX_DELAY} from '../common/timers';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {answer, answerFailure, refuseCall} from './answer';
import type {Ack, Peer} from './answer';
import type {Call} from '../context/call';
import type {InFlightCall} from './calls-in-flight';
import type {Recent} from './recent-calls';
import {checkResult} from './result';

/**
 * A packet that is not answered at once: it waits for its client to read, for guards, for the limiter, for
 * its method, or for the answer to the call that it repeats. It is in flight until that is over.
 */
export class PendingCall implements InFlightCall {
  place = -1;
  private timer: NodeJS.Timeout | undefined;
  /** Counts what it waits for, one after the other. */
  private stage = 0;
  private settled = false;
  /** Once its method runs. */
  private call?: Call;
  /** Given the outcome; a retried call may wait for it on another connection. */
  private ack: Ack | undefined;
  /** The call that it repeats. */
  private repeated?: {recent: Recent; ack: Ack};

  /**
   * @param label - How logs name what it waits for.
   * @param own - Answers on the connection that the packet came on.
   * @param timeout - In ms, after which it is answered all the same.
   */
  constructor(
    private readonly peer: Peer,
    private label: string,
    private readonly own: Ack | undefined,
    timeout: number | undefined,
  ) {
    this.ack = own;
    peer.service.begin();
    peer.running.add(this);
    if (timeout !== undefined) this.expireAfter(timeout, timeout);
  }

  /** Takes the next step, unless it has been answered or its socket is gone. Then it is over, or waits again. */
  resume(step: () => void): void {
    const {stage} = this;
    if (!this.settled && this.peer.stillAuthenticated()) step();
    if (this.stage === stage) this.end();
  }

  /** Waits for guards, which call `resume`. */
  guard(label: string): this {
    this.label = label;
    this.stage++;
    return this;
  }

  /** Waits for a promise, as of the limiter, and goes on unless that rejects. */
  async waitFor(label: string, promise: Promise<void>, step: () => void): Promise<void> {
    this.label = label;
    this.stage++;
    try {
      await promise;
    } catch (error) {
      this.resume(() => this.fail(error));
      return;
    }
    this.resume(step);
  }

  /** Notes that its method is about to run. */
  start(call: Call, ack: Ack | undefined): void {
    this.call = call;
    this.ack = ack;
  }

  /** Waits for what the method has promised. */
  async follow(
    call: Call,
    label: string,
    ack: Ack | undefined,
    result: unknown,
  ): Promise<void> {
    this.label = label;
    this.stage++;
    this.start(call, ack);
    try {
      // Settles once, whatever a thenable does.
      const value = await result;
      checkResult(value, this.peer, label, Boolean(this.own) && !this.settled);
      this.end(() => answer(value, ack));
    } catch (error) {
      if (call.isStoppedBy(error)) {
        this.end();
        return;
      }
      // What comes too late to be told is logged all the same.
      if (this.settled) this.peer.service.fail(error, label, this.peer.socket);
      this.end(() => this.fail(error));
    }
  }

  /** Waits for the answer to an earlier call. */
  repeat(label: string, recent: Recent): void {
    this.label = label;
    this.stage++;
    const ack: Ack = (...reply) => {
      this.end(() => this.own?.(...reply));
      return true;
    };
    this.repeated = {recent, ack};
    recent.waiting?.add(ack);
  }

  /** Answers that the call will not be, because its connection ends; or what its method has called back. */
  refuse(thrown: SocketError): void {
    if (this.own) refuseCall(this.peer, thrown, this.call, this.own);
    if (this.ack === this.own) this.settle();
  }

  /** Its connection has ended; a method that runs goes on. */
  leave(): void {
    if (!this.call) this.end();
  }

  private end(reply?: () => void): void {
    const {call, peer, repeated} = this;
    call?.close();
    peer.running.delete(this);
    repeated?.recent.waiting?.delete(repeated.ack);
    this.settle(reply);
  }

  /**
   * @param timeout - In ms since it began.
   * @param delay - What is left of that, in ms.
   */
  private expireAfter(timeout: number, delay: number): void {
    this.timer = setTimeout(() => this.expire(timeout), delay);
    // A call that never ends must not keep a process alive that has stopped.
    this.timer.unref();
  }

  private expire(timeout: number): void {
    const error = SocketErrors.callTimeout(timeout);
    const {callTimeout: limit} = this.peer.service.options;
    if (this.ack !== this.own && (limit === false || timeout < limit)) {
      // Its client waits no longer. What is kept for when it comes again is what the method gives.
      this.own?.({
        error: this.peer.service.fail(error, this.label, this.peer.socket).error,
      });
      if (limit !== false && limit <= MAX_DELAY) this.expireAfter(limit, limit - timeout);
      return;
    }
    this.settle(() => this.fail(error));
    this.call?.abort(error);
    // What it repeats goes on without it.
    if (this.repeated) this.end();
  }

  private fail(error: unknown): void {
    const {peer, label} = this;
    if (this.call?.outcome?.told) peer.service.fail(error, label, peer.socket);
    else answerFailure(peer, error, label, this.ack);
  }

  private settle(reply?: () => void): void {
    if (this.settled) return;
    this.settled = true;
    clearTimeout(this.timer);
    reply?.();
    this.peer.service.finish();
  }
}
