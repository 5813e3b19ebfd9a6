import type {Context} from '@loopback/context';
import type {Namespace, Socket} from 'socket.io';
import {Admission} from './admission';
import {Connection} from './connection';
import type {ConnectionService} from './connection';
import {HandlerTable} from './dispatch/handler-table';
import type {Caller, Handler} from './dispatch/handler';
import {isServerFault, SocketErrors, toFailure} from './errors';
import type {Failure} from './errors';
import type {FailurePolicy} from './failure-policy';
import {childrenOf, detachFromPattern} from './socket-io-internals';
import {CLOSE_GRACE} from './transport';
import {DEFAULT_SOCKET_SERVER_OPTIONS} from './types';
import type {SocketServerOptions} from './types';

/** Which endpoint serves a namespace that was claimed by itself. */
const owners = new WeakMap<Namespace, Endpoint>();

/** Refuses the sockets of a namespace while no server has claimed it. */
export function refuseUnclaimed(namespace: Namespace): void {
  namespace.use((_socket, next) => {
    next(owners.has(namespace) ? undefined : new Error('Invalid namespace'));
  });
}

type EndpointOptions = SocketServerOptions &
  Required<Pick<SocketServerOptions, keyof typeof DEFAULT_SOCKET_SERVER_OPTIONS>>;

/** What serves one named server's sockets: its handlers, its connections and its calls in flight. */
export class Endpoint implements ConnectionService {
  readonly handlers = new HandlerTable();
  private readonly connections = new Set<Connection>();
  options: EndpointOptions = {...DEFAULT_SOCKET_SERVER_OPTIONS};
  failures?: FailurePolicy;
  private state: 'closed' | 'open' | 'draining' = 'closed';
  private drained?: Promise<void>;
  private running = 0;
  private quiet: (() => void)[] = [];

  /** @param context - The server's, parent of its connections' contexts. */
  constructor(
    readonly name: string,
    readonly context: Context,
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
    return this.handlers.empty && !this.options.anonymous;
  }

  configure(options: SocketServerOptions): void {
    this.options = {...DEFAULT_SOCKET_SERVER_OPTIONS, ...options};
  }

  /** What keeps this server from being served; one sentence each, saying what to do. */
  problems(): string[] {
    const {auth, connected, disconnected, methods} = this.handlers;
    const [handler] = [...methods.values(), ...connected, ...disconnected];
    if (auth && this.options.anonymous) {
      return [
        `Server "${this.name}" is anonymous, and ${auth.label} authenticates it. ` +
          'Remove `anonymous`, or the authentication.',
      ];
    }
    if ((handler as Handler | undefined) && !auth && !this.options.anonymous) {
      return [
        `Server "${this.name}" has ${handler.label}, but nothing that authenticates its sockets. ` +
          'Decorate a method of a bound controller with @socketAuth, call auth(…), or configure ' +
          '`anonymous: true`.',
      ];
    }
    return [];
  }

  open(): void {
    this.state = 'open';
  }

  /**
   * Takes over a namespace: from now on its sockets are refused, or authenticated first. A pattern's
   * parent namespace passes this on to each child it creates.
   *
   * @throws Error when another server has the namespace.
   */
  claim(namespace: Namespace): void {
    const owner = owners.get(namespace);
    if (owner === this) return;
    if (owner) {
      throw new Error(
        `Servers "${owner.name}" and "${this.name}" cannot both serve namespace "${namespace.name}". ` +
          'Give one of them another `namespace`.',
      );
    }
    owners.set(namespace, this);
    this.guard(namespace);
    const children = childrenOf(namespace);
    if (children) {
      for (const child of children) {
        this.guard(child);
        Admission.of(child);
      }
      namespace.server.on('new_namespace', child => {
        if (children.has(child)) Admission.of(child);
      });
    } else {
      Admission.of(namespace);
      detachFromPattern(namespace);
    }
  }

  private guard(namespace: Namespace): void {
    namespace.use((socket, next) => {
      const refused = this.owns(socket) && (this.state === 'closed' || this.idle);
      next(refused ? new Error('Invalid namespace') : undefined);
    });
    namespace.on('connection', socket => {
      if (this.owns(socket)) this.connect(socket);
    });
  }

  /** Serves a socket that has joined the namespace. */
  connect(socket: Socket): void {
    // Another listener of the application may have disconnected it already.
    if (!socket.connected) return;
    const connection = new Connection(this, socket);
    if (this.state === 'closed' || this.idle) {
      // Recovered connections skip the middleware that refuses them.
      socket.disconnect();
      return;
    }
    this.connections.add(connection);
    connection.start();
  }

  /** Runs the authentication handler; throws unless it succeeds. */
  async authenticate(
    caller: Caller,
    socket: Socket,
    credentials: unknown,
  ): Promise<unknown> {
    if (this.options.anonymous) return undefined;
    const handler = this.handlers.auth;
    try {
      if (!handler) throw new Error(`Server "${this.name}" has no authentication.`);
      const user = await handler.invoke(caller, [socket, credentials]);
      if (!user) throw SocketErrors.authenticationFailed();
      return user;
    } catch (error) {
      this.fail(error, handler?.label ?? 'authentication', socket);
      throw error;
    }
  }

  /** Says what a client may see of a failure, and logs it when it is the server's own fault. */
  fail(thrown: unknown, handler: string, socket?: Socket): Failure {
    const failure = toFailure(thrown, this.failures?.body);
    if (isServerFault(thrown)) {
      const source = {server: this.name, handler, socketId: socket?.id};
      try {
        this.failures?.log(thrown, failure.statusCode, source);
      } catch {
        // A log that fails must not change what the client is told.
      }
    }
    return failure;
  }

  /** A namespace of its own goes before a pattern that matches its name. */
  private owns(socket: Socket): boolean {
    return (owners.get(socket.nsp) ?? this) === this;
  }

  leave(connection: Connection): void {
    this.connections.delete(connection);
  }

  /** Counts a call, or a disconnected handler, that a stop waits for. */
  begin(): void {
    this.running++;
  }

  finish(): void {
    this.running--;
    if (this.running === 0) for (const notify of this.quiet.splice(0)) notify();
  }

  /** Refuses later calls, and waits for those in flight, `timeout` ms at most. */
  drain(timeout: number): Promise<void> {
    if (this.state === 'closed') return Promise.resolve();
    this.state = 'draining';
    this.drained ??= within(timeout, this.untilQuiet());
    return this.drained;
  }

  /**
   * Closes the connections, and waits for their disconnected handlers, `timeout` ms at most.
   *
   * @param keepTransports - Whether other namespaces on the same connections must be left alone.
   */
  async disconnect(timeout: number, keepTransports: boolean): Promise<void> {
    const closing = [...this.connections].map(one => one.close(keepTransports));
    await within(timeout + CLOSE_GRACE, Promise.all(closing));
    // Those that came meanwhile have no handlers to wait for.
    for (const one of this.connections) void one.close(keepTransports);
  }

  close(): void {
    this.state = 'closed';
    this.drained = undefined;
  }

  private untilQuiet(): Promise<void> {
    if (this.running === 0) return Promise.resolve();
    return new Promise(resolve => this.quiet.push(resolve));
  }
}

/** Waits for a promise, but no longer than that many ms. */
async function within(timeout: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<void>(resolve => {
    timer = setTimeout(resolve, timeout);
  });
  await Promise.race([promise, expired]);
  clearTimeout(timer);
}
