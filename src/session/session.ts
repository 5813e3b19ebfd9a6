import type {Context} from '@loopback/core';
import type {Socket} from 'socket.io';
import {abandonSocket} from './abandon';
import {Admission} from '../namespace/admission';
import {runDisconnected} from './connection-handlers';
import type {ConnectionService} from './session-server';
import {answerFailure, refuseCall} from '../dispatch/answer';
import type {Ack, Packet} from '../dispatch/answer';
import type {Call} from '../context/call';
import {CallsInFlight} from '../dispatch/calls-in-flight';
import {ConnectionContext} from '../context/contexts';
import {dispatch, labelOf, showAck} from '../dispatch/dispatch';
import {failureAck} from '../dispatch/failed-calls';
import {watchPromises, watchUnsent} from '../dispatch/result';
import {internalFailure, toRefusal, toUnauthorized} from '../wire/failures';
import {runGuarded} from '../common/guarded';
import {isQueueFull, whenHandedOn} from '../engine/slow-readers';
import {checkAnswer, checkArguments} from '../wire/payload';
import {SocketEvents} from '../wire/protocol';
import type {DrainingBody, UnauthorizedBody} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {SocketAuthentication} from './authentication';
import type {AuthenticationOwner} from './authentication';
import {guardSocket} from '../namespace/guards';
import type {EventPacket, SocketOwner} from '../namespace/guards';
import {sendAck, socketsOnConnection} from '../engine/internals';
import {
  CLOSE_GRACE,
  closeIdleTransport,
  cutConnection,
  ignoreLatePackets,
} from '../engine/closing';
import type {ApplyCredentials} from '../options/configuration';

/**
 * The life of one socket in one namespace: it connects, authenticates, calls, and ends. Everything
 * the client sends comes through `receive`, so nothing reaches the application before its time.
 */
export class Connection implements AuthenticationOwner, SocketOwner {
  private readonly authentication: SocketAuthentication;
  private calls?: CallsInFlight;
  /** The ack of the packet that is being handled. */
  private handling: Ack | undefined;
  starting: Call | undefined;
  private ended?: Promise<void>;
  private ownContext: ConnectionContext | undefined;
  /** The context that was released, as long as something else refers to it. */
  private keptContext?: WeakRef<ConnectionContext>;
  extended = false;
  private ownAborters?: Set<AbortController>;

  constructor(
    readonly service: ConnectionService,
    readonly socket: Socket,
  ) {
    this.authentication = new SocketAuthentication(this);
    Admission.of(socket.nsp).hold(socket);
    guardSocket(socket, this);
  }

  get credentials(): unknown {
    return this.authentication.credentials;
  }

  get user(): unknown {
    return this.authentication.user;
  }

  get admitted(): boolean {
    return this.authentication.admitted;
  }

  get authenticated(): boolean {
    return this.authentication.state === 'authenticated';
  }

  stillAuthenticated(): boolean {
    return this.authentication.holds();
  }

  get authenticating(): boolean {
    return this.authentication.state === 'authenticating';
  }

  get gone(): boolean {
    return this.authentication.state === 'closed';
  }

  get userKey(): string {
    return `${this.service.name} ${this.authentication.room ?? this.socket.id}`;
  }

  get running(): CallsInFlight {
    return (this.calls ??= new CallsInFlight());
  }

  get callsInFlight(): number {
    return this.calls?.size ?? 0;
  }

  get queueFull(): boolean {
    return isQueueFull(this.socket.conn);
  }

  whenHandedOn(): Promise<void> {
    return whenHandedOn(this.socket.conn);
  }

  get server(): string {
    return this.service.name;
  }

  get serverContext(): Context {
    return this.service.context;
  }

  get context(): ConnectionContext {
    return (this.ownContext ??= this.keptContext?.deref() ?? this.makeContext());
  }

  releaseContext(): void {
    const {ownContext} = this;
    if (this.extended || !ownContext) return;
    // The application may have kept it, and then bind something in it.
    this.keptContext = new WeakRef(ownContext);
    this.ownContext = undefined;
  }

  private makeContext(): ConnectionContext {
    return ConnectionContext.of(this, context => {
      this.extended = true;
      this.ownContext = context;
    });
  }

  get aborters(): Set<AbortController> {
    return (this.ownAborters ??= new Set());
  }

  get applyCredentials(): ApplyCredentials {
    return this.service.applyCredentials;
  }

  start(): void {
    if (!this.service.draining) this.authentication.start();
  }

  /** Tells the client that the server is stopping, and when to come back, in ms. */
  announce(reconnectAfter: number): void {
    if (!this.authenticated) return;
    const body: DrainingBody = {reconnectAfter};
    this.socket.emit(SocketEvents.DRAINING, body);
  }

  /**
   * Ends the connection, so that the client comes back by itself, and waits for its disconnected
   * handlers.
   *
   * @param keepTransport - Leave the namespace only, where the transport carries others too. The
   * client then does not come back by itself.
   */
  async close(keepTransport: boolean): Promise<void> {
    const error = SocketErrors.shuttingDown();
    this.authentication.answerAcks({error: toUnauthorized(error)});
    this.authentication.answerWaiting(error);
    this.refuseCalls(error);
    if (this.socket.connected) {
      const gone = new Promise<void>(resolve =>
        this.socket.once('disconnect', () => resolve()),
      );
      const shared = socketsOnConnection(this.socket).size > 1;
      if (keepTransport && shared) this.socket.disconnect();
      else this.socket.conn.close();
      // A polling client that does not poll never fetches the goodbye.
      const cut = setTimeout(() => cutConnection(this.socket.conn), CLOSE_GRACE);
      await gone;
      clearTimeout(cut);
    }
    await this.ended;
  }

  receive({data = [], id}: EventPacket): void {
    const packet: Packet = data;
    const [event] = packet;
    const ack =
      id === undefined || id === null ? failureAck(this, event) : this.ackOf(id, event);
    const listeners = this.socket.listenersAny();
    if (listeners.length > 0) {
      showAck(packet, ack);
      // A listener may remove itself.
      for (const listener of [...listeners]) {
        runGuarded(
          () => Reflect.apply(listener, this.socket, packet),
          error => this.report(error, 'socket.onAny'),
        );
      }
    }
    this.handle(packet, ack);
  }

  refusalOf(answer: readonly unknown[]): SocketError | undefined {
    return checkAnswer(answer, this.service.prohibitedKeys);
  }

  handle(packet: Packet, ack?: Ack): void {
    const {authentication} = this;
    if (typeof packet[0] !== 'string') {
      answerFailure(this, SocketErrors.badEvent(), 'socket', ack);
    } else if (packet[0] === SocketEvents.AUTHENTICATION) {
      authentication.receive(packet, ack);
    } else if (this.authenticated) {
      this.handling = ack;
      if (this.stillAuthenticated()) {
        const refusal = checkArguments(packet, this.service.prohibitedKeys);
        if (refusal) answerFailure(this, refusal, packet[0], ack);
        else dispatch(this, packet, ack);
      }
      this.handling = undefined;
      this.starting = undefined;
    } else if (authentication.state === 'connecting') {
      // Nobody is told, so nothing is made.
      if (ack) answerFailure(this, SocketErrors.unauthenticated(), packet[0], ack);
    } else if (authentication.state === 'authenticating') {
      authentication.hold(packet, ack);
    }
  }

  refuse(thrown: unknown): void {
    const {authenticated, authentication} = this;
    if (this.gone) return;
    authentication.state = 'closed';
    const body = toUnauthorized(thrown);
    const refusal = toRefusal(thrown);
    authentication.answerAcks({error: body});
    // Some still wait while the first of them run.
    const waited = authenticated ? refusal : SocketErrors.unauthenticated();
    authentication.answerWaiting(waited);
    this.refuseCalls(refusal);
    this.endUnauthorized(body);
  }

  private endUnauthorized(body: UnauthorizedBody): void {
    const {socket} = this;
    try {
      socket.emit(SocketEvents.UNAUTHORIZED, body);
    } catch (error) {
      // Its message is longer than a packet can be.
      this.report(error, SocketEvents.UNAUTHORIZED);
      socket.emit(SocketEvents.UNAUTHORIZED, toUnauthorized(undefined));
    }
    socket.disconnect();
  }

  abandon(error: SocketError): void {
    const {authentication, socket} = this;
    if (this.gone) return;
    authentication.state = 'closed';
    authentication.answerAcks({error: toUnauthorized(error)});
    authentication.answerWaiting(error);
    abandonSocket(socket);
  }

  /** Ends the authentication, if it is that of the user whose room it is. */
  revoke(room: string): void {
    const {admitted, room: own} = this.authentication;
    if (!admitted || own !== room) return;
    const error = SocketErrors.revoked();
    // One that is abandoned may still wait for others on its connection.
    if (this.gone && this.socket.connected) this.endUnauthorized(toUnauthorized(error));
    else this.refuse(error);
  }

  dismiss(): void {
    if (this.gone) return;
    const error = SocketErrors.revoked();
    this.authentication.answerAcks({error: toUnauthorized(error)});
    this.authentication.answerWaiting(error);
    this.refuseCalls(error);
  }

  left(reason: string): void {
    this.ended = this.end(reason);
  }

  report(error: unknown, source: string): void {
    this.service.report(error, source, this.socket);
  }

  private ackOf(id: number, event: unknown): Ack {
    let answered = false;
    return (...values) => {
      const first = !answered;
      answered = true;
      if (first && this.socket.connected) this.acknowledge(id, event, values);
      else watchUnsent(values, this, labelOf(this, event));
      return first;
    };
  }

  private acknowledge(id: number, event: unknown, data: unknown[]): void {
    const {service, socket} = this;
    try {
      const [text] = sendAck(socket, id, data);
      // A promise is an empty object in JSON.
      if (typeof text !== 'string' || text.includes('{}'))
        watchPromises(data, this, labelOf(this, event));
    } catch (error) {
      // It cannot be encoded; nothing of it has been sent.
      service.fail(error, labelOf(this, event), socket);
      watchUnsent(data, this, labelOf(this, event));
      sendAck(socket, id, [{error: internalFailure().error}]);
    }
  }

  private async end(reason: string): Promise<void> {
    const {authentication, service, socket} = this;
    const connectedHandlers = authentication.end();
    for (const aborter of this.ownAborters ?? []) aborter.abort();
    for (const call of this.calls?.all() ?? []) call.leave();
    if (authentication.room === undefined) this.forgetAnswers();
    service.leave(this);
    Admission.of(socket.nsp).forget(socket);
    if (reason === 'server namespace disconnect') ignoreLatePackets(socket);
    closeIdleTransport(socket);
    if (this.admitted) {
      service.begin();
      await connectedHandlers;
      await runDisconnected(this, reason);
      service.finish();
    }
    (this.ownContext ?? this.keptContext?.deref())?.close();
  }

  /** Of one known by its socket's id only, which a connection has as well that recovers its session. */
  private forgetAnswers(): void {
    const {service, socket, userKey} = this;
    const {id, nsp} = socket;
    const time = Admission.of(nsp).keptFor(socket);
    if (time === 0) service.recent.forget(userKey);
    else service.recent.forgetLater(userKey, time, () => nsp.sockets.has(id));
  }

  private refuseCalls(error: SocketError): void {
    if (this.handling) refuseCall(this, error, this.starting, this.handling);
    for (const call of this.calls?.all() ?? []) call.refuse(error);
  }
}
