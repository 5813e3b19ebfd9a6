/**
 * The wire contract, stated in docs/protocol.md. It imports nothing, so that a client can share it.
 */

/** Names of the events that both sides agree on. */
export const SocketEvents = {
  /** Client → server: credentials, optionally with an ack. */
  AUTHENTICATION: 'authentication',
  /** Client → server: a {@link CancelBody}; cancels a call in flight. */
  CANCEL: '$cancel',
  /** Client → server: a `NextBody`; reads items of a stream. */
  NEXT: '$next',
  /** Client → server: a `StopBody`; ends a stream. */
  STOP: '$stop',
  /** Client → server: a `SendBody`; items of an upload. */
  SEND: '$send',
  /** Server → client: `true`; from now on the client can call methods. */
  AUTHENTICATED: 'authenticated',
  /** Server → client: an {@link UnauthorizedBody}; the namespace is disconnected next. */
  UNAUTHORIZED: 'unauthorized',
  /** Server → client: the authentication ends soon. */
  EXPIRING: 'expiring',
  /** Server → client: the server is stopping. */
  DRAINING: 'draining',
  /**
   * Server → client: a call without an ack has failed. Sent when the server is configured with `emitFailed`.
   */
  FAILED: 'failed',
} as const;

/** Values of `code` in an error reply or an `unauthorized` message. */
export const ErrorCodes = {
  UNAUTHENTICATED: 'UNAUTHENTICATED',
  AUTHENTICATION_FAILED: 'AUTHENTICATION_FAILED',
  AUTHENTICATION_TIMEOUT: 'AUTHENTICATION_TIMEOUT',
  AUTHENTICATION_UNAVAILABLE: 'AUTHENTICATION_UNAVAILABLE',
  AUTHENTICATION_EXPIRED: 'AUTHENTICATION_EXPIRED',
  AUTHENTICATION_REVOKED: 'AUTHENTICATION_REVOKED',
  METHOD_NOT_FOUND: 'METHOD_NOT_FOUND',
  VALIDATION_FAILED: 'VALIDATION_FAILED',
  TOO_MANY_ARGUMENTS: 'TOO_MANY_ARGUMENTS',
  TOO_MANY_REQUESTS: 'TOO_MANY_REQUESTS',
  PAYLOAD_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  CALL_TIMEOUT: 'CALL_TIMEOUT',
  CALL_CANCELLED: 'CALL_CANCELLED',
  SHUTTING_DOWN: 'SHUTTING_DOWN',
  STREAM_GONE: 'STREAM_GONE',
  STREAM_TAKEN: 'STREAM_TAKEN',
  UPLOAD_GONE: 'UPLOAD_GONE',
  OUT_OF_ORDER: 'OUT_OF_ORDER',
  NOBODY_THERE: 'NOBODY_THERE',
  CLIENT_GONE: 'CLIENT_GONE',
  BAD_ANSWER: 'BAD_ANSWER',
} as const;

/** One of {@link ErrorCodes}. */
export type ErrorCode = (typeof ErrorCodes)[keyof typeof ErrorCodes];

/** The body of an error. LoopBack's REST API sends the same. */
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
  /** HTTP status code; 401 when the application has set none. */
  statusCode: number;
  code?: string;
}

/** Payload of the `expiring` event. */
export interface ExpiringBody {
  /** When the authentication ends, in ms since 1970. */
  expiresAt: number;
}

/** Payload of the `draining` event. */
export interface DrainingBody {
  /** Time, in ms, that this client should wait before it connects again. */
  reconnectAfter: number;
}

/** Payload of the `failed` event. */
export interface FailedBody {
  /** The event name of the call. */
  event: string;
  /** The `error` that an ack would have received, usually an {@link ErrorBody}. */
  error: unknown;
}

/** Answer to a call that asked for an ack; an `undefined` result arrives as `{}`. */
export type Reply<Result = unknown, Failure = ErrorBody> =
  {result?: Result; error?: undefined} | {error: Failure; result?: undefined};

/**
 * Call options, sent as a second argument: `socket.emit(name, args, {$call: options}, ack)`.
 * Each is read by its own feature, and unknown ones are ignored.
 */
export interface CallOptions {
  /**
   * Identifies a repeated call of the same user and method: it gets the first answer, and the method does not
   * run again. At most {@link MAX_CALL_ID_LENGTH} characters.
   */
  id?: string;
  /**
   * The client's name for the call on this socket, by which it can cancel the call. At most
   * {@link MAX_CALL_REF_LENGTH} characters.
   */
  ref?: string;
  /** In ms, above 0; the call is answered `CALL_TIMEOUT` when it takes longer. */
  timeout?: number;
  /**
   * Starts a stream after the item with that id, which an earlier stream has carried. At most
   * `MAX_ITEM_ID_LENGTH` characters.
   */
  after?: string;
  /** The client sends items to the method, by `$send` and the call's `ref`. */
  upload?: boolean;
  /** Accepted; nothing reads it yet. */
  traceparent?: string;
}

/**
 * Payload of `$cancel`: the call with that `ref` on the socket, or the call with that `id` of the user, whose method
 * is named too.
 */
export type CancelBody = {ref: string} | {method: string; id: string};

/** The default of the option `maxWaitingCalls`. */
export const MAX_WAITING_CALLS = 16;

/** Most characters of a call's id. */
export const MAX_CALL_ID_LENGTH = 128;

/** Most characters of a call's `ref`. */
export const MAX_CALL_REF_LENGTH = 128;

/** Most unauthenticated sockets of a connection. */
export const MAX_UNAUTHENTICATED_SOCKETS = 8;

/** Most levels of objects and arrays in a client's value. */
export const MAX_DEPTH = 64;

/** Most binary attachments of a packet. A client's parser refuses more, and closes the connection. */
export const MAX_ATTACHMENTS = 10;

/**
 * Event names that a method cannot have: those of this protocol, and those that socket.io or Node's
 * `EventEmitter` emit on a socket.
 */
export const RESERVED_EVENTS: ReadonlySet<string> = /* @__PURE__ */ reservedEvents();

function reservedEvents(): Set<string> {
  return new Set<string>([
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
}

/** The start of this protocol's event names, so that later versions can add events. */
const PREFIX = '$';

/** Returns true for a name that no method and no event of the application may have. */
export function isReservedEvent(name: string): boolean {
  return name.startsWith(PREFIX) || RESERVED_EVENTS.has(name);
}

/** Returns true for an event that a client sends to this protocol: it passes no guard, and counts in no limiter. */
export function isProtocolEvent(name: string): boolean {
  return name.startsWith(PREFIX) || name === SocketEvents.AUTHENTICATION;
}
