import type {Socket} from 'socket.io';
import {Admission} from './admission';
import type {ConnectionService} from './connection-service';
import {delayOf} from './delay';
import {answerFailure} from './dispatch/answer';
import type {Ack, Packet, Peer} from './dispatch/answer';
import {Call} from './dispatch/call';
import {ackOf} from './dispatch/dispatch';
import {Expiry} from './expiry';
import type {ExpiryListener} from './expiry';
import {handshakeCredentials} from './handshake';
import {checkPayload} from './payload';
import {liftRequestLimit} from './payload-limits';
import {SocketEvents} from './protocol';
import type {ExpiringBody} from './protocol';
import {SocketErrors} from './refusals';
import {noteAuthenticated, unauthenticatedTime} from './unauthenticated';

/** How many acks of `authentication` may wait for one outcome; more are answered 429. */
const MAX_SHARED_AUTHENTICATIONS = 16;

/** What the authentication of a socket needs of its connection. */
export interface AuthenticationOwner extends Peer {
  readonly service: ConnectionService;
  /** Ends the connection, because of what was thrown. */
  refuse(thrown: unknown): void;
  /** Takes a call that waited. */
  handle(packet: Packet, ack?: Ack): void;
  /** Lets go of its context, if the application has bound nothing in it; another call makes another. */
  releaseContext(): void;
}

type State = 'connecting' | 'authenticating' | 'authenticated' | 'closed';

/** Who a socket is: from its first credentials, over renewals, to when they end. */
export class SocketAuthentication implements ExpiryListener {
  credentials: unknown;
  user: unknown;
  /** The room of all of the user's sockets; `undefined` for a user without an id. */
  room: string | undefined;
  state: State = 'connecting';
  /** Whether the authentication handler has succeeded, which opens rooms and broadcasts. */
  admitted = false;
  /** Settles when connected handlers have, while they run. */
  connectedHandlers?: Promise<unknown> | undefined;
  private renewing = false;
  /** Refuses the socket unless it authenticates in time. */
  private deadline?: NodeJS.Timeout | undefined;
  private expiry?: Expiry | undefined;
  /** Acks of the authentications that share the outcome under way. */
  private acks?: Ack[] | undefined;
  /** Calls that wait for it. */
  private waiting?: Packet[] | undefined;

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
      const expire = () => this.owner.refuse(SocketErrors.authenticationTimeout(timeout));
      const left = timeout - unauthenticatedTime(this.socket);
      this.deadline = setTimeout(expire, delayOf(left));
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
    if (packet.length > (ack ? 3 : 2)) {
      answerFailure(this.owner, SocketErrors.tooManyArguments(), event, ack);
      return;
    }
    if (this.state === 'closed' || this.service.draining) return;
    if (ack) {
      this.acks ??= [];
      if (this.acks.length === MAX_SHARED_AUTHENTICATIONS) {
        answerFailure(this.owner, SocketErrors.tooManyAuthentications(), event, ack);
        return;
      }
      this.acks.push(ack);
    }
    const credentials = packet[1] === ack ? undefined : packet[1];
    const refusal = checkPayload(credentials, this.service.prohibitedKeys);
    if (refusal) this.owner.refuse(refusal);
    else if (this.state === 'connecting') this.authenticate(credentials);
    else if (this.state === 'authenticated' && !this.renewing) this.renew(credentials);
  }

  /** Lets a call wait for the outcome, if there is room. */
  hold(packet: Packet, ack?: Ack): void {
    this.waiting ??= [];
    if (this.waiting.length < this.service.options.maxWaitingCalls) {
      this.waiting.push(packet);
    } else {
      answerFailure(this.owner, SocketErrors.tooManyWaiting(), String(packet[0]), ack);
    }
  }

  answerAcks(reply: object): void {
    const {acks} = this;
    this.acks = undefined;
    for (const ack of acks ?? []) ack(reply);
  }

  answerWaiting(error: Error): void {
    const {waiting} = this;
    this.waiting = undefined;
    for (const packet of waiting ?? []) {
      answerFailure(this.owner, error, String(packet[0]), ackOf(packet));
    }
  }

  /** Stops its clocks, and forgets who waits; what comes later is discarded. */
  end(): void {
    this.state = 'closed';
    this.stopClock();
    this.expiry?.cancel();
    this.acks = undefined;
    this.waiting = undefined;
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
    this.check(credentials, async expiresAt => {
      this.admitted = true;
      Admission.of(this.socket.nsp).admit(this.socket, this.room);
      if (this.service.handlers.connected.length > 0) {
        const running = this.runConnected();
        this.connectedHandlers = running.catch(() => undefined);
        await running;
        this.connectedHandlers = undefined;
      }
      // A client whose connection is being closed is told nothing any more.
      const open = this.socket.conn.readyState === 'open';
      if (open && this.state === 'authenticating') this.accept(expiresAt);
    });
  }

  private renew(credentials: unknown): void {
    this.renewing = true;
    this.check(credentials, expiresAt => {
      this.renewing = false;
      this.expireAt(expiresAt);
      this.answerAcks({result: true});
    });
  }

  /** Runs the authentication handler; a result that comes after the end is discarded. */
  private check(
    credentials: unknown,
    succeed: (expiresAt: number | undefined) => void | Promise<void>,
  ): void {
    const {owner, service, socket} = this;
    const event = SocketEvents.AUTHENTICATION;
    const call = new Call(owner, {event, credentials, values: [socket, credentials]});
    const run = async () => {
      const {user, room, expiresAt} = await service.authenticate(call);
      if (this.state === 'closed') return;
      if (this.admitted && room !== this.room) throw SocketErrors.anotherUser();
      this.room = room;
      this.credentials = credentials;
      this.user = user;
      await succeed(expiresAt);
    };
    run().catch((error: unknown) => owner.refuse(error));
  }

  private async runConnected(): Promise<void> {
    const {owner, service, socket} = this;
    for (const handler of service.handlers.connected) {
      if (this.state === 'closed') return;
      const {credentials, user} = this;
      const values = [socket, credentials];
      const event = 'connection';
      const call = new Call(owner, {event, credentials, user, values, lasts: true});
      try {
        await handler.invoke(call);
      } catch (error) {
        service.refused(error, handler.label, socket);
        throw error;
      } finally {
        call.close();
      }
    }
  }

  private accept(expiresAt: number | undefined): void {
    if (expiresAt !== undefined && expiresAt <= Date.now()) throw SocketErrors.expired();
    this.state = 'authenticated';
    noteAuthenticated(this.socket);
    liftRequestLimit(this.socket);
    this.stopClock();
    this.socket.emit(SocketEvents.AUTHENTICATED, true);
    this.answerAcks({result: true});
    this.expireAt(expiresAt);
    // Most sockets wait for long after it, and make no call that needs one.
    this.owner.releaseContext();
    const {waiting} = this;
    this.waiting = undefined;
    for (const packet of waiting ?? []) this.owner.handle(packet, ackOf(packet));
  }

  private stopClock(): void {
    clearTimeout(this.deadline);
    this.deadline = undefined;
  }

  private expireAt(time: number | undefined): void {
    this.expiry?.cancel();
    this.expiry =
      time === undefined
        ? undefined
        : new Expiry(time, this.service.options.expiryNotice, this);
  }
}
