import type {HttpServerOptions} from '@loopback/http-server';
import type {Request} from '@loopback/rest';
import type {Server as HttpServer} from 'node:http';
import type {Server as HttpsServer} from 'node:https';
import type {
  Server as IoServer,
  ServerOptions as IoServerOptions,
  Namespace,
  Socket,
} from 'socket.io';
import {MAX_WAITING_CALLS} from '../wire/protocol';
import type {SocketPayload} from './types';

/** Name of the server that {@link SocketComponent} binds. */
export const DEFAULT_SERVER_NAME = 'SocketServer';

/** A ready HTTP server to listen on; the application starts and closes it. */
export type ReadyHttpServer = HttpServer | HttpsServer;

/** Puts a socket's credentials where authentication strategies read them. */
export type ApplyCredentials = (request: Request, credentials: SocketPayload) => void;

/** How sockets authenticate by the strategies of `@loopback/authentication`. */
export interface SocketAuthenticationOptions {
  /**
   * Name of the `AuthenticationStrategy` that authenticates the sockets. `AuthenticationComponent` and
   * the strategy must be registered. Without it, only `applyCredentials` is set.
   */
  strategy?: string;
  /** Options of the strategy, as `@authenticate({strategy, options})` takes them. */
  options?: Record<string, unknown>;
  /**
   * Puts a socket's credentials where strategies read them. `request` is made from the handshake for
   * this one authentication: its `headers` and `query` are its own and may be changed.
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

/** Limits how often something may be done, as the limiters of `rate-limiter-flexible` do. */
export interface RateLimiter {
  /**
   * Takes a point of `key`. Rejects when there is none left, with an object whose `msBeforeNext` says
   * when there will be, and with an `Error` when it cannot tell.
   *
   * @param key - The server's name and the user's room, so that a user has the same points in all
   * namespaces of a server, and others on another server; in place of the room the socket's id, where the
   * user has no id. With `by: 'socket'` the socket's id alone.
   */
  consume(key: string): Promise<unknown>;
}

/** How calls are limited. */
export interface CallLimiter {
  /** Such as `RateLimiterMemory` of `rate-limiter-flexible`, or `RateLimiterRedis` for all nodes. */
  limiter: RateLimiter;
  /** Whose calls are counted together. @default 'user' */
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
   * socket.io namespace. To be set before the application starts and before `server.io` is used.
   * @default '/' for the default server, otherwise '/' and the server's name
   */
  namespace?: string | RegExp | NamespaceMatcher;
  /**
   * ms from connecting until `authenticated`, connected handlers included. A socket that has sent no
   * credentials by then gets `unauthorized` (408) and is disconnected. Where the handlers are too slow, the
   * connection is closed, and the client comes back by itself. `false` for no limit.
   * @default 3000
   */
  timeout?: number | false;
  /**
   * Recognises further outages among what the authentication handler and connected handlers throw: errors
   * that say nothing about the credentials. The client is then not told `unauthorized`, and comes back by
   * itself. An error is one in any case that has a 5xx status or is a system error such as `ECONNREFUSED`,
   * and whatever a strategy throws that REST would answer with a 5xx status.
   *
   * @param error - What was thrown. What this function throws itself is logged, and recognises nothing.
   * @example
   * ```ts
   * isOutage: error => error instanceof MongoNetworkError
   * ```
   * @default none
   */
  isOutage?: (error: unknown) => boolean;
  /**
   * ms that a call may take. One that takes longer is answered `CALL_TIMEOUT` (504), its `SIGNAL` is
   * aborted, and what it answers later is ignored. `false` for no limit; a client may ask for a
   * shorter one.
   * @default false
   */
  callTimeout?: number | false;
  /**
   * Calls that a socket may have in flight; more are answered 429. `false` for no limit.
   * @default 256
   */
  maxCallsInFlight?: number | false;
  /** Calls that a socket may send while it authenticates; more are answered 429. @default 16 */
  maxWaitingCalls?: number;
  /**
   * Send the event `failed`, with the name and the error, for each call without an ack that fails. Clients
   * that do not listen ignore it.
   * @default false
   */
  emitFailed?: boolean;
  /** Limits how often methods are called; what exceeds it is answered 429. @default no limit */
  callLimiter?: CallLimiter;
  /**
   * Answers to calls with an id, `{$call: {id}}`, are kept for each user, the last `calls` of them and
   * no more than about `bytes`, until the user has made no such call for `time` ms: one that is repeated
   * is answered without being run again. `false` to run it again.
   * @default {time: 120_000, calls: 100, bytes: 1_048_576}
   */
  retryWindow?: {time: number; calls: number; bytes?: number} | false;
  /**
   * When an authentication ends, in ms since 1970 or as a `Date`; `undefined`, `null` or `Infinity` for
   * never. A socket that has not authenticated again by then gets `unauthorized` (401) and is disconnected.
   * What is no time refuses the user, and is logged.
   *
   * @param user - What authentication answered with.
   * @default the user's `expiresAt`, in ms or a `Date`, or else its `exp`, in seconds, as JWTs have it;
   * `exp` of the JSON Web Token that a strategy has accepted, if that is earlier
   */
  expiresAt?: (user: SocketPayload, socket: Socket) => EndTime | Promise<EndTime>;
  /**
   * How many ms ahead of that a client is sent `expiring`; at the earliest when half of the time is over.
   * @default 60_000
   */
  expiryNotice?: number;
  /**
   * Where credentials come from: the `authentication` event, socket.io's `handshake.auth`, or
   * both, where a non-empty `handshake.auth` counts as the first `authentication`.
   * @default 'both'
   */
  credentials?: 'event' | 'handshake' | 'both';
  /**
   * Serve without an authentication handler: clients still send `authentication`, and any
   * credentials pass.
   * @default false
   */
  anonymous?: boolean;
  /**
   * Authenticate with a strategy of `@loopback/authentication`, in place of a handler: its name, or
   * more about it.
   */
  authentication?: string | SocketAuthenticationOptions;
  /**
   * Id of a user, for `server.toUser(id)` and the like; `undefined`, `null` or `''` for one that has none.
   * Anything else than a string or a number is refused, and logged.
   *
   * @param user - What authentication answered with.
   * @param socket - The user's socket, whose `nsp.name` tells the namespaces of a pattern apart.
   * @default the user profile's `securityId`
   */
  userId?: (user: SocketPayload, socket: Socket) => UserId | Promise<UserId>;
}

/**
 * Configuration of the component:
 * `app.configure<SocketComponentOptions>(SocketBindings.COMPONENT).to(options)`.
 */
export interface SocketComponentOptions {
  /**
   * socket.io's own options, passed through; to be set before `app.init()`. Their defaults hold, but for
   * `maxHttpBufferSize`: 458,752 bytes.
   * @default {}
   */
  io?: Partial<IoServerOptions>;
  /**
   * Where to listen: options for an HTTP server of its own, a ready `http.Server`, or a function
   * that returns one, called at start.
   * @default the REST server's
   */
  http?:
    | HttpServerOptions
    | ReadyHttpServer
    | (() => ReadyHttpServer | Promise<ReadyHttpServer>);
  /**
   * Write what is sent to a client in one tick in one system call. Not where `io.wsEngine` is given,
   * nor for messages that are compressed.
   * @default true
   */
  coalesceWrites?: boolean;
  /**
   * Lets clients poll by JSONP, as those of socket.io 2 do in a browser without CORS. Any page can then
   * open connections and read them in a browser that does not send `Sec-Fetch-Site`. To be set before
   * `app.init()`.
   * @default false
   */
  jsonp?: boolean;
  /**
   * Most bytes that wait to be sent to a client that reads too slowly; then its connection is closed, and
   * the client comes back by itself. `false` for no limit.
   * @default 1_048_576
   */
  maxQueuedBytes?: number | false;
  /**
   * Most connections without any authenticated socket, in all; more are refused, and come back by
   * themselves. `false` for no limit.
   * @default 1000
   */
  maxUnauthenticated?: number | false;
  /**
   * Most connections from one address, as the REST server's `trust proxy` tells it; more are refused.
   * `false` for no limit.
   * @default false
   */
  maxConnectionsPerAddress?: number | false;
  /**
   * `concurrent`: most authentications that run at once, those of all servers together; others wait in
   * order, and their `timeout` starts with their turn. One that takes longer than its `timeout` (than 3000
   * ms where there is none) is not counted any more. `false` for no limit.
   * @default {concurrent: 50}
   */
  authentications?: {concurrent?: number | false};
  /**
   * Most sockets of one connection, each in a namespace of its own; more are refused with `connect_error`
   * (429). `false` for no limit.
   * @default 100
   */
  maxSockets?: number | false;
  /**
   * ms over which clients are asked, by `draining`, to spread their reconnections when the server stops.
   * @default 5000
   */
  reconnectWindow?: number;
  /** ms that `stop()` waits for calls in flight, and then for disconnected handlers. @default 5000 */
  drainTimeout?: number;
}

/** {@link SocketServerOptions} with the defaults that do not depend on the server's name. */
export const DEFAULT_SOCKET_SERVER_OPTIONS = {
  timeout: 3000,
  callTimeout: false,
  maxCallsInFlight: 256,
  maxWaitingCalls: MAX_WAITING_CALLS,
  emitFailed: false,
  retryWindow: {time: 120_000, calls: 100, bytes: 1024 * 1024},
  expiryNotice: 60_000,
  credentials: 'both',
  anonymous: false,
} as const satisfies SocketServerOptions;

/** {@link SocketComponentOptions} with its defaults. */
export const DEFAULT_SOCKET_COMPONENT_OPTIONS = {
  io: {},
  coalesceWrites: true,
  jsonp: false,
  maxQueuedBytes: 1024 * 1024,
  maxUnauthenticated: 1000,
  maxConnectionsPerAddress: false,
  authentications: {concurrent: 50},
  maxSockets: 100,
  reconnectWindow: 5000,
  drainTimeout: 5000,
} as const satisfies SocketComponentOptions;

/** What {@link SocketServer.start} accepts: all of `/`, or one namespace. */
export type StartTarget = IoServer | Namespace;
