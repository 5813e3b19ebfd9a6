import type {Context} from '@loopback/context';
import type {Socket} from 'socket.io';
import {Admission} from './admission';
import {CallContext, ConnectionContext} from './dispatch/contexts';
import {ackOf, answerFailure, dispatch} from './dispatch/dispatch';
import type {Ack, Packet, Peer, Service} from './dispatch/dispatch';
import type {Caller} from './dispatch/handler';
import {SocketErrors, toUnauthorized} from './errors';
import {handshakeCredentials} from './handshake';
import {MAX_WAITING_CALLS, SocketEvents} from './protocol';
import {internalsOf, socketsOnConnection} from './socket-io-internals';
import {
  CLOSE_GRACE,
  closeIdleTransport,
  cutConnection,
  ignoreLatePackets,
} from './transport';

/** What a connection needs of the server that it belongs to. */
export interface ConnectionService extends Service {
  readonly context: Context;
  readonly options: {
    timeout: number | false;
    credentials: 'event' | 'handshake' | 'both';
  };
  /** Runs the authentication handler; throws unless it succeeds. */
  authenticate(caller: Caller, socket: Socket, credentials: unknown): Promise<unknown>;
  /** Told once, when the connection has ended. */
  leave(connection: Connection): void;
}

type State = 'connecting' | 'authenticating' | 'authenticated' | 'closed';

/**
 * The life of one socket in one namespace: it connects, authenticates, calls, and ends. Everything
 * the client sends comes through `receive`, so nothing reaches the application before its time.
 */
export class Connection implements Peer {
  credentials: unknown;
  private user: unknown;
  private state: State = 'connecting';
  private renewing = false;
  /** Whether the authentication handler has succeeded, which opens rooms and broadcasts. */
  private admitted = false;
  /** Acks of the authentications that share the outcome under way. */
  private acks: Ack[] = [];
  private waiting: Packet[] = [];
  private connectedHandlers = Promise.resolve();
  private ended?: Promise<void>;
  private deadline?: NodeJS.Timeout;
  private context?: ConnectionContext;
  private aborter?: AbortController;

  constructor(
    readonly service: ConnectionService,
    readonly socket: Socket,
  ) {
    Admission.of(socket.nsp).hold(socket);
    // socket.io calls it for each packet; replacing it is what keeps guards and listeners waiting.
    internalsOf(socket).dispatch = packet => this.receive(packet);
    socket.once('disconnect', reason => (this.ended = this.end(reason)));
  }

  get authenticated(): boolean {
    return this.state === 'authenticated';
  }

  /** Starts the clock, and authenticates at once where the handshake carries the credentials. */
  start(): void {
    if (this.service.draining) return;
    const {timeout, credentials} = this.service.options;
    if (timeout !== false) {
      const expire = () => this.refuse(SocketErrors.authenticationTimeout(timeout));
      this.deadline = setTimeout(expire, timeout);
    }
    if (credentials === 'event') return;
    const handshake = handshakeCredentials(this.socket);
    if (credentials === 'handshake' || handshake) this.authenticate(handshake);
  }

  openCall(args: unknown): CallContext {
    return this.openContext(args, this.credentials, this.user);
  }

  /**
   * Ends the connection, so that the client comes back by itself, and waits for its disconnected
   * handlers.
   *
   * @param keepTransport - Leave the namespace only, where the transport carries others too. The
   * client then does not come back by itself.
   */
  async close(keepTransport: boolean): Promise<void> {
    this.answerWaiting(SocketErrors.shuttingDown);
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

  private receive(packet: Packet): void {
    const ack = ackOf(packet);
    if (typeof packet[0] !== 'string') {
      answerFailure(this, SocketErrors.badEvent(), 'socket', ack);
    } else if (packet[0] === SocketEvents.AUTHENTICATION) {
      this.receiveCredentials(packet, ack);
    } else if (this.state === 'authenticated') {
      dispatch(this, packet, ack);
    } else if (this.state === 'connecting') {
      answerFailure(this, SocketErrors.unauthenticated(), packet[0], ack);
    } else if (this.state === 'authenticating') {
      if (this.waiting.length < MAX_WAITING_CALLS) this.waiting.push(packet);
      else answerFailure(this, SocketErrors.tooManyRequests(), packet[0], ack);
    }
  }

  private receiveCredentials(packet: Packet, ack?: Ack): void {
    if (packet.length > (ack ? 3 : 2)) {
      answerFailure(this, SocketErrors.tooManyArguments(), packet[0] as string, ack);
      return;
    }
    if (this.state === 'closed' || this.service.draining) return;
    if (ack && this.acks.length === MAX_WAITING_CALLS) {
      answerFailure(
        this,
        SocketErrors.tooManyRequests(),
        SocketEvents.AUTHENTICATION,
        ack,
      );
      return;
    }
    if (ack) this.acks.push(ack);
    const credentials = packet[1] === ack ? undefined : packet[1];
    if (this.state === 'connecting') this.authenticate(credentials);
    else if (this.state === 'authenticated' && !this.renewing) this.renew(credentials);
  }

  private authenticate(credentials: unknown): void {
    this.state = 'authenticating';
    this.check(credentials, async () => {
      this.admitted = true;
      Admission.of(this.socket.nsp).admit(this.socket);
      const running = this.runConnected();
      this.connectedHandlers = running.catch(() => undefined);
      await running;
      if (this.state === 'authenticating') this.accept();
    });
  }

  private renew(credentials: unknown): void {
    this.renewing = true;
    this.check(credentials, () => {
      this.renewing = false;
      this.answerAcks({result: true});
    });
  }

  /** Runs the authentication handler; a result that comes after the end is discarded. */
  private check(credentials: unknown, succeed: () => void | Promise<void>): void {
    const caller = {
      openCall: (args: unknown) => this.openContext(args, credentials, undefined),
    };
    const run = async () => {
      const user = await this.service.authenticate(caller, this.socket, credentials);
      if (this.state === 'closed') return;
      this.credentials = credentials;
      this.user = user;
      await succeed();
    };
    run().catch((error: unknown) => this.refuse(error));
  }

  private async runConnected(): Promise<void> {
    for (const handler of this.service.handlers.connected) {
      if (this.state === 'closed') return;
      try {
        await handler.invoke(this, [this.socket, this.credentials]);
      } catch (error) {
        this.service.fail(error, handler.label, this.socket);
        throw error;
      }
    }
  }

  private accept(): void {
    this.state = 'authenticated';
    clearTimeout(this.deadline);
    this.socket.emit(SocketEvents.AUTHENTICATED, true);
    this.answerAcks({result: true});
    for (const packet of this.waiting.splice(0)) this.receive(packet);
  }

  private refuse(thrown: unknown): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    const body = toUnauthorized(thrown);
    this.answerAcks({error: body});
    this.answerWaiting(SocketErrors.unauthenticated);
    this.socket.emit(SocketEvents.UNAUTHORIZED, body);
    this.socket.disconnect();
  }

  private async end(reason: string): Promise<void> {
    this.state = 'closed';
    clearTimeout(this.deadline);
    this.acks = [];
    this.waiting = [];
    this.aborter?.abort();
    this.service.leave(this);
    Admission.of(this.socket.nsp).forget(this.socket);
    if (reason === 'server namespace disconnect') ignoreLatePackets(this.socket);
    closeIdleTransport(this.socket);
    if (this.admitted) {
      this.service.begin();
      await this.connectedHandlers;
      await this.runDisconnected(reason);
      this.service.finish();
    }
    this.context?.close();
  }

  private async runDisconnected(reason: string): Promise<void> {
    for (const handler of this.service.handlers.disconnected) {
      try {
        await handler.invoke(this, [this.socket, reason]);
      } catch (error) {
        this.service.fail(error, handler.label, this.socket);
      }
    }
  }

  private answerAcks(reply: object): void {
    for (const ack of this.acks.splice(0)) ack(reply);
  }

  private answerWaiting(error: () => Error): void {
    for (const packet of this.waiting.splice(0)) {
      answerFailure(this, error(), String(packet[0]), ackOf(packet));
    }
  }

  private openContext(args: unknown, credentials: unknown, user: unknown): CallContext {
    this.context ??= new ConnectionContext(this.service.context, this.socket);
    const signal = () => (this.aborter ??= new AbortController()).signal;
    return new CallContext(this.context, {args, credentials, user, signal});
  }
}
