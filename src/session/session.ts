import type {Socket} from 'socket.io';
import type {Ack, Packet} from '../dispatch/packet';
import {
  CLOSE_GRACE,
  closeIdleTransport,
  cutConnection,
  ignoreLatePackets,
} from '../engine/closing';
import {socketsOnConnection} from '../engine/internals';
import {Admission} from '../namespace/admission';
import {guardSocket} from '../namespace/guards';
import type {EventPacket, SocketOwner} from '../namespace/guards';
import {toRefusal, toUnauthorized} from '../wire/failures';
import {checkValues} from '../wire/payload';
import {SocketEvents} from '../wire/protocol';
import type {DrainingBody, UnauthorizedBody} from '../wire/protocol';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {abandonSocket} from './abandon';
import {SocketAuthentication} from './authentication';
import {runDisconnected} from './connection-handlers';
import {debugRefusal} from './debug-lines';
import {handlePacket, receivePacket} from './packets';
import type {SessionEndpoint} from './ports';
import {SocketCaller} from './socket-caller';

/**
 * The life of one socket in one namespace: it connects, authenticates, calls methods, and ends. `receive` takes
 * every packet of the client, so that nothing reaches the application before the socket is authenticated.
 */
export class Session extends SocketCaller implements SocketOwner {
  readonly authentication = new SocketAuthentication(this);
  private ended?: Promise<void>;

  constructor(endpoint: SessionEndpoint, socket: Socket) {
    super(endpoint, socket);
    Admission.of(socket.nsp).hold(socket);
    guardSocket(socket, this);
  }

  get admitted(): boolean {
    return this.authentication.admitted;
  }

  get authenticating(): boolean {
    return this.authentication.state === 'authenticating';
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

  refusalOf(answer: readonly unknown[]): SocketError | undefined {
    return checkValues(answer, this.endpoint.prohibitedKeys, 0);
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
    this.refusal = refusal;
    // An authenticated session has waiting calls while the first of them run.
    const waiting = authenticated ? refusal : SocketErrors.unauthenticated();
    authentication.undecided?.refuse(this, body, waiting);
    this.refuseCalls(refusal);
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
    authentication.undecided?.refuse(this, toUnauthorized(error), error);
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
    this.leaveCalls();
    if (authentication.room === undefined) this.forgetAnswers();
    endpoint.leave(this);
    Admission.of(socket.nsp).forget(socket);
    if (reason === 'server namespace disconnect') ignoreLatePackets(socket);
    closeIdleTransport(socket);
    if (this.admitted) {
      endpoint.inFlight.begin();
      await connectedHandlers;
      await runDisconnected(this, reason);
      endpoint.inFlight.finish();
    }
    this.closeContext();
  }

  /** Forgets the answers of a user known by the socket's id only, which a recovered socket has again. */
  private forgetAnswers(): void {
    const {endpoint, socket, userKey} = this;
    const {id, nsp} = socket;
    const time = Admission.of(nsp).sessions.keptFor(socket);
    if (time === 0) endpoint.recent.forget(userKey);
    else endpoint.recent.forgetLater(userKey, time, () => nsp.sockets.has(id));
  }

  /** Answers everything that waits. */
  private refuseAll(error: SocketError): void {
    this.authentication.undecided?.refuse(this, toUnauthorized(error), error);
    this.refuseCalls(error);
  }
}
