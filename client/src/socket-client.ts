import type {Socket} from 'socket.io-client';
import {answerWith, refuseUnknown} from './answers';
import {CallError} from './call-error';
import {callProxy} from './call-proxy';
import {Calls} from './calls';
import {Connection, DISCONNECTED} from './connection';
import type {ClientState} from './connection';
import type {CallOptions, ClientCredentials, SocketClientOptions} from './options';
import type {AnswerHandler, AnswerNames, EventNames, Loose, Remote} from './remote';

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
  readonly #calls: Calls;
  readonly #connection: Connection;
  #retained = 0;
  /** True when somebody has connected, so that the last `release` does not end the connection. */
  #kept = false;

  constructor(url: string, options: SocketClientOptions = {}) {
    const calls = new Calls(
      options.timeout,
      (...packet) => this.#connection.emit(...packet),
      () => this.#endIfUnused(),
    );
    this.#calls = calls;
    this.#connection = new Connection(url, options, calls);
    refuseUnknown(this.socket);
    this.call = callProxy((...call) => this.request(...call)) as unknown as Remote<Api>;
  }

  /**
   * The socket of socket.io-client, for example for its `id`, which changes with each connection. The client connects it,
   * authenticates it and brings it back.
   */
  get socket(): Socket {
    return this.#connection.socket;
  }

  get state(): ClientState {
    return this.#connection.state;
  }

  /** Why the client is `unauthorized` or cannot connect. */
  get error(): CallError | undefined {
    return this.#connection.error;
  }

  /** Calls `listener` after each change of the state. Returns a function that ends it. */
  subscribe(listener: () => void): () => void {
    return this.#connection.subscribe(listener);
  }

  /** Calls a method by its name. `call` does the same with types. A method that streams gives its items. */
  request<Result = unknown>(
    name: string,
    args?: unknown,
    options: CallOptions = {},
  ): Promise<Result> {
    const connection = this.#connection;
    if (connection.state === 'idle') void this.connect();
    const {error, wanted} = connection;
    const refusal = wanted ? undefined : error;
    return this.#calls.request(name, args, options, refusal) as Promise<Result>;
  }

  /** Listens to an event, over all connections. Returns a function that ends it. */
  on<Name extends EventNames<Events>>(name: Name, listener: Events[Name]): () => void {
    this.socket.on<string>(name, listener as Listener);
    return () => this.off(name, listener);
  }

  /** Listens to the next event of that name. Returns a function that ends it before. */
  once<Name extends EventNames<Events>>(name: Name, listener: Events[Name]): () => void {
    this.socket.once<string>(name, listener as Listener);
    return () => this.off(name, listener);
  }

  /** Removes a listener. */
  off<Name extends EventNames<Events>>(name: Name, listener: Events[Name]): void {
    this.socket.off<string>(name, listener as Listener);
  }

  /**
   * Answers what the server asks, over all connections. An error with a 4xx `statusCode` is sent as it is, any other
   * as a 500 without details. An answer whose connection is gone is dropped. Returns a function that ends it.
   *
   * @example
   * ```ts
   * client.answer('confirm', async ({question}, {signal}) => showDialog(question, signal));
   * ```
   */
  answer<Name extends AnswerNames<Events>>(
    name: Name,
    handler: AnswerHandler<Events[Name]>,
  ): () => void {
    return answerWith(this.socket, name, handler);
  }

  /** Connects. Resolves when the client is authenticated; rejects when it is refused or ended. */
  connect(): Promise<void> {
    this.#kept = true;
    this.#connection.connect();
    return unwatched(this.#connection.untilAuthenticated());
  }

  /**
   * Authenticates with other credentials, or again with new ones of the function `credentials`. A live connection is
   * renewed, which must be for the same user; for another user call `disconnect` first.
   */
  authenticate(...credentials: [credentials?: ClientCredentials]): Promise<void> {
    const connection = this.#connection;
    if (credentials.length > 0) connection.replaceCredentials(credentials[0]);
    if (connection.state !== 'authenticated') return this.connect();
    return unwatched(connection.renew());
  }

  /**
   * Ends the connection and all calls, with the client's `error` if it has one. The client does not come back until
   * somebody connects.
   */
  disconnect(): void {
    this.#kept = false;
    this.#connection.end('disconnected', this.error ?? new CallError(DISCONNECTED));
  }

  /** Ends the client for good. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Connects, until `release` was called as often as `retain`. For components that come and go. */
  retain(): void {
    this.#retained++;
    if (this.state === 'idle') this.#connection.connect();
  }

  /** Ends what `retain` has begun, once no call is left. */
  release(): void {
    this.#retained--;
    // React's strict mode retains again at once.
    queueMicrotask(() => this.#endIfUnused());
  }

  #endIfUnused(): void {
    if (this.#kept || this.#retained > 0 || !this.#calls.idle) return;
    this.#connection.end('idle', new CallError(DISCONNECTED));
  }
}

type Listener = (...args: unknown[]) => void;

/** Lets a promise be ignored: its rejection is no unhandled one. */
function unwatched(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
