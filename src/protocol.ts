/**
 * The wire contract, stated in docs/protocol.md. It imports nothing, so that a client can share it.
 */

/** Names of the events that both sides agree on. */
export const SocketEvents = {
  /** Client → server: credentials, optionally with an ack. */
  AUTHENTICATION: 'authentication',
  /** Server → client: `true`; methods are callable from now on. */
  AUTHENTICATED: 'authenticated',
  /** Server → client: an {@link UnauthorizedBody}; the namespace is disconnected next. */
  UNAUTHORIZED: 'unauthorized',
  /** Server → client: the authentication ends soon. */
  EXPIRING: 'expiring',
  /** Server → client: the server is stopping. */
  DRAINING: 'draining',
} as const;

/** Values of `code` in an error reply or an `unauthorized` message. */
export const ErrorCodes = {
  UNAUTHENTICATED: 'UNAUTHENTICATED',
  AUTHENTICATION_FAILED: 'AUTHENTICATION_FAILED',
  AUTHENTICATION_TIMEOUT: 'AUTHENTICATION_TIMEOUT',
  METHOD_NOT_FOUND: 'METHOD_NOT_FOUND',
  VALIDATION_FAILED: 'VALIDATION_FAILED',
  TOO_MANY_ARGUMENTS: 'TOO_MANY_ARGUMENTS',
  TOO_MANY_REQUESTS: 'TOO_MANY_REQUESTS',
  SHUTTING_DOWN: 'SHUTTING_DOWN',
} as const;

/** One of {@link ErrorCodes}. */
export type ErrorCode = (typeof ErrorCodes)[keyof typeof ErrorCodes];

/** What a client receives in place of a thrown `Error`: the body that LoopBack's REST API would send. */
export interface ErrorBody {
  /** HTTP status code, 400 to 599. */
  statusCode: number;
  /** Error name, for 4xx and exposed errors. */
  name?: string;
  message: string;
  /** One of {@link ErrorCodes}, or the application's own. */
  code?: string;
  details?: unknown;
}

/** Payload of the `unauthorized` event. */
export interface UnauthorizedBody {
  message: string;
  /** HTTP status code; 401 when the application gave none. */
  statusCode: number;
  code?: string;
}

/** Answer to a call that asked for an ack; an `undefined` result arrives as `{}`. */
export type Reply<Result = unknown, Failure = unknown> =
  {result?: Result; error?: undefined} | {error: Failure; result?: undefined};

/**
 * Call options, sent as a second argument: `socket.emit(name, args, {$call: options}, ack)`.
 * Each is read by its own feature, and unknown ones are ignored.
 */
export interface CallOptions {
  id?: string;
  /** In ms. */
  timeout?: number;
  traceparent?: string;
}

/** How many calls a socket may send while its authentication is under way; more are answered 429. */
export const MAX_WAITING_CALLS = 16;

/**
 * Names that no method can have: this protocol's own, and those that socket.io or Node's
 * `EventEmitter` emit on a socket.
 */
export const RESERVED_EVENTS: ReadonlySet<string> = new Set<string>([
  ...Object.values(SocketEvents),
  'connect',
  'connect_error',
  'connection',
  'disconnect',
  'disconnecting',
  'error',
  'newListener',
  'removeListener',
]);
