import {CallError} from './call-error';
import {callProxy} from './call-proxy';
import {Calls} from './calls';
import {Connection, DISCONNECTED} from './connection';
import type {ClientState} from './connection';
import {Listeners} from './listeners';
import type {Listener} from './listeners';
import type {CallOptions, ClientCredentials, SocketClientOptions} from './options';
import type {EventNames, Loose, Remote} from './remote';

/**
 * A client of one `loopback4-socket` server. Nothing is connected until `connect`, `authenticate`, `retain` or the
 * first call.
 *
 * @example
 * ```ts
 * const client = new SocketClient<Api, Events>(url, {credentials: () => ({token: myToken()})});
 * const orders = await client.call.find({limit: 3}, {timeout: 5000});
 * await client.call.pay({order: 7}, {id: true}); // runs once, also over reconnects
 * const stop = client.on('said', text => console.log(text));
 * ```
 */
export class SocketClient<Api = Loose, Events extends object = Loose> {
  /** The server's methods. Args come first, options second. */
  readonly call: Remote<Api>;
  private readonly calls: Calls;
  private readonly connection: Connection;
  private readonly listeners = new Listeners();
  private retained = 0;
  /** True when somebody has connected, so that the last `release` does not end the connection. */
  private kept = false;

  constructor(url: string, options: SocketClientOptions = {}) {
    const calls = new Calls(
      options.timeout,
      (...packet) => this.connection.emit(...packet),
      () => this.endIfUnused(),
    );
    this.calls = calls;
    this.connection = new Connection(url, options, calls, this.listeners.receive);
    this.call = callProxy((name, args, callOptions) =>
      this.request(name, args, callOptions),
    ) as unknown as Remote<Api>;
  }

  get state(): ClientState {
    return this.connection.state;
  }

  /** Why the client is `unauthorized` or cannot connect. */
  get error(): CallError | undefined {
    return this.connection.error;
  }

  /** Calls `listener` after each change of the state. Returns a function that ends it. */
  subscribe(listener: () => void): () => void {
    return this.connection.subscribe(listener);
  }

  /** Calls a method by its name. `call` does the same with types. */
  async request<Result = unknown>(
    name: string,
    args?: unknown,
    options: CallOptions = {},
  ): Promise<Result> {
    const {connection} = this;
    if (connection.state === 'idle') void this.connect();
    const {error, wanted} = connection;
    if (!wanted && error) throw new CallError(error.value, false, error);
    return this.calls.request(name, args, options) as Promise<Result>;
  }

  /** Listens to an event. Returns a function that ends it. */
  on<Name extends EventNames<Events>>(name: Name, listener: Events[Name]): () => void {
    return this.listeners.add(name, listener as Listener, false);
  }

  /** Listens to the next event of that name. Returns a function that ends it before. */
  once<Name extends EventNames<Events>>(name: Name, listener: Events[Name]): () => void {
    return this.listeners.add(name, listener as Listener, true);
  }

  /** Removes one listener of an event, or all. */
  off<Name extends EventNames<Events>>(name: Name, listener?: Events[Name]): void {
    this.listeners.remove(name, listener as Listener | undefined);
  }

  /** Connects. Resolves when the client is authenticated; rejects when it is refused or ended. */
  connect(): Promise<void> {
    const {connection} = this;
    if (connection.state !== 'closed') {
      this.kept = true;
      connection.connect();
    }
    return unwatched(connection.untilAuthenticated());
  }

  /**
   * Authenticates with other credentials, or again with new ones of the function `credentials`. A live connection is
   * renewed, which must be for the same user; for another user call `disconnect` first.
   */
  authenticate(...credentials: [credentials?: ClientCredentials]): Promise<void> {
    const {connection} = this;
    if (credentials.length > 0) connection.replaceCredentials(credentials[0]);
    if (connection.state !== 'authenticated') return this.connect();
    return unwatched(connection.renew());
  }

  /** Ends the connection and all calls. The client does not come back until somebody connects. */
  disconnect(): void {
    this.kept = false;
    if (!/idle|closed/.test(this.state))
      this.connection.end('disconnected', new CallError(DISCONNECTED));
  }

  /** Ends the client for good. */
  close(): Promise<void> {
    this.listeners.clear();
    return this.connection.close();
  }

  /** Connects, until `release` was called as often as `retain`. For components that come and go. */
  retain(): void {
    this.retained++;
    if (this.state === 'idle') this.connection.connect();
  }

  /** Ends what `retain` has begun, once no call is left. */
  release(): void {
    this.retained--;
    // React's strict mode retains again at once.
    queueMicrotask(() => this.endIfUnused());
  }

  private endIfUnused(): void {
    const {kept, retained, calls, connection} = this;
    if (kept || retained > 0 || !calls.idle || !connection.wanted) return;
    connection.end('idle', new CallError(DISCONNECTED));
  }
}

/** Lets a promise be ignored: its rejection is no unhandled one. */
function unwatched(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
