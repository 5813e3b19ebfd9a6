import type {Context} from '@loopback/core';
import type {Socket} from 'socket.io';
import type {Call} from '../context/call';
import {ConnectionContext} from '../context/contexts';
import {refuseCall} from '../dispatch/answer';
import type {Ack, Packet} from '../dispatch/packet';
import type {GuardsDone, InFlightCall, KeptReply} from '../dispatch/ports';
import {
  CLOSE_GRACE,
  closeIdleTransport,
  cutConnection,
  ignoreLatePackets,
} from '../engine/closing';
import {internalsOf, socketsOnConnection} from '../engine/internals';
import {decodeReply, encodeReply} from '../engine/reply-codec';
import {isQueueFull, whenFlushed} from '../engine/slow-readers';
import {Admission} from '../namespace/admission';
import {guardSocket} from '../namespace/guards';
import type {EventPacket, SocketOwner} from '../namespace/guards';
import type {ApplyCredentials} from '../options/server-options';
import {toRefusal, toUnauthorized} from '../wire/failures';
import type {Failure} from '../wire/failures';
import {checkAnswer} from '../wire/payload';
import {SocketEvents} from '../wire/protocol';
import type {DrainingBody, UnauthorizedBody} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {abandonSocket} from './abandon';
import {SocketAuthentication} from './authentication';
import {runDisconnected} from './connection-handlers';
import {debugRefusal} from './debug-lines';
import {runEventListeners, runGuards} from './guards';
import {handlePacket, receivePacket} from './packets';
import type {PacketSession} from './packets';
import type {SessionEndpoint} from './ports';
import type {WaitingCall} from './waiting-calls';

/**
 * The life of one socket in one namespace: it connects, authenticates, calls methods, and ends. `receive` takes
 * every packet of the client, so that nothing reaches the application before the socket is authenticated.
 */
export class Session implements PacketSession, SocketOwner {
  readonly authentication: SocketAuthentication;
  private calls?: Set<InFlightCall>;
  handling: Ack | undefined;
  starting: Call | undefined;
  private ended?: Promise<void>;
  private ownContext: ConnectionContext | undefined;
  /** The released context: the application may have kept a reference to it. */
  private keptContext?: WeakRef<ConnectionContext>;
  extended = false;
  private ownAborters?: Set<AbortController>;

  constructor(
    readonly endpoint: SessionEndpoint,
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

  checkAuthenticated(): boolean {
    return this.authentication.checkExpiry();
  }

  get authenticating(): boolean {
    return this.authentication.state === 'authenticating';
  }

  get gone(): boolean {
    return this.authentication.state === 'closed';
  }

  get userKey(): string {
    return `${this.endpoint.name} ${this.authentication.room ?? this.socket.id}`;
  }

  get namespace(): string {
    return this.socket.nsp.name;
  }

  get inFlight(): Set<InFlightCall> {
    return (this.calls ??= new Set());
  }

  get callsInFlight(): number {
    return this.calls?.size ?? 0;
  }

  get queueFull(): boolean {
    return isQueueFull(this.socket.conn);
  }

  whenFlushed(): Promise<void> {
    return whenFlushed(this.socket.conn);
  }

  get server(): string {
    return this.endpoint.name;
  }

  get serverContext(): Context {
    return this.endpoint.context;
  }

  get context(): ConnectionContext {
    return (this.ownContext ??= this.keptContext?.deref() ?? this.makeContext());
  }

  releaseContext(): void {
    const {ownContext} = this;
    if (this.extended || !ownContext) return;
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
    return this.endpoint.applyCredentials;
  }

  get guarded(): boolean {
    return internalsOf(this.socket).fns.length > 0;
  }

  runGuards(packet: Packet, done: GuardsDone): void {
    runGuards(this, [...internalsOf(this.socket).fns], packet, done);
  }

  runListeners(packet: Packet, ack: Ack | undefined): boolean {
    return runEventListeners(this, packet, ack);
  }

  encodeReply(reply: unknown[]): KeptReply {
    return encodeReply(this.socket.nsp, reply);
  }

  decodeReply(kept: KeptReply): unknown[] {
    return decodeReply(this.socket.nsp, kept);
  }

  fail(thrown: unknown, handler: string): Failure {
    return this.endpoint.fail(thrown, handler, this.socket);
  }

  report(error: unknown, source: string): void {
    this.endpoint.report(error, source, this.socket);
  }

  start(): void {
    if (!this.endpoint.draining) this.authentication.start();
  }

  receive(packet: EventPacket): void {
    receivePacket(this, packet);
  }

  handle(packet: Packet, ack?: Ack): void {
    handlePacket(this, packet, ack);
  }

  takeWaiting(isTaken: (packet: Packet) => boolean): WaitingCall | undefined {
    return this.authentication.takeWaiting(isTaken);
  }

  refusalOf(answer: readonly unknown[]): SocketError | undefined {
    return checkAnswer(answer, this.endpoint.prohibitedKeys);
  }

  /**
   * Sends `draining` to the client.
   *
   * @param reconnectAfter - In ms.
   */
  announce(reconnectAfter: number): void {
    if (!this.authenticated) return;
    const body: DrainingBody = {reconnectAfter};
    this.socket.emit(SocketEvents.DRAINING, body);
  }

  /**
   * Closes the connection, so that the client reconnects automatically, and waits for the disconnected handlers.
   *
   * @param keepTransport - Leaves only the namespace when the connection carries others too. The client does not
   * reconnect automatically then.
   */
  async close(keepTransport: boolean): Promise<void> {
    this.refuseAll(SocketErrors.shuttingDown());
    if (this.socket.connected) {
      const gone = new Promise<void>(resolve =>
        this.socket.once('disconnect', () => resolve()),
      );
      const shared = socketsOnConnection(this.socket).size > 1;
      if (keepTransport && shared) this.socket.disconnect();
      else this.socket.conn.close();
      // A polling client that does not poll never fetches the last message.
      const cut = setTimeout(() => cutConnection(this.socket.conn), CLOSE_GRACE);
      await gone;
      clearTimeout(cut);
    }
    await this.ended;
  }

  refuse(thrown: unknown): void {
    const {authenticated, authentication} = this;
    if (this.gone) return;
    authentication.state = 'closed';
    debugRefusal(this, 'is refused', thrown);
    const body = toUnauthorized(thrown);
    const refusal = toRefusal(thrown);
    authentication.answerAcks({error: body});
    // An authenticated session has waiting calls while the first of them run.
    authentication.answerWaiting(
      authenticated ? refusal : SocketErrors.unauthenticated(),
    );
    this.refuseInFlight(refusal);
    this.endUnauthorized(body);
  }

  private endUnauthorized(body: UnauthorizedBody): void {
    const {socket} = this;
    try {
      socket.emit(SocketEvents.UNAUTHORIZED, body);
    } catch (error) {
      // The message is longer than a packet can be.
      this.report(error, SocketEvents.UNAUTHORIZED);
      socket.emit(SocketEvents.UNAUTHORIZED, toUnauthorized(undefined));
    }
    socket.disconnect();
  }

  abandon(error: SocketError): void {
    const {authentication, socket} = this;
    if (this.gone) return;
    authentication.state = 'closed';
    debugRefusal(this, 'has to reconnect', error);
    authentication.answerAcks({error: toUnauthorized(error)});
    authentication.answerWaiting(error);
    abandonSocket(socket);
  }

  /** Ends the authentication if it is that of the user with this room. */
  revoke(room: string): void {
    const {admitted, room: own} = this.authentication;
    if (!admitted || own !== room) return;
    const error = SocketErrors.revoked();
    // An abandoned session may still wait for others on its connection.
    if (this.gone && this.socket.connected) this.endUnauthorized(toUnauthorized(error));
    else this.refuse(error);
  }

  dismiss(): void {
    if (!this.gone) this.refuseAll(SocketErrors.revoked());
  }

  left(reason: string): void {
    this.ended = this.end(reason);
  }

  private async end(reason: string): Promise<void> {
    const {authentication, endpoint, socket} = this;
    const connectedHandlers = authentication.end();
    for (const aborter of this.ownAborters ?? []) aborter.abort();
    for (const call of this.calls ?? []) call.leave();
    if (authentication.room === undefined) this.forgetAnswers();
    endpoint.leave(this);
    Admission.of(socket.nsp).forget(socket);
    if (reason === 'server namespace disconnect') ignoreLatePackets(socket);
    closeIdleTransport(socket);
    if (this.admitted) {
      endpoint.begin();
      await connectedHandlers;
      await runDisconnected(this, reason);
      endpoint.finish();
    }
    (this.ownContext ?? this.keptContext?.deref())?.close();
  }

  /** Forgets the answers of a user known by the socket's id only, which a recovered socket has again. */
  private forgetAnswers(): void {
    const {endpoint, socket, userKey} = this;
    const {id, nsp} = socket;
    const time = Admission.of(nsp).keptFor(socket);
    if (time === 0) endpoint.recent.forget(userKey);
    else endpoint.recent.forgetLater(userKey, time, () => nsp.sockets.has(id));
  }

  /** Answers everything that waits. */
  private refuseAll(error: SocketError): void {
    this.authentication.answerAcks({error: toUnauthorized(error)});
    this.authentication.answerWaiting(error);
    this.refuseInFlight(error);
  }

  private refuseInFlight(error: SocketError): void {
    if (this.handling) refuseCall(this, error, this.starting, this.handling);
    for (const call of this.calls ?? []) call.refuse(error);
  }
}
