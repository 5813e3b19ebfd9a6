import type {Application, Context} from '@loopback/core';
import type {Socket} from 'socket.io';
import {Asks} from '../asks/asks';
import type {AskingEndpoint} from '../asks/ports';
import {leaveRounds} from '../asks/round';
import {InFlight, within} from '../common/in-flight';
import type {Call} from '../context/call';
import {applyToken} from '../context/express-request';
import {RecentCalls} from '../dispatch/recent-calls';
import {CLOSE_GRACE} from '../engine/closing';
import {handshakeRefusal} from '../engine/handshake';
import {refusalOfJoin} from '../engine/join-limits';
import {acquireSlot} from '../engine/socket-slots';
import {HandlerTable} from '../invocation/handler-table';
import {StrategyHandler} from '../invocation/strategy';
import {Admission} from '../namespace/admission';
import type {Claimant} from '../namespace/claims';
import {DEFAULT_SOCKET_COMPONENT_OPTIONS} from '../options/component-options';
import {readFailurePolicy} from '../options/failure-policy';
import {
  readComponentOptions,
  readProhibitedKeys,
  readServerOptions,
} from '../options/read-options';
import {DEFAULT_SOCKET_SERVER_OPTIONS} from '../options/server-options';
import type {ServerOptions, SocketAuthenticationOptions} from '../options/server-options';
import type {AuthenticationQueue} from '../session/authentication-queue';
import {FailureLog} from '../session/failure-log';
import type {Authenticated, SessionEndpoint} from '../session/ports';
import {Session} from '../session/session';
import {StreamTable} from '../streams/stream-table';
import {LostUploads} from '../streams/lost-uploads';
import {toUnauthorized} from '../wire/failures';
import {checkPayload} from '../wire/payload';
import {SocketErrors} from '../wire/refusals';
import {authenticate} from './authenticate';

/** One named server as its sockets see it: its handlers and options, and the sessions that it serves. */
export class Endpoint implements SessionEndpoint, AskingEndpoint, Claimant {
  readonly handlers = new HandlerTable();
  readonly recent = new RecentCalls();
  readonly lostUploads = new LostUploads();
  readonly streams = new StreamTable(() => this.options);
  readonly asks = new Asks(this);
  options: ServerOptions = DEFAULT_SOCKET_SERVER_OPTIONS;
  prohibitedKeys: readonly string[] = [];
  applyCredentials = applyToken;
  strategy?: StrategyHandler | undefined;
  private readonly sessions = new Set<Session>();
  readonly inFlight = new InFlight();
  readonly failures: FailureLog;
  private state: 'closed' | 'open' | 'draining' = 'closed';
  private drained?: Promise<void>;

  /**
   * @param context - The server's context, the parent of its connections' contexts.
   * @param authentications - Shared by all servers.
   */
  constructor(
    readonly name: string,
    readonly context: Context,
    readonly authentications: AuthenticationQueue,
  ) {
    this.failures = new FailureLog(name);
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get draining(): boolean {
    return this.state === 'draining';
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** True when the server has no handlers, and is neither anonymous nor authenticated by a strategy. */
  get isEmpty(): boolean {
    return this.handlers.empty && !this.options.anonymous && !this.strategy;
  }

  /**
   * Reads the server's options, and the component's for authentications, as they are now.
   *
   * @throws Error that names a wrong option and says what it must be.
   */
  configure(app: Application): void {
    const {concurrent = DEFAULT_SOCKET_COMPONENT_OPTIONS.authentications.concurrent} =
      readComponentOptions(app).authentications;
    this.authentications.limit = concurrent;
    this.options = readServerOptions(app, this.name);
    this.prohibitedKeys = readProhibitedKeys(app);
    this.failures.policy = readFailurePolicy(app);
    this.failures.isOutage = this.options.isOutage;
    const {authentication = {}} = this.options;
    const {strategy, options, applyCredentials}: SocketAuthenticationOptions =
      typeof authentication === 'string' ? {strategy: authentication} : authentication;
    this.applyCredentials = applyCredentials ?? applyToken;
    this.strategy =
      strategy === undefined
        ? undefined
        : new StrategyHandler({strategy, ...(options && {options})});
  }

  open(): void {
    this.state = 'open';
  }

  refusalOf(socket: Socket): Error | undefined {
    if (this.state === 'closed' || this.isEmpty) return new Error('Invalid namespace');
    // The listeners for its end have already run: a middleware could keep the socket for ever.
    if (socket.conn.readyState !== 'open') return new Error('The connection is closed.');
    const refusal =
      handshakeRefusal(socket) ??
      checkPayload(socket.handshake.auth, this.prohibitedKeys) ??
      refusalOfJoin(socket);
    // A client finds `data` in its `connect_error`.
    if (refusal) return Object.assign(refusal, {data: toUnauthorized(refusal)});
    acquireSlot(socket);
    return undefined;
  }

  connect(socket: Socket): void {
    // A listener of the application may have disconnected it already.
    if (!socket.connected) {
      Admission.of(socket.nsp).forget(socket);
      return;
    }
    const session = new Session(this, socket);
    if (this.state === 'closed' || this.isEmpty) {
      // Recovered connections skip the middleware that refuses them.
      socket.disconnect();
      return;
    }
    this.sessions.add(session);
    session.start();
  }

  async authenticate(call: Call): Promise<Authenticated> {
    if (this.options.anonymous) return {user: undefined};
    const handler = this.strategy ?? this.handlers.auth;
    try {
      if (!handler) throw new Error(`Server "${this.name}" has no authentication.`);
      return await authenticate(call, handler, this.options);
    } catch (error) {
      const label = handler?.label ?? 'authentication';
      throw this.failures.refusalFor(error, label, call.socket, call.strategy?.failed);
    } finally {
      call.close();
    }
  }

  get report() {
    return this.failures.report;
  }

  leave(session: Session): void {
    this.sessions.delete(session);
    leaveRounds(session.socket);
  }

  /** Ends the authentication of the user with this room. */
  revoke(room: string): void {
    for (const one of this.sessions) one.revoke(room);
    const user = `${this.name} ${room}`;
    this.streams.revoke(user, SocketErrors.revoked());
    this.lostUploads.end(SocketErrors.revoked(), user);
  }

  /** Sends `draining` to all clients, and spreads their reconnections over `window` ms. */
  announce(window: number): void {
    for (const one of this.sessions) one.announce(Math.round(Math.random() * window));
  }

  /** Refuses later calls, and waits `timeout` ms at most for the calls in flight. */
  drain(timeout: number): Promise<void> {
    if (this.state === 'closed') return Promise.resolve();
    this.state = 'draining';
    // Their clients cannot come back.
    this.lostUploads.end(SocketErrors.shuttingDown());
    this.drained ??= within(timeout, this.inFlight.none());
    return this.drained;
  }

  /**
   * Closes the connections, and waits `timeout` ms at most for their disconnected handlers.
   *
   * @param keepTransports - Leaves other namespaces on the same connections alone.
   */
  async disconnect(timeout: number, keepTransports: boolean): Promise<void> {
    this.asks.refuse();
    const closing = [...this.sessions].map(one => one.close(keepTransports));
    await within(timeout + CLOSE_GRACE, Promise.all(closing));
  }

  /** Serves no sockets any more; see {@link disconnect}. */
  close(keepTransports: boolean): void {
    this.state = 'closed';
    // Sessions that came since then have no handlers to wait for.
    for (const one of this.sessions) void one.close(keepTransports);
    this.drained = undefined;
    this.lostUploads.end(SocketErrors.shuttingDown());
    this.recent.clear();
    this.streams.clear();
  }
}
