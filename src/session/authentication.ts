import type {Socket} from 'socket.io';
import {Admission} from '../namespace/admission';
import {DEFAULT_SOCKET_SERVER_OPTIONS} from '../options/server-options';
import {runConnected} from './connection-handlers';
import {delayOf} from '../common/timers';
import {answerFailure} from '../dispatch/answer';
import {countArguments} from '../dispatch/packet';
import type {Ack, Packet} from '../dispatch/packet';
import {Call} from '../context/call';
import {toRefusal, toUnauthorized} from '../wire/failures';
import {debugAuthentication} from './debug-lines';
import {Expiry} from './expiry';
import {handshakeCredentials} from '../engine/handshake';
import {checkPayload} from '../wire/payload';
import {liftRequestLimit} from '../engine/request-limits';
import {ErrorCodes, SocketEvents} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import {
  markAuthenticated,
  pauseDeadline,
  resumeDeadline,
  unauthenticatedTime,
} from '../engine/deadlines';
import {releaseHandlerSlot, acquireHandlerSlot} from '../engine/socket-slots';
import type {AuthenticatedSession, SessionEndpoint} from './ports';
import {Undecided} from './undecided';

type State = 'connecting' | 'authenticating' | 'authenticated' | 'closed';

/** The authentication of one socket: from its first credentials, over renewals, to its end. */
export class SocketAuthentication {
  credentials: unknown;
  user: unknown;
  room: string | undefined;
  state: State = 'connecting';
  /** Set when the authentication handler has succeeded, which opens rooms and broadcasts. */
  admitted = false;
  /** Set while an authentication, or its renewal, has no outcome. */
  undecided: Undecided | undefined = new Undecided();
  /** Set while the authentication handler or connected handlers run. */
  private checking = false;
  /** Set when they still run after the socket has left. */
  private left = false;
  private expiry?: Expiry | undefined;

  constructor(private readonly session: AuthenticatedSession) {}

  private get socket(): Socket {
    return this.session.socket;
  }

  private get endpoint(): SessionEndpoint {
    return this.session.endpoint;
  }

  /** Starts the time limit, and authenticates at once when the handshake carries credentials. */
  start(): void {
    const {timeout, credentials} = this.endpoint.options;
    if (timeout !== false) {
      this.limitTime(timeout, timeout - unauthenticatedTime(this.socket));
    }
    if (credentials === 'event') return;
    const handshake = handshakeCredentials(this.socket);
    const refusal = checkPayload(handshake, this.endpoint.prohibitedKeys);
    if (refusal) this.session.refuse(refusal);
    else if (credentials === 'handshake' || handshake) this.authenticate(handshake);
  }

  /** Handles an `authentication` event. */
  receive(packet: Packet, ack?: Ack): void {
    const event = SocketEvents.AUTHENTICATION;
    const count = countArguments(packet);
    if (count > 1) {
      answerFailure(this.session, SocketErrors.tooManyArguments(), event, ack);
      return;
    }
    if (this.state === 'closed') return;
    if (this.endpoint.draining) {
      ack?.({error: toUnauthorized(SocketErrors.shuttingDown())});
      return;
    }
    const renewing = this.state === 'authenticated' && this.undecided !== undefined;
    this.undecided ??= new Undecided();
    if (ack && !this.undecided.addAck(ack)) {
      answerFailure(this.session, SocketErrors.tooManyAuthentications(), event, ack);
      return;
    }
    const credentials = count > 0 ? packet[1] : undefined;
    const refusal = checkPayload(credentials, this.endpoint.prohibitedKeys);
    if (refusal) this.session.refuse(refusal);
    else if (this.state === 'connecting') this.authenticate(credentials);
    else if (this.checkExpiry() && !renewing) this.takeTurn(credentials);
  }

  /**
   * Stops all timers; a later outcome is discarded.
   *
   * @returns A promise of the connected handlers that still run.
   */
  end(): Promise<unknown> | undefined {
    this.state = 'closed';
    this.expiry?.cancel();
    if (this.endpoint.authentications.leave(this)) resumeDeadline(this.socket, false);
    this.left = this.checking;
    if (this.left) acquireHandlerSlot(this.socket);
    return this.decided()?.connectedHandlers;
  }

  /**
   * Returns true while the socket is authenticated. Ends the session when its authentication has expired, since
   * timers are late on a machine that has slept.
   */
  checkExpiry(): boolean {
    if (this.state !== 'authenticated') return false;
    if (!this.expiry?.isOver) return true;
    this.session.refuse(SocketErrors.expired());
    return false;
  }

  private authenticate(credentials: unknown): void {
    this.state = 'authenticating';
    this.takeTurn(credentials);
  }

  /** Checks credentials now, or after those that came before. */
  private takeTurn(credentials: unknown): void {
    const {endpoint, socket} = this;
    const {authentications, options} = endpoint;
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

  /** @param left - The rest of the time limit, both in ms. */
  private limitTime(timeout: number, left: number): void {
    const {undecided} = this;
    if (!undecided) return;
    clearTimeout(undecided.deadline);
    undecided.deadline = setTimeout(() => this.timeOut(timeout), delayOf(left));
  }

  /** Ends the session: the client was too slow, or the server was, when it has the credentials. */
  private timeOut(timeout: number): void {
    const {session, endpoint, state} = this;
    // The time limit starts again with its turn.
    if (state === 'closed' || endpoint.authentications.isWaiting(this)) return;
    const error = SocketErrors.authenticationTimeout(timeout);
    if (state === 'connecting') {
      session.refuse(error);
    } else {
      session.report(error, SocketEvents.AUTHENTICATION);
      session.abandon(error);
    }
  }

  /** Runs the authentication handler. A result that comes after the end is discarded. */
  private async check(credentials: unknown): Promise<void> {
    const {session, endpoint, socket} = this;
    const event = SocketEvents.AUTHENTICATION;
    const call = new Call(session, {event, credentials, values: [socket, credentials]});
    this.checking = true;
    debugAuthentication(session, 'authenticates');
    try {
      const {user, room, expiresAt} = await endpoint.authenticate(call);
      if (this.state === 'closed') return;
      if (this.admitted && room !== this.room) throw SocketErrors.anotherUser();
      this.room = room;
      this.credentials = credentials;
      this.user = user;
      if (!this.admitted) await this.admit();
      // A client whose connection is closing receives nothing.
      const open = socket.conn.readyState === 'open';
      if (this.checkExpiry()) this.renewed(expiresAt);
      else if (open && this.state === 'authenticating') this.accept(expiresAt);
    } catch (error) {
      this.fail(error);
    } finally {
      endpoint.authentications.finish(this);
      this.checking = false;
      if (this.left) releaseHandlerSlot(socket);
    }
  }

  private fail(thrown: unknown): void {
    const {session, state} = this;
    const refusal = toRefusal(thrown);
    if (refusal.code !== ErrorCodes.AUTHENTICATION_UNAVAILABLE) {
      session.refuse(thrown);
    } else if (state === 'authenticated') {
      // The earlier authentication stays valid.
      this.undecided?.answerAcks({error: toUnauthorized(refusal)});
      this.decided();
    } else {
      session.abandon(refusal);
    }
  }

  /** Opens rooms and broadcasts, and runs connected handlers. */
  private async admit(): Promise<void> {
    const {endpoint, socket, undecided} = this;
    this.admitted = true;
    Admission.of(socket.nsp).admit(socket, this.room);
    if (endpoint.handlers.connected.length === 0 || !undecided) return;
    const running = runConnected(this.session);
    undecided.connectedHandlers = running.catch(() => undefined);
    await running;
    undecided.connectedHandlers = undefined;
  }

  private renewed(expiresAt: number | undefined): void {
    debugAuthentication(this.session, 'has renewed its authentication');
    this.expireAt(expiresAt);
    this.undecided?.answerAcks({result: true});
    this.decided();
  }

  private accept(expiresAt: number | undefined): void {
    if (expiresAt !== undefined && expiresAt <= Date.now()) throw SocketErrors.expired();
    this.state = 'authenticated';
    debugAuthentication(this.session, 'is authenticated');
    markAuthenticated(this.socket);
    liftRequestLimit(this.socket);
    clearTimeout(this.undecided?.deadline);
    // A listener of these may end the socket; waiting calls are then answered with its error.
    this.socket.emit(SocketEvents.AUTHENTICATED, true);
    this.undecided?.answerAcks({result: true});
    this.expireAt(expiresAt);
    // Most sockets are idle for long, and make no call that needs a context.
    this.session.releaseContext();
    const {undecided} = this;
    // A call that ends the socket also answers the calls behind it.
    for (let next = undecided?.nextCall(); next; next = undecided?.nextCall()) {
      this.session.handle(next.packet, next.ack);
    }
    this.decided();
  }

  /** Drops the state of the decided authentication. */
  private decided(): Undecided | undefined {
    const {undecided} = this;
    this.undecided = undefined;
    undecided?.end();
    return undecided;
  }

  private expireAt(time: number | undefined): void {
    this.expiry?.cancel();
    this.expiry = time === undefined ? undefined : new Expiry(time, this.session);
  }
}
