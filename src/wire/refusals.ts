import {ErrorCodes, MAX_CALL_ID_LENGTH, MAX_CALL_REF_LENGTH, MAX_DEPTH} from './protocol';
import type {ErrorCode} from './protocol';

/** An error that this package answers a client with. */
export class SocketError extends Error {
  /** 5xx errors of this package carry nothing secret, so clients may read them. */
  readonly expose = true;

  constructor(
    readonly statusCode: number,
    readonly code: ErrorCode | undefined,
    message: string,
    override readonly name: string,
    readonly details?: object,
  ) {
    // Hostile clients cause them by the thousand, and a stack would be most of what each costs.
    const {stackTraceLimit} = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** One constructor for each refusal of the protocol. */
export const SocketErrors = {
  unauthenticated: () =>
    new SocketError(
      401,
      ErrorCodes.UNAUTHENTICATED,
      'Authenticate first.',
      'UnauthorizedError',
    ),
  authenticationFailed: () =>
    new SocketError(
      401,
      ErrorCodes.AUTHENTICATION_FAILED,
      'Authentication failed.',
      'UnauthorizedError',
    ),
  anotherUser: () =>
    new SocketError(
      401,
      ErrorCodes.AUTHENTICATION_FAILED,
      'The socket is another user’s. Connect again.',
      'UnauthorizedError',
    ),
  authenticationTimeout: (timeout: number) =>
    new SocketError(
      408,
      ErrorCodes.AUTHENTICATION_TIMEOUT,
      `Not authenticated within ${timeout} ms.`,
      'RequestTimeoutError',
    ),
  authenticationUnavailable: () =>
    new SocketError(
      503,
      ErrorCodes.AUTHENTICATION_UNAVAILABLE,
      'Authentication is not available. Try again later.',
      'ServiceUnavailableError',
    ),
  methodNotFound: () =>
    new SocketError(404, ErrorCodes.METHOD_NOT_FOUND, 'No such method.', 'NotFoundError'),
  badEvent: () =>
    new SocketError(
      400,
      undefined,
      'The event name must be a string.',
      'BadRequestError',
    ),
  badCallOptions: () =>
    new SocketError(
      400,
      undefined,
      'The second argument can only be call options: {$call: {…}}.',
      'BadRequestError',
    ),
  tooManyArguments: () =>
    new SocketError(
      400,
      ErrorCodes.TOO_MANY_ARGUMENTS,
      'Too many arguments.',
      'BadRequestError',
    ),
  tooManyAuthentications: () =>
    new SocketError(
      429,
      ErrorCodes.TOO_MANY_REQUESTS,
      'Too many authentications at a time.',
      'TooManyRequestsError',
    ),
  tooManyWaiting: () =>
    new SocketError(
      429,
      ErrorCodes.TOO_MANY_REQUESTS,
      'Too many calls wait for authentication.',
      'TooManyRequestsError',
    ),
  tooManyCalls: () =>
    new SocketError(
      429,
      ErrorCodes.TOO_MANY_REQUESTS,
      'Too many calls in flight.',
      'TooManyRequestsError',
    ),
  rateLimited: (retryAfter: number | undefined) =>
    new SocketError(
      429,
      ErrorCodes.TOO_MANY_REQUESTS,
      'Too many calls.',
      'TooManyRequestsError',
      retryAfter === undefined ? undefined : {retryAfter},
    ),
  badCallId: () =>
    new SocketError(
      400,
      undefined,
      `The id of a call must be a string of at most ${MAX_CALL_ID_LENGTH} characters.`,
      'BadRequestError',
    ),
  badCallRef: () =>
    new SocketError(
      400,
      undefined,
      `The ref of a call must be a string of at most ${MAX_CALL_REF_LENGTH} characters.`,
      'BadRequestError',
    ),
  badCancel: () =>
    new SocketError(
      400,
      undefined,
      'Cancel a call by {ref} or by {method, id}, all strings.',
      'BadRequestError',
    ),
  callCancelled: () =>
    new SocketError(
      499,
      ErrorCodes.CALL_CANCELLED,
      'The client has cancelled the call.',
      'ClientClosedRequestError',
    ),
  badCallTimeout: () =>
    new SocketError(
      400,
      undefined,
      'The timeout of a call must be a number of ms above 0.',
      'BadRequestError',
    ),
  invalidArgs: (details: readonly object[]) =>
    new SocketError(
      422,
      ErrorCodes.VALIDATION_FAILED,
      'The args are invalid. See error object `details` property for more info.',
      'UnprocessableEntityError',
      details,
    ),
  expired: () =>
    new SocketError(
      401,
      ErrorCodes.AUTHENTICATION_EXPIRED,
      'The authentication has expired.',
      'UnauthorizedError',
    ),
  revoked: () =>
    new SocketError(
      401,
      ErrorCodes.AUTHENTICATION_REVOKED,
      'Disconnected by the server.',
      'UnauthorizedError',
    ),
  tooDeep: () =>
    new SocketError(
      413,
      ErrorCodes.PAYLOAD_TOO_LARGE,
      `More than ${MAX_DEPTH} levels.`,
      'PayloadTooLargeError',
    ),
  prohibitedKey: (key: string) =>
    new SocketError(
      400,
      undefined,
      `Args and credentials cannot contain the key "${key}".`,
      'BadRequestError',
    ),
  callTimeout: (timeout: number) =>
    new SocketError(
      504,
      ErrorCodes.CALL_TIMEOUT,
      `Not answered within ${timeout} ms.`,
      'GatewayTimeoutError',
    ),
  tooManyNamespaces: () =>
    new SocketError(
      429,
      ErrorCodes.TOO_MANY_REQUESTS,
      'Authenticate before joining more namespaces.',
      'TooManyRequestsError',
    ),
  tooManySockets: () =>
    new SocketError(
      429,
      ErrorCodes.TOO_MANY_REQUESTS,
      'Leave a namespace before joining more.',
      'TooManyRequestsError',
    ),
  shuttingDown: () =>
    new SocketError(
      503,
      ErrorCodes.SHUTTING_DOWN,
      'The server is stopping.',
      'ServiceUnavailableError',
    ),
} as const;
