import type {Socket} from 'socket.io';
import {answerFailure} from '../dispatch/answer';
import type {Ack, Packet} from '../dispatch/packet';
import type {DispatchSession} from '../dispatch/ports';
import type {UnauthorizedBody} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {SessionEndpoint} from './ports';
import {WaitingCalls} from './waiting-calls';
import type {WaitingCall} from './waiting-calls';

/** Most acks of `authentication` that wait for one outcome; others are answered 429. */
const MAX_SHARED_AUTHENTICATIONS = 16;

/** An authentication, or its renewal, until its outcome is known: the acks and calls that wait for the outcome. */
export class Undecided {
  /** Ends the time limit of the authentication. */
  deadline?: NodeJS.Timeout;
  /** Settles after the connected handlers. */
  connectedHandlers?: Promise<unknown> | undefined;
  private readonly acks: Ack[] = [];
  private calls?: WaitingCalls;

  /** Adds the ack of an `authentication` event. Returns false when too many wait. */
  addAck(ack: Ack): boolean {
    if (this.acks.length === MAX_SHARED_AUTHENTICATIONS) return false;
    this.acks.push(ack);
    return true;
  }

  /** Keeps a call until the outcome is known, or answers 429. */
  hold(
    session: DispatchSession & {readonly endpoint: SessionEndpoint},
    packet: Packet,
    ack?: Ack,
  ): void {
    this.calls ??= new WaitingCalls(session.socket.conn);
    if (!this.calls.hold(packet, ack, session.endpoint.options.maxWaitingCalls)) {
      answerFailure(session, SocketErrors.tooManyWaiting(), String(packet[0]), ack);
    }
  }

  /** Counts bytes that wait beside the calls of the connection. Returns false when too many wait. */
  mayHold(connection: Socket['conn'], bytes: number): boolean {
    this.calls ??= new WaitingCalls(connection);
    return this.calls.count(bytes);
  }

  nextCall(): WaitingCall | undefined {
    return this.calls?.next();
  }

  takeCall(isTaken: (packet: Packet) => boolean): WaitingCall | undefined {
    return this.calls?.take(isTaken);
  }

  answerAcks(reply: object): void {
    for (const ack of this.acks.splice(0)) ack(reply);
  }

  /**
   * Answers everything that waits.
   *
   * @param body - For the acks of `authentication`.
   * @param error - For the calls.
   */
  refuse(session: DispatchSession, body: UnauthorizedBody, error: Error): void {
    this.answerAcks({error: body});
    for (const {packet, ack} of this.calls?.takeAll() ?? []) {
      answerFailure(session, error, String(packet[0]), ack);
    }
  }

  /** Ends its time limit, and drops what waits. */
  end(): void {
    clearTimeout(this.deadline);
    this.calls?.takeAll();
  }
}
