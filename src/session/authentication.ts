import type {Socket} from 'socket.io';
import {Admission} from '../namespace/admission';
import {DEFAULT_SOCKET_SERVER_OPTIONS} from '../options/configuration';
import {runConnected} from './connection-handlers';
import type {ConnectionService} from './session-server';
import {delayOf} from '../common/timers';
import {answerFailure} from '../dispatch/answer';
import type {Ack, Packet, Peer} from '../dispatch/answer';
import {Call} from '../context/call';
import {countArguments} from '../dispatch/dispatch';
import {toRefusal, toUnauthorized} from '../wire/failures';
import {Expiry} from './expiry';
import type {ExpiryListener} from './expiry';
import {handshakeCredentials} from '../engine/handshake';
import {checkPayload} from '../wire/payload';
import {liftRequestLimit} from '../engine/request-limits';
import {ErrorCodes, SocketEvents} from '../wire/protocol';
import type {ExpiringBody} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {
  forgetLeft,
  noteAuthenticated,
  noteLeft,
  pauseDeadline,
  resumeDeadline,
  unauthenticatedTime,
} from '../engine/deadlines';
import {WaitingCalls} from './waiting-calls';

/** How many acks of `authentication` may wait for one outcome; more are answered 429. */
const MAX_SHARED_AUTHENTICATIONS = 16;

/** What the authentication of a socket needs of its connection. */
export interface AuthenticationOwner extends Peer {
  readonly service: ConnectionService;
  /** Ends the connection for good, because of what was thrown. */
  refuse(thrown: unknown): void;
  /** Ends it so that its client comes back by itself. */
  abandon(error: SocketError): void;
  /** Takes a call that waited. */
  handle(packet: Packet, ack?: Ack): void;
  /** Lets go of its context, if the application has bound nothing in it; another call makes another. */
  releaseContext(): void;
}

type State = 'connecting' | 'authenticating' | 'authenticated' | 'closed';

/** What there is until an authentication, or its renewal, is decided. */
interface Undecided {
  /** Refuses the socket unless it authenticates in time. */
  deadline?: NodeJS.Timeout;
  /** Of the authentications that share the outcome. */
  readonly acks: Ack[];
  /** Calls that wait for it. */
  waiting?: WaitingCalls | undefined;
  /** Settles when connected handlers have, while they run. */
  connectedHandlers?: Promise<unknown> | undefined;
}

/** Who a socket is: from its first credentials, over renewals, to when they end. */
export class SocketAuthentication implements ExpiryListener {
  credentials: unknown;
  user: unknown;
  /** The room of all of the user's sockets; `undefined` for a user without an id. */
  room: string | undefined;
  state: State = 'connecting';
  /** Whether the authentication handler has succeeded, which opens rooms and broadcasts. */
  admitted = false;
  private undecided: Undecided | undefined = {acks: []};
  /** Whether the authentication handler runs, or connected handlers do. */
  private checking = false;
  /** Whether it goes on though the socket has left. */
  private left = false;
  private expiry?: Expiry | undefined;

  constructor(private readonly owner: AuthenticationOwner) {}

  private get socket(): Socket {
    return this.owner.socket;
  }

  private get service(): ConnectionService {
    return this.owner.service;
  }

  /** Starts the clock, and authenticates at once where the handshake carries the credentials. */
  start(): void {
    const {timeout, credentials} = this.service.options;
    if (timeout !== false) {
      this.limitTime(timeout, timeout - unauthenticatedTime(this.socket));
    }
    if (credentials === 'event') return;
    const handshake = handshakeCredentials(this.socket);
    const refusal = checkPayload(handshake, this.service.prohibitedKeys);
    if (refusal) this.owner.refuse(refusal);
    else if (credentials === 'handshake' || handshake) this.authenticate(handshake);
  }

  /** Takes an `authentication` event. */
  receive(packet: Packet, ack?: Ack): void {
    const event = SocketEvents.AUTHENTICATION;
    const count = countArguments(packet);
    if (count > 1) {
      answerFailure(this.owner, SocketErrors.tooManyArguments(), event, ack);
      return;
    }
    if (this.state === 'closed') return;
    if (this.service.draining) {
      ack?.({error: toUnauthorized(SocketErrors.shuttingDown())});
      return;
    }
    const renewing = this.state === 'authenticated' && this.undecided !== undefined;
    const {acks} = (this.undecided ??= {acks: []});
    if (ack) {
      if (acks.length === MAX_SHARED_AUTHENTICATIONS) {
        answerFailure(this.owner, SocketErrors.tooManyAuthentications(), event, ack);
        return;
      }
      acks.push(ack);
    }
    const credentials = count > 0 ? packet[1] : undefined;
    const refusal = checkPayload(credentials, this.service.prohibitedKeys);
    if (refusal) this.owner.refuse(refusal);
    else if (this.state === 'connecting') this.authenticate(credentials);
    else if (this.holds() && !renewing) this.takeTurn(credentials);
  }

  /** Lets a call wait for the outcome, if there is room. */
  hold(packet: Packet, ack?: Ack): void {
    if (!this.undecided) return;
    const waiting = (this.undecided.waiting ??= new WaitingCalls(this.socket.conn));
    if (!waiting.hold(packet, ack, this.service.options.maxWaitingCalls)) {
      answerFailure(this.owner, SocketErrors.tooManyWaiting(), String(packet[0]), ack);
    }
  }

  answerAcks(reply: object): void {
    for (const ack of this.undecided?.acks.splice(0) ?? []) ack(reply);
  }

  answerWaiting(error: Error): void {
    for (const {packet, ack} of this.undecided?.waiting?.take() ?? []) {
      answerFailure(this.owner, error, String(packet[0]), ack);
    }
  }

  /**
   * Stops its clocks, and forgets who waits; what comes later is discarded.
   *
   * @returns What settles when connected handlers have, where they still run.
   */
  end(): Promise<unknown> | undefined {
    this.state = 'closed';
    this.expiry?.cancel();
    if (this.service.authentications.leave(this)) resumeDeadline(this.socket, false);
    this.left = this.checking;
    if (this.left) noteLeft(this.socket);
    this.undecided?.waiting?.take();
    return this.decided()?.connectedHandlers;
  }

  /**
   * Says whether the socket is authenticated. Ends it if its time is over: timers are late on a machine that
   * has slept.
   */
  holds(): boolean {
    if (this.state !== 'authenticated') return false;
    if (!this.expiry?.isOver) return true;
    this.expired();
    return false;
  }

  expiring(expiresAt: number): void {
    const body: ExpiringBody = {expiresAt};
    this.socket.emit(SocketEvents.EXPIRING, body);
  }

  expired(): void {
    this.owner.refuse(SocketErrors.expired());
  }

  private authenticate(credentials: unknown): void {
    this.state = 'authenticating';
    this.takeTurn(credentials);
  }

  /** Checks credentials now, or when others have been checked that came before. */
  private takeTurn(credentials: unknown): void {
    const {service, socket} = this;
    const {authentications, options} = service;
    const most = options.timeout || DEFAULT_SOCKET_SERVER_OPTIONS.timeout;
    if (authentications.tryStart(this, most)) {
      void this.check(credentials);
      return;
    }
    pauseDeadline(socket);
    authentications.wait(this, most, () => {
      resumeDeadline(socket, true);
      const limited = options.timeout !== false && this.state === 'authenticating';
      if (limited) this.limitTime(most, most);
      void this.check(credentials);
    });
  }

  /** @param left - What is left of the time limit, both in ms. */
  private limitTime(timeout: number, left: number): void {
    const {undecided} = this;
    if (!undecided) return;
    clearTimeout(undecided.deadline);
    undecided.deadline = setTimeout(() => this.timeOut(timeout), delayOf(left));
  }

  /** It has taken too long: its client, or the server where that has the credentials. */
  private timeOut(timeout: number): void {
    const {owner, service, socket, state} = this;
    // Its time starts again with its turn.
    if (state === 'closed' || service.authentications.isWaiting(this)) return;
    const error = SocketErrors.authenticationTimeout(timeout);
    if (state === 'connecting') {
      owner.refuse(error);
    } else {
      service.report(error, SocketEvents.AUTHENTICATION, socket);
      owner.abandon(error);
    }
  }

  /** Runs the authentication handler; a result that comes after the end is discarded. */
  private async check(credentials: unknown): Promise<void> {
    const {owner, service, socket} = this;
    const event = SocketEvents.AUTHENTICATION;
    const call = new Call(owner, {event, credentials, values: [socket, credentials]});
    this.checking = true;
    try {
      const {user, room, expiresAt} = await service.authenticate(call);
      if (this.state === 'closed') return;
      if (this.admitted && room !== this.room) throw SocketErrors.anotherUser();
      this.room = room;
      this.credentials = credentials;
      this.user = user;
      if (!this.admitted) await this.admit();
      // A client whose connection is being closed is told nothing any more.
      const open = socket.conn.readyState === 'open';
      if (this.holds()) this.renewed(expiresAt);
      else if (open && this.state === 'authenticating') this.accept(expiresAt);
    } catch (error) {
      this.fail(error);
    } finally {
      service.authentications.finish(this);
      this.checking = false;
      if (this.left) forgetLeft(socket);
    }
  }

  private fail(thrown: unknown): void {
    const {owner, state} = this;
    const refusal = toRefusal(thrown);
    if (refusal.code !== ErrorCodes.AUTHENTICATION_UNAVAILABLE) {
      owner.refuse(thrown);
    } else if (state === 'authenticated') {
      // The old authentication holds.
      this.answerAcks({error: toUnauthorized(refusal)});
      this.decided();
    } else {
      owner.abandon(refusal);
    }
  }

  /** Opens rooms and broadcasts, and runs connected handlers. */
  private async admit(): Promise<void> {
    const {service, socket, undecided} = this;
    this.admitted = true;
    Admission.of(socket.nsp).admit(socket, this.room);
    if (service.handlers.connected.length === 0 || !undecided) return;
    const running = runConnected(this.owner);
    undecided.connectedHandlers = running.catch(() => undefined);
    await running;
    undecided.connectedHandlers = undefined;
  }

  private renewed(expiresAt: number | undefined): void {
    this.expireAt(expiresAt);
    this.answerAcks({result: true});
    this.decided();
  }

  private accept(expiresAt: number | undefined): void {
    if (expiresAt !== undefined && expiresAt <= Date.now()) throw SocketErrors.expired();
    this.state = 'authenticated';
    noteAuthenticated(this.socket);
    liftRequestLimit(this.socket);
    clearTimeout(this.undecided?.deadline);
    // Whoever is told may end the socket, and then who waits is answered so.
    this.socket.emit(SocketEvents.AUTHENTICATED, true);
    this.answerAcks({result: true});
    this.expireAt(expiresAt);
    // Most sockets wait for long after it, and make no call that needs one.
    this.owner.releaseContext();
    const {waiting} = this.undecided ?? {};
    // One that ends the socket has those behind it answered.
    for (let next = waiting?.next(); next; next = waiting?.next()) {
      this.owner.handle(next.packet, next.ack);
    }
    this.decided();
  }

  /** Lets go of what there was until now. */
  private decided(): Undecided | undefined {
    const {undecided} = this;
    this.undecided = undefined;
    clearTimeout(undecided?.deadline);
    return undecided;
  }

  private expireAt(time: number | undefined): void {
    this.expiry?.cancel();
    this.expiry =
      time === undefined
        ? undefined
        : new Expiry(time, this.service.options.expiryNotice, this);
  }
}
