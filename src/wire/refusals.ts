import {MAX_ITEM_ID_LENGTH, MAX_UNTAKEN_BYTES} from './items';
import {ErrorCodes, MAX_CALL_ID_LENGTH, MAX_CALL_REF_LENGTH, MAX_DEPTH} from './protocol';
import type {ErrorCode} from './protocol';

/** Names of errors by their status, as LoopBack's REST API has them. */
const NAMES = {
  400: 'BadRequestError',
  401: 'UnauthorizedError',
  404: 'NotFoundError',
  408: 'RequestTimeoutError',
  409: 'ConflictError',
  410: 'GoneError',
  413: 'PayloadTooLargeError',
  422: 'UnprocessableEntityError',
  429: 'TooManyRequestsError',
  499: 'ClientClosedRequestError',
  502: 'BadGatewayError',
  503: 'ServiceUnavailableError',
  504: 'GatewayTimeoutError',
} as const;

/** An error that this package answers a client with. */
export class SocketError extends Error {
  /** Errors of this package hold no secrets, so that clients also receive those with a 5xx status. */
  readonly expose = true;
  override readonly name: string;

  constructor(
    readonly statusCode: keyof typeof NAMES,
    readonly code: ErrorCode | undefined,
    message: string,
    readonly details?: object,
  ) {
    // Hostile clients cause many errors, and the stack is most of the cost of an error.
    const {stackTraceLimit} = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = NAMES[statusCode];
  }
}

const badRequest = (message: string) => new SocketError(400, undefined, message);
const unauthorized = (code: ErrorCode, message: string) =>
  new SocketError(401, code, message);
const tooMany = (message: string, details?: object) =>
  new SocketError(429, ErrorCodes.TOO_MANY_REQUESTS, message, details);

/** One constructor for each refusal of the protocol. */
export const SocketErrors = {
  unauthenticated: () => unauthorized(ErrorCodes.UNAUTHENTICATED, 'Authenticate first.'),
  authenticationFailed: () =>
    unauthorized(ErrorCodes.AUTHENTICATION_FAILED, 'Authentication failed.'),
  anotherUser: () =>
    unauthorized(
      ErrorCodes.AUTHENTICATION_FAILED,
      'The socket is another user’s. Connect again.',
    ),
  authenticationTimeout: (timeout: number) =>
    new SocketError(
      408,
      ErrorCodes.AUTHENTICATION_TIMEOUT,
      `Not authenticated within ${timeout} ms.`,
    ),
  authenticationUnavailable: () =>
    new SocketError(
      503,
      ErrorCodes.AUTHENTICATION_UNAVAILABLE,
      'Authentication is not available. Try again later.',
    ),
  methodNotFound: () =>
    new SocketError(404, ErrorCodes.METHOD_NOT_FOUND, 'No such method.'),
  badEvent: () => badRequest('The event name must be a string.'),
  badCallOptions: () =>
    badRequest('The second argument can only be call options: {$call: {…}}.'),
  tooManyArguments: () =>
    new SocketError(400, ErrorCodes.TOO_MANY_ARGUMENTS, 'Too many arguments.'),
  tooManyAuthentications: () => tooMany('Too many authentications at a time.'),
  tooManyWaiting: () => tooMany('Too many calls wait for authentication.'),
  tooManyCalls: () => tooMany('Too many calls in flight.'),
  rateLimited: (retryAfter: number | undefined) =>
    tooMany('Too many calls.', retryAfter === undefined ? undefined : {retryAfter}),
  badCallId: () =>
    badRequest(
      `The id of a call must be a string of at most ${MAX_CALL_ID_LENGTH} characters.`,
    ),
  badCallRef: () =>
    badRequest(
      `The ref of a call must be a string of at most ${MAX_CALL_REF_LENGTH} characters.`,
    ),
  badCallTimeout: () =>
    badRequest('The timeout of a call must be a number of ms above 0.'),
  badAfter: () =>
    badRequest(
      `after must be a string of at most ${MAX_ITEM_ID_LENGTH} characters, the id of an item.`,
    ),
  cannotStartAfter: () =>
    badRequest('The method cannot start after an item: it does not inject AFTER.'),
  badUpload: () =>
    badRequest('upload must be true or false, and a call that uploads needs a ref.'),
  cannotUpload: () =>
    badRequest('The method takes no upload: it does not inject UPLOAD.'),
  streamWithoutAck: () =>
    badRequest('The method streams. Call it with an ack, and read the stream.'),
  tooManyStreams: () => tooMany('Too many open streams.'),
  badRead: () =>
    badRequest(
      'Read a stream by {stream, got, max?, wait?, again?}: got is the number of items that you have.',
    ),
  badStop: () => badRequest('Stop a stream by {stream}, a string.'),
  tooManyReads: () => tooMany('Too many reads of the stream wait.'),
  streamGone: () =>
    new SocketError(
      410,
      ErrorCodes.STREAM_GONE,
      'There is no such stream. Call the method again.',
    ),
  streamTaken: () =>
    new SocketError(
      409,
      ErrorCodes.STREAM_TAKEN,
      'A later connection of the user reads the stream.',
    ),
  streamTimeout: (timeout: number) =>
    new SocketError(
      410,
      ErrorCodes.STREAM_GONE,
      `The stream has ended, because it was not read for ${timeout} ms.`,
    ),
  uploadMissing: () =>
    badRequest('The method takes an upload. Call it with {$call: {ref, upload: true}}.'),
  refInUse: () =>
    badRequest('An upload of this socket has that ref already. Choose another one.'),
  badSend: () =>
    badRequest(
      'Send items by {ref, at, items, done?}: at is the number of the items before them.',
    ),
  outOfOrder: (got: number) =>
    new SocketError(
      409,
      ErrorCodes.OUT_OF_ORDER,
      `The upload has ${got} items. Send the next ones.`,
      {got},
    ),
  tooManyUntaken: (got: number) =>
    tooMany('Too many bytes wait for the method. Send the items again later.', {got}),
  sendTooLarge: () =>
    new SocketError(
      413,
      ErrorCodes.PAYLOAD_TOO_LARGE,
      `The items of one $send have more than ${MAX_UNTAKEN_BYTES} bytes.`,
    ),
  uploadGone: () =>
    new SocketError(
      410,
      ErrorCodes.UPLOAD_GONE,
      'No call with that ref takes items: it has been answered, or never came.',
    ),
  uploadLost: () =>
    new SocketError(
      410,
      ErrorCodes.UPLOAD_GONE,
      'The client has left before the end of its upload.',
    ),
  uploadTimeout: (timeout: number) =>
    new SocketError(
      504,
      ErrorCodes.CALL_TIMEOUT,
      `The client has sent no item for ${timeout} ms.`,
    ),
  badCancel: () => badRequest('Cancel a call by {ref} or by {method, id}, all strings.'),
  callCancelled: () =>
    new SocketError(499, ErrorCodes.CALL_CANCELLED, 'The client has cancelled the call.'),
  invalidArgs: (details: readonly object[]) =>
    new SocketError(
      422,
      ErrorCodes.VALIDATION_FAILED,
      'The args are invalid. See error object `details` property for more info.',
      details,
    ),
  expired: () =>
    unauthorized(ErrorCodes.AUTHENTICATION_EXPIRED, 'The authentication has expired.'),
  revoked: () =>
    unauthorized(ErrorCodes.AUTHENTICATION_REVOKED, 'Disconnected by the server.'),
  tooDeep: () =>
    new SocketError(413, ErrorCodes.PAYLOAD_TOO_LARGE, `More than ${MAX_DEPTH} levels.`),
  prohibitedKey: (key: string) =>
    badRequest(`Args and credentials cannot contain the key "${key}".`),
  callTimeout: (timeout: number) =>
    new SocketError(504, ErrorCodes.CALL_TIMEOUT, `Not answered within ${timeout} ms.`),
  nobodyThere: () =>
    new SocketError(404, ErrorCodes.NOBODY_THERE, 'No authenticated socket is there.'),
  clientGone: () =>
    new SocketError(410, ErrorCodes.CLIENT_GONE, 'The client left without an answer.'),
  badAnswer: (message: string, details?: object) =>
    new SocketError(502, ErrorCodes.BAD_ANSWER, message, details),
  tooManyNamespaces: () => tooMany('Authenticate before joining more namespaces.'),
  tooManySockets: () => tooMany('Leave a namespace before joining more.'),
  shuttingDown: () =>
    new SocketError(503, ErrorCodes.SHUTTING_DOWN, 'The server is stopping.'),
} as const;
