import type {Call} from '../context/call';
import type {UploadingCall} from '../context/caller';
import {MAX_DELAY} from '../common/timers';
import type {UploadSlot} from '../streams/socket-uploads';
import {itemsOf} from '../streams/source';
import type {Upload} from '../streams/upload';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {answer, answerFailure, refuseCall} from './answer';
import {callOptionsOf, timeoutOf} from './call-options';
import {discardStream, openStream} from './open-stream';
import type {Ack, Packet} from './packet';
import type {DispatchSession, InFlightCall, KeptCall, Outcome} from './ports';
import {checkResult} from './result';

/**
 * A packet that is not answered at once: it waits for its client to read, for guards, for the limiter, for
 * its method, or for the answer of the call that it repeats. It is in flight until then.
 */
export class PendingCall implements InFlightCall, UploadingCall {
  private timer: NodeJS.Timeout | undefined;
  /** Counts the steps that it has waited for. */
  private step = 0;
  private settled = false;
  /** Set while its method runs. */
  private call?: Call;
  /** Receives the outcome, which a repeated call may receive on another connection. */
  private ack: Ack | undefined;
  private repeated?: {call: KeptCall; ack: Ack};

  /**
   * @param label - Names the step that it waits for in logs.
   * @param localAck - Answers on the connection of the packet.
   */
  constructor(
    private readonly session: DispatchSession,
    readonly packet: Packet,
    private label: string,
    private readonly localAck: Ack | undefined,
  ) {
    this.ack = localAck;
    session.endpoint.inFlight.begin();
    session.inFlight.add(this);
    this.limitTime();
  }

  /** Runs the next step, unless it is answered already or its session has ended. */
  resume(run: () => void): void {
    const {step} = this;
    if (!this.settled && this.session.checkAuthenticated()) run();
    if (this.step === step) this.end();
  }

  /** Waits for a further step, which calls `resume` or ends it. */
  wait(label: string): this {
    this.label = label;
    this.step++;
    return this;
  }

  /** Waits for a promise, and then runs the next step, or answers with the rejection. */
  async waitFor(label: string, promise: Promise<void>, run: () => void): Promise<void> {
    this.wait(label);
    try {
      await promise;
    } catch (error) {
      this.resume(() => this.fail(error));
      return;
    }
    this.resume(run);
  }

  /** Called before its method runs. */
  start(call: Call, ack: Ack | undefined): void {
    const {upload} = call;
    if (upload && call !== this.call) {
      upload.call = this;
      if (!upload.done) clearTimeout(this.timer);
    }
    this.call = call;
    this.ack = ack;
  }

  /** Starts the time limit again: that of an upload counts from its end. */
  uploaded(): void {
    if (!this.settled) this.limitTime();
  }

  /** Waits for the promise of its method. */
  async follow(
    call: Call,
    label: string,
    outcome: Outcome,
    result: unknown,
  ): Promise<void> {
    const {ack} = outcome;
    this.wait(label);
    this.start(call, ack);
    try {
      // `await` takes the first outcome of a thenable only.
      const value = await result;
      const items = itemsOf(value);
      if (items) {
        this.stream(call, label, items, outcome);
        return;
      }
      const isSent = this.localAck !== undefined && !this.settled;
      checkResult(value, this.session, label, isSent);
      this.end(() => answer(value, ack));
    } catch (error) {
      if (call.isStoppedBy(error)) {
        this.end();
        return;
      }
      // A later failure is logged.
      if (this.settled) this.session.fail(error, label);
      this.end(() => this.fail(error));
    }
  }

  /** Hands its call over to a stream. */
  private stream(
    call: Call,
    label: string,
    items: AsyncIterable<unknown>,
    outcome: Outcome,
  ): void {
    const {packet, session, settled} = this;
    this.call = undefined;
    if (settled) discardStream(session, call, label, items);
    const ref = callOptionsOf(packet)?.ref;
    this.end(() => openStream(session, call, label, items, ref, outcome));
  }

  /** Waits for the answer of an earlier call. */
  repeat(label: string, call: KeptCall): void {
    this.wait(label);
    const ack: Ack = (...reply) => {
      this.end(() => this.localAck?.(...reply));
      return true;
    };
    this.repeated = {call, ack};
    call.waiting?.add(ack);
  }

  /** Takes over the upload of the earlier call. */
  sendTo(upload: Upload, slot: UploadSlot): void {
    slot.connect(upload, true);
    if (upload.done) return;
    clearTimeout(this.timer);
    upload.repeated = this;
  }

  refuse(reason: SocketError): void {
    if (this.localAck) refuseCall(this.session, reason, this.call, this.localAck);
    if (this.ack === this.localAck) this.settle();
  }

  leave(): void {
    if (!this.call) this.end();
  }

  cancel(): boolean {
    if (this.settled) return false;
    const earlier = this.repeated?.call;
    // Nobody else sends the items that the method waits for.
    if (earlier?.cancel && earlier.upload?.repeated === this) return earlier.cancel();
    this.abort(SocketErrors.callCancelled());
    return true;
  }

  private end(reply?: () => void): void {
    const {call, session, repeated} = this;
    call?.close();
    session.inFlight.delete(this);
    repeated?.call.waiting?.delete(repeated.ack);
    this.settle(reply);
  }

  private limitTime(): void {
    const {packet, session} = this;
    const timeout = timeoutOf(packet, session.endpoint.options.callTimeout);
    if (timeout !== undefined) this.expireAfter(timeout, timeout);
  }

  /**
   * @param timeout - In ms since it began.
   * @param delay - The rest of it, in ms.
   */
  private expireAfter(timeout: number, delay: number): void {
    this.timer = setTimeout(() => this.expire(timeout), delay);
    // A call that never ends must not keep a stopped process alive.
    this.timer.unref();
  }

  private expire(timeout: number): void {
    const error = SocketErrors.callTimeout(timeout);
    const {callTimeout: limit} = this.session.endpoint.options;
    if (this.ack !== this.localAck && (limit === false || timeout < limit)) {
      // Only its client stops waiting: the method's answer is kept for the repeated call.
      this.localAck?.({error: this.session.fail(error, this.label).error});
      if (limit !== false && limit <= MAX_DELAY) this.expireAfter(limit, limit - timeout);
      return;
    }
    this.abort(error);
  }

  /** Answers it with an error, and aborts its method. */
  abort(error: Error): void {
    this.settle(() => this.fail(error));
    this.call?.abort(error);
    // The call that it repeats goes on.
    if (this.repeated) this.end();
  }

  private fail(error: unknown): void {
    const {session, label} = this;
    if (this.call?.outcome?.answered) session.fail(error, label);
    else answerFailure(session, error, label, this.ack);
  }

  private settle(reply?: () => void): void {
    if (this.settled) return;
    this.settled = true;
    clearTimeout(this.timer);
    reply?.();
    this.session.endpoint.inFlight.finish();
  }
}
