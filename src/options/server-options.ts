import type {Request} from '@loopback/rest';
import type {Socket} from 'socket.io';
import {MAX_WAITING_CALLS} from '../wire/protocol';
import type {SocketPayload} from './types';

/** Puts a socket's credentials where authentication strategies read them. */
export type ApplyCredentials = (request: Request, credentials: SocketPayload) => void;

/** How sockets authenticate by the strategies of `@loopback/authentication`. */
export interface SocketAuthenticationOptions {
  /**
   * Name of the `AuthenticationStrategy` that authenticates the sockets. `AuthenticationComponent` and
   * the strategy must be registered. Without a name, only `applyCredentials` has an effect.
   */
  strategy?: string;
  /** Options of the strategy, as in `@authenticate({strategy, options})`. */
  options?: Record<string, unknown>;
  /**
   * Puts a socket's credentials where strategies read them. `request` is made from the handshake for
   * this authentication only, so this function may change its `headers` and `query`.
   *
   * @default a string, or the string in `token`, becomes `Authorization: Bearer …`
   */
  applyCredentials?: ApplyCredentials;
}

/** socket.io's function form of a dynamic namespace. */
export type NamespaceMatcher = (
  name: string,
  auth: Record<string, unknown>,
  next: (error: Error | null, allowed: boolean) => void,
) => void;

/** A limiter with the interface of `rate-limiter-flexible`. */
export interface RateLimiter {
  /**
   * Takes a point of `key`. When no point is left, it rejects with an object whose `msBeforeNext` is the
   * time until the next one. When it cannot tell, it rejects with an `Error`.
   *
   * @param key - The server's name and the user's room: a user has the same points in all namespaces of a
   * server, and other points on another server. For a user without an id, the socket's id replaces the
   * room. With `by: 'socket'`, the key is the socket's id.
   */
  consume(key: string): Promise<unknown>;
}

/** How calls are limited. */
export interface CallLimiter {
  /** For example `RateLimiterMemory` of `rate-limiter-flexible`; `RateLimiterRedis` counts over all nodes. */
  limiter: RateLimiter;
  /** Counts the calls of a user, or of each socket. @default 'user' */
  by?: 'socket' | 'user';
}

type UserId = string | number | null | undefined;
type EndTime = number | Date | null | undefined;

/**
 * Configuration of one named server:
 * `app.configure<SocketServerOptions>(SocketBindings.server(name)).to(options)`.
 */
export interface SocketServerOptions {
  /**
   * The socket.io namespace. Set it before the application starts, and before `server.io` is used.
   * @default '/' for the default server, otherwise '/' and the server's name
   */
  namespace?: string | RegExp | NamespaceMatcher;
  /**
   * ms from connecting until `authenticated`, connected handlers included. A socket that has sent no
   * credentials by then gets `unauthorized` (408) and is disconnected. If a handler still runs, the
   * connection is closed instead, and the client reconnects automatically. `false` for no limit.
   * @default 3000
   */
  timeout?: number | false;
  /**
   * Recognises an outage: an error of the authentication handler or of a connected handler that says
   * nothing about the credentials. The client then gets no `unauthorized`: its connection is closed, and it
   * reconnects automatically. Errors with a 5xx status, system errors such as `ECONNREFUSED`, and errors of
   * a strategy that REST would answer with a 5xx status are always outages. If this function throws, its
   * error is logged and the answer is no.
   *
   * @param error - The value that was thrown.
   * @example
   * ```ts
   * isOutage: error => error instanceof MongoNetworkError
   * ```
   * @default none
   */
  isOutage?: (error: unknown) => boolean;
  /**
   * ms that a call may take. A call that takes longer is answered `CALL_TIMEOUT` (504), its `SIGNAL` is
   * aborted, and its later result is ignored. `false` for no limit; a client may ask for a shorter one.
   * @default false
   */
  callTimeout?: number | false;
  /**
   * Most calls that a socket has in flight; more are answered 429. `false` for no limit.
   * @default 256
   */
  maxCallsInFlight?: number | false;
  /**
   * Most streams that a socket has open; the call of one more is answered 429. `false` for no limit.
   * @default 32
   */
  maxStreams?: number | false;
  /**
   * ms after which a stream ends that its client does not read, and an upload whose client sends nothing.
   * `false` for no limit.
   * @default 120_000
   */
  streamTimeout?: number | false;
  /** Most calls that a socket sends while it authenticates; more are answered 429. @default 16 */
  maxWaitingCalls?: number;
  /**
   * Sends the event `failed`, with the name and the error, for each call without an ack that fails.
   * @default false
   */
  emitFailed?: boolean;
  /** Limits how often methods are called; calls beyond the limit are answered 429. @default no limit */
  callLimiter?: CallLimiter;
  /**
   * Keeps the answers to calls with an id, `{$call: {id}}`: a repeated call gets the kept answer, and its
   * method does not run again. Each user has the last `calls` answers, in about `bytes` at most, until
   * `time` ms after the user's last call with an id. With `false`, a repeated call runs again.
   * @default {time: 120_000, calls: 100, bytes: 1_048_576}
   */
  retryWindow?: {time: number; calls: number; bytes?: number} | false;
  /**
   * Returns when an authentication ends, in ms since 1970 or as a `Date`; `undefined`, `null` or `Infinity`
   * for never. A socket that has not authenticated again by then gets `unauthorized` (401) and is
   * disconnected. Any other value refuses the user, and is logged.
   *
   * @param user - The result of the authentication.
   * @default the user's `expiresAt`, in ms or a `Date`, or else its `exp`, in seconds, as in a JWT;
   * `exp` of the JSON Web Token that a strategy has accepted, if that is earlier
   */
  expiresAt?: (user: SocketPayload, socket: Socket) => EndTime | Promise<EndTime>;
  /**
   * ms between the event `expiring` and the end of an authentication. `expiring` is never sent before half
   * of the time is over.
   * @default 60_000
   */
  expiryNotice?: number;
  /**
   * The source of credentials: the `authentication` event, socket.io's `handshake.auth`, or both. With
   * both, a `handshake.auth` that is not empty counts as the first `authentication`.
   * @default 'both'
   */
  credentials?: 'event' | 'handshake' | 'both';
  /**
   * Serves without an authentication handler: clients still send `authentication`, and any credentials
   * pass.
   * @default false
   */
  anonymous?: boolean;
  /**
   * Authenticates with a strategy of `@loopback/authentication` in place of a handler: the strategy's
   * name, or an object with more options.
   */
  authentication?: string | SocketAuthenticationOptions;
  /**
   * Returns the id of a user, as in `server.toUser(id)`; `undefined`, `null` or `''` for a user without an
   * id. Any other value that is not a string or a number refuses the user, and is logged.
   *
   * @param user - The result of the authentication.
   * @param socket - The user's socket. `socket.nsp.name` tells the namespaces of a pattern apart.
   * @default the user profile's `securityId`
   */
  userId?: (user: SocketPayload, socket: Socket) => UserId | Promise<UserId>;
}

/** Defaults of {@link SocketServerOptions}, except those that depend on the server's name. */
export const DEFAULT_SOCKET_SERVER_OPTIONS = {
  timeout: 3000,
  callTimeout: false,
  maxCallsInFlight: 256,
  maxStreams: 32,
  streamTimeout: 120_000,
  maxWaitingCalls: MAX_WAITING_CALLS,
  emitFailed: false,
  retryWindow: {time: 120_000, calls: 100, bytes: 1024 * 1024},
  expiryNotice: 60_000,
  credentials: 'both',
  anonymous: false,
} as const satisfies SocketServerOptions;

/** The answers that are kept for each user: see {@link SocketServerOptions.retryWindow}. */
export type RetryWindow = Exclude<SocketServerOptions['retryWindow'], false | undefined>;

/** A server's options with their defaults. */
export type ServerOptions = SocketServerOptions &
  Required<Pick<SocketServerOptions, keyof typeof DEFAULT_SOCKET_SERVER_OPTIONS>>;
