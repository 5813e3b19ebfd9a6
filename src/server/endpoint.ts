import type {Context} from '@loopback/core';
import type {Namespace, Socket} from 'socket.io';
import {Admission} from '../namespace/admission';
import type {AuthenticationQueue} from '../session/authentication-queue';
import type {Authenticated, SessionEndpoint} from '../session/ports';
import {Session} from '../session/session';
import {StrategyHandler} from '../invocation/strategy';
import type {Call} from '../context/call';
import {HandlerTable} from '../invocation/handler-table';
import {RecentCalls} from '../dispatch/recent-calls';
import {checkResult} from '../dispatch/result';
import {applyToken} from '../context/express-request';
import {expiryOf, timeOf, tokenExpiryOf} from '../session/expiry';
import {isUntold, toFailure, toUnauthorized} from '../wire/failures';
import {SocketErrors} from '../wire/refusals';
import type {Failure} from '../wire/failures';
import {runGuarded} from '../common/guarded';
import type {Report} from '../common/guarded';
import type {FailurePolicy} from '../options/failure-policy';
import {problemsOf} from './endpoint-problems';
import {handshakeRefusal} from '../engine/handshake';
import {InFlight, within} from '../common/in-flight';
import {refusalOfJoin} from '../engine/join-limits';
import {claimNamespace} from '../namespace/claims';
import type {Claimant} from '../namespace/claims';
import {isOutage} from '../wire/outages';
import {checkPayload} from '../wire/payload';
import {printable} from '../common/printable';
import {securityIdOf} from '../context/security';
import {CLOSE_GRACE} from '../engine/closing';
import {DEFAULT_SOCKET_SERVER_OPTIONS} from '../options/server-options';
import type {
  ApplyCredentials,
  ServerOptions,
  SocketAuthenticationOptions,
} from '../options/server-options';
import {acquireSlot} from '../engine/socket-slots';
import {roomOf} from '../namespace/user-rooms';

/** What serves one named server's sockets: its handlers, its connections and its calls in flight. */
export class Endpoint implements SessionEndpoint, Claimant {
  readonly handlers = new HandlerTable();
  readonly recent = new RecentCalls();
  private readonly connections = new Set<Session>();
  options: ServerOptions = {...DEFAULT_SOCKET_SERVER_OPTIONS};
  failures?: FailurePolicy;
  prohibitedKeys: readonly string[] = [];
  private authentication: SocketAuthenticationOptions = {};
  strategy?: StrategyHandler | undefined;
  private state: 'closed' | 'open' | 'draining' = 'closed';
  private drained?: Promise<void>;
  private readonly inFlight = new InFlight();

  /**
   * @param context - The server's, parent of its connections' contexts.
   * @param authentications - Of all servers.
   */
  constructor(
    readonly name: string,
    readonly context: Context,
    readonly authentications: AuthenticationQueue,
  ) {}

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get draining(): boolean {
    return this.state === 'draining';
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Whether there is nothing to serve. */
  get idle(): boolean {
    return this.handlers.empty && !this.options.anonymous && !this.strategy;
  }

  configure(options: ServerOptions): void {
    this.options = options;
    const {authentication = {}} = options;
    this.authentication =
      typeof authentication === 'string' ? {strategy: authentication} : authentication;
    const {strategy, options: strategyOptions} = this.authentication;
    this.strategy =
      strategy === undefined
        ? undefined
        : new StrategyHandler({
            strategy,
            ...(strategyOptions && {options: strategyOptions}),
          });
  }

  /** What keeps this server from being served; one sentence each, saying what to do. */
  problems(): string[] {
    return problemsOf(this);
  }

  open(): void {
    this.state = 'open';
  }

  /**
   * Takes over a namespace: from now on its sockets are refused, or authenticated first.
   *
   * @throws Error when another server has the namespace.
   */
  claim(namespace: Namespace): void {
    claimNamespace(namespace, this);
  }

  refusalOf(socket: Socket): Error | undefined {
    if (this.state === 'closed' || this.idle) return new Error('Invalid namespace');
    // What was done when the connection closed has missed it; a middleware could keep it for ever.
    if (socket.conn.readyState !== 'open') return new Error('The connection is closed.');
    const refusal =
      handshakeRefusal(socket) ??
      checkPayload(socket.handshake.auth, this.prohibitedKeys) ??
      refusalOfJoin(socket);
    // What a client reads of a `connect_error`.
    if (refusal) return Object.assign(refusal, {data: toUnauthorized(refusal)});
    acquireSlot(socket);
    return undefined;
  }

  connect(socket: Socket): void {
    // Another listener of the application may have disconnected it already.
    if (!socket.connected) {
      Admission.of(socket.nsp).forget(socket);
      return;
    }
    const connection = new Session(this, socket);
    if (this.state === 'closed' || this.idle) {
      // Recovered connections skip the middleware that refuses them.
      socket.disconnect();
      return;
    }
    this.connections.add(connection);
    connection.start();
  }

  /** Runs the authentication handler; throws unless it succeeds. */
  async authenticate(call: Call): Promise<Authenticated> {
    if (this.options.anonymous) return {user: undefined};
    const handler = this.strategy ?? this.handlers.auth;
    try {
      if (!handler) throw new Error(`Server "${this.name}" has no authentication.`);
      const user = await handler.invoke(call);
      // One would count as a user, whatever it has to say.
      checkResult(user, call.caller, handler.label, true);
      if (!user) throw SocketErrors.authenticationFailed();
      const {userId = securityIdOf, expiresAt} = this.options;
      const room = roomOf(await userId(user, call.socket));
      const end = expiresAt
        ? timeOf(await expiresAt(user, call.socket))
        : earlier(expiryOf(user), tokenExpiryOf(call.strategy?.request));
      if (end !== undefined && end <= Date.now()) throw SocketErrors.expired();
      return {user, room, expiresAt: end === Infinity ? undefined : end};
    } catch (error) {
      const label = handler?.label ?? 'authentication';
      throw this.refusalFor(error, label, call.socket, call.strategy?.failed);
    } finally {
      call.close();
    }
  }

  get applyCredentials(): ApplyCredentials {
    return this.authentication.applyCredentials ?? applyToken;
  }

  /** Says what a client may see of a failure, and logs it when it is the server's own fault. */
  fail(thrown: unknown, handler: string, socket?: Socket): Failure {
    const failure = toFailure(thrown, this.failures?.body);
    if (failure.fault) this.log(thrown, failure.statusCode, handler, socket);
    return failure;
  }

  refusalFor(
    thrown: unknown,
    handler: string,
    socket: Socket,
    byStrategy = false,
  ): unknown {
    if (isOutage(thrown, byStrategy) || this.recognises(thrown, socket)) {
      const outage = SocketErrors.authenticationUnavailable();
      this.log(thrown, outage.statusCode, handler, socket);
      return outage;
    }
    if (isUntold(thrown)) this.report(thrown, handler, socket);
    return thrown;
  }

  /** Says whether the application takes something thrown for an outage. */
  private recognises(thrown: unknown, socket: Socket): boolean {
    let answer: unknown;
    runGuarded(
      () => (answer = this.options.isOutage?.(thrown)),
      error => this.report(error, 'isOutage', socket),
    );
    return answer === true;
  }

  /** Logs what a function threw that answers nobody. */
  readonly report: Report = (error, source, socket) => {
    this.log(error, toFailure(error).statusCode, source, socket);
  };

  /** A log that fails must not change what the client is told. */
  private log(
    error: unknown,
    statusCode: number,
    handler: string,
    socket?: {readonly id: string},
  ): void {
    const source = {
      server: this.name,
      handler: printable(handler),
      ...(socket && {socketId: socket.id}),
    };
    runGuarded(
      () => this.failures?.log(error, statusCode, source),
      () => undefined,
    );
  }

  leave(connection: Session): void {
    this.connections.delete(connection);
  }

  /** Ends the authentication of a user, given the room of the user's sockets. */
  revoke(room: string): void {
    for (const one of this.connections) one.revoke(room);
  }

  /** Counts a call, or a disconnected handler, that a stop waits for. */
  begin(): void {
    this.inFlight.begin();
  }

  finish(): void {
    this.inFlight.finish();
  }

  /** Refuses later calls, and waits for those in flight, `timeout` ms at most. */
  drain(timeout: number): Promise<void> {
    if (this.state === 'closed') return Promise.resolve();
    this.state = 'draining';
    this.drained ??= within(timeout, this.inFlight.none());
    return this.drained;
  }

  /** Tells all clients that the server is stopping, and spreads their reconnections over `window` ms. */
  announce(window: number): void {
    for (const one of this.connections) one.announce(Math.round(Math.random() * window));
  }

  /**
   * Closes the connections, and waits for their disconnected handlers, `timeout` ms at most.
   *
   * @param keepTransports - Whether other namespaces on the same connections must be left alone.
   */
  async disconnect(timeout: number, keepTransports: boolean): Promise<void> {
    const closing = [...this.connections].map(one => one.close(keepTransports));
    await within(timeout + CLOSE_GRACE, Promise.all(closing));
  }

  /** Serves nobody any more; see {@link disconnect}. */
  close(keepTransports: boolean): void {
    this.state = 'closed';
    // Those that came meanwhile have no handlers to wait for.
    for (const one of this.connections) void one.close(keepTransports);
    this.drained = undefined;
    this.recent.clear();
  }
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one;
}
