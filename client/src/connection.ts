import type {Socket} from 'socket.io-client';
import {SocketEvents} from '../../src/wire/protocol';
import type {DrainingBody, Reply} from '../../src/wire/protocol';
import {CallError} from './call-error';
import type {CallErrorCode, ClientErrorBody} from './call-error';
import type {Calls} from './calls';
import type {Emit} from './transport';
import {Credentials} from './credentials';
import type {SocketClientOptions} from './options';
import {makeSocket} from './transport';

/**
 * - `idle`: nobody has asked for a connection;
 * - `connecting`: a connection is being made;
 * - `authenticating`: it is made, and the server checks the credentials;
 * - `authenticated`: calls are sent;
 * - `unauthorized`: the server has refused the credentials; `connect` and `authenticate` try again;
 * - `disconnected`: the connection is lost and comes back by itself, unless `disconnect` has ended it;
 * - `closed`: `close` has ended the client.
 */
export type ClientState =
  | 'idle'
  | 'connecting'
  | 'authenticating'
  | 'authenticated'
  | 'unauthorized'
  | 'disconnected'
  | 'closed';

const EXPIRED: CallErrorCode = 'AUTHENTICATION_EXPIRED';

export const DISCONNECTED: ClientErrorBody = {
  statusCode: 503,
  code: 'DISCONNECTED',
  message: 'The client is not connected.',
};

const CLOSED: ClientErrorBody = {
  statusCode: 499,
  code: 'CLOSED',
  message: 'The client is closed.',
};

/** The connection of one client: its state, and what changes it. */
export class Connection {
  state: ClientState = 'idle';
  /** Why the client is not authenticated, as far as it knows. */
  error: CallError | undefined;
  /** True while the client is to be connected, so that it comes back after a loss. */
  wanted = false;
  readonly socket: Socket;
  readonly #options: SocketClientOptions;
  readonly #calls: Calls;
  #credentials: Credentials;
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The server's answer to credentials. */
  #checking: Promise<unknown> | undefined;
  /** Attempts since the last success. */
  #failures = 0;
  /** True from when credentials have expired until others are accepted. */
  #expired = false;
  /** When to come back, in ms, after the server has stopped. */
  #reconnectAfter: number | undefined;

  constructor(url: string, options: SocketClientOptions, calls: Calls) {
    this.#options = options;
    this.#calls = calls;
    this.#credentials = new Credentials(options.credentials);
    this.socket = this.#listen(makeSocket(url, options.io));
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Returns false also when socket.io keeps the event, because it finds that the connection is lost. */
  readonly emit: Emit = (...packet) =>
    this.socket.connected && this.socket.emit(...packet).sendBuffer.length === 0;

  /** Connects now, unless it is connected or being connected. */
  readonly connect = (): void => {
    if (this.state === 'closed') return;
    this.wanted = true;
    if (/^connecting|^auth/.test(this.state)) return;
    clearTimeout(this.#timer);
    this.socket.connect();
    this.#change('connecting');
  };

  /** Resolves when the client is authenticated, and rejects when it no longer tries. */
  untilAuthenticated(): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (this.state === 'authenticated') resolve();
        else if (!this.wanted) reject(this.error ?? new CallError(DISCONNECTED));
        else return;
        stop();
      };
      const stop = this.subscribe(check);
      check();
    });
  }

  /** Uses other credentials from now on. */
  replaceCredentials(credentials: unknown): void {
    this.#credentials = new Credentials(credentials);
    // While the server checks the old ones, it ignores others.
    if (this.state === 'authenticating') this.lose(new CallError(DISCONNECTED));
  }

  /** Authenticates the live connection again. */
  async renew(): Promise<void> {
    const error = await this.authenticate();
    if (error) throw error;
    await this.untilAuthenticated();
  }

  /** Makes credentials and sends them: the first ones of a connection, or new ones for a live one. */
  readonly authenticate = async (): Promise<CallError | undefined> => {
    const {socket} = this;
    const {id} = socket;
    const source = this.#credentials;
    const isStale = () => !id || socket.id !== id || source !== this.#credentials;
    const isRenewal = this.state === 'authenticated';
    let error: CallError | undefined;
    try {
      const reason = isRenewal || this.#expired ? 'expiring' : 'connect';
      const credentials = await source.get(reason);
      // While the server checks others, it ignores these.
      while (this.#checking) await this.#checking.catch(() => undefined);
      // Without a connection, socket.io would keep them for the next one.
      if (isStale()) return undefined;
      const args = credentials === undefined ? [] : [credentials];
      this.#checking = socket
        .emitWithAck(SocketEvents.AUTHENTICATION, ...args)
        .finally(() => (this.#checking = undefined));
      const reply = (await this.#checking) as Reply;
      if (reply.error) error = new CallError(reply.error);
    } catch (failure) {
      const {message} = Object(failure) as Error;
      const body = {statusCode: 503, message, ...(failure as object)};
      error = new CallError(body, false, failure);
    }
    if (isStale()) return undefined;
    if (error) this.#refused(error);
    else this.#accepted();
    return error;
  };

  /** Loses the connection, and comes back. */
  lose(error: CallError, delay = this.#delay()): void {
    this.error = error;
    this.#leave();
    this.#calls.lost(error);
    // False when that was the last call of a client that nobody retains.
    if (!this.wanted) return;
    this.#later(this.connect, delay);
    this.#change('disconnected');
  }

  /** Ends the connection and all calls, until somebody connects again. Does nothing where nobody has connected. */
  end(state: ClientState, error: CallError): void {
    if (!this.wanted && state !== 'closed') return;
    this.wanted = false;
    this.error = error;
    // Those that are being made may be of a user who has left.
    this.#credentials = new Credentials(this.#credentials.source);
    clearTimeout(this.#timer);
    this.#leave();
    this.#calls.failAll(error);
    this.#change(state);
  }

  /** Ends it for good. Resolves when the transport is closed, unless other clients use it. */
  async close(): Promise<void> {
    this.end('closed', new CallError(CLOSED));
    this.#listeners.clear();
    this.socket.off();
    // Undefined where it has never connected.
    const engine = this.socket.io.engine as typeof this.socket.io.engine | undefined;
    if (engine?.readyState !== 'closing') return;
    await new Promise<void>(resolve => engine.once('close', () => resolve()));
  }

  #listen(socket: Socket): Socket {
    return socket
      .on('connect', () => {
        this.#change('authenticating');
        if (!this.#options.io?.auth) void this.authenticate();
      })
      .on('connect_error', (error: Error & {data?: unknown}) => {
        const {data, message} = error;
        const text = `The client could not connect: ${message}.`;
        const body = data ?? {...DISCONNECTED, message: text};
        this.#refused(new CallError(body, false, error));
      })
      .on('disconnect', reason => {
        // Else it is this client that has left.
        if (reason === 'io client disconnect') return;
        // Over a shared connection, the end of the socket before may come late.
        const isLate = this.state === 'connecting' && reason === 'io server disconnect';
        const delay = isLate ? 0 : this.#reconnectAfter;
        this.lose(new CallError(DISCONNECTED, false, reason), delay);
      })
      .on(SocketEvents.AUTHENTICATED, () => this.#accepted())
      .on(SocketEvents.UNAUTHORIZED, body => {
        // Before `connect`, it is late too.
        if (this.state !== 'connecting') this.#refused(new CallError(body));
      })
      .on(SocketEvents.EXPIRING, () => {
        if (this.#credentials.renewable) void this.authenticate();
      })
      .on(SocketEvents.DRAINING, ({reconnectAfter}: DrainingBody) => {
        this.#calls.pause();
        this.#reconnectAfter = reconnectAfter;
      });
  }

  #accepted(): void {
    this.#failures = 0;
    this.#expired = false;
    this.#reconnectAfter = undefined;
    this.error = undefined;
    if (this.state !== 'authenticating') return;
    this.#change('authenticated');
    // A listener may have disconnected.
    if (this.socket.connected) this.#calls.resume();
  }

  /** Decides what follows a refusal: to try again later, once with fresh credentials, or not at all. */
  #refused(error: CallError): void {
    const {statusCode, code} = error;
    if (statusCode === 408 || statusCode === 429 || statusCode >= 500) {
      // The server's own trouble. The old authentication of a live connection holds.
      if (this.state === 'authenticated') this.#later(this.authenticate, this.#delay());
      else this.lose(error);
    } else if (code === EXPIRED && !this.#expired && this.#credentials.renewable) {
      this.#expired = true;
      this.lose(error, 0);
    } else {
      this.end('unauthorized', error);
    }
  }

  #leave(): void {
    // Else socket.io sends it after the next connection, before authentication.
    this.socket.sendBuffer = [];
    this.socket.disconnect();
  }

  #later(action: () => unknown, delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delay);
  }

  /** Each failure doubles the delay, and clients differ from each other. */
  #delay(): number {
    const {reconnectionDelay = 1000, reconnectionDelayMax = 5000} =
      this.#options.io ?? {};
    const delay = Math.min(
      reconnectionDelay * 2 ** this.#failures++,
      reconnectionDelayMax,
    );
    return delay * (0.5 + Math.random());
  }

  #change(state: ClientState): void {
    this.state = state;
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        // Reported as an uncaught one.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
