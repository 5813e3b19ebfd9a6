import {ErrorCodes} from './protocol';
import type {ErrorBody, ErrorCode, UnauthorizedBody} from './protocol';

/** An error that this package answers a client with. */
export class SocketError extends Error {
  /** 5xx errors of this package carry nothing secret, so clients may read them. */
  readonly expose = true;

  constructor(
    readonly statusCode: number,
    readonly code: ErrorCode | undefined,
    message: string,
    override readonly name: string,
  ) {
    super(message);
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
  authenticationTimeout: (timeout: number) =>
    new SocketError(
      408,
      ErrorCodes.AUTHENTICATION_TIMEOUT,
      `Not authenticated within ${timeout} ms.`,
      'RequestTimeoutError',
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
  tooManyRequests: () =>
    new SocketError(
      429,
      ErrorCodes.TOO_MANY_REQUESTS,
      'Too many calls wait for authentication.',
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

/** The part of LoopBack's `ErrorWriterOptions` that shapes an error's body. */
export interface ErrorBodyOptions {
  /** Send every property and the stack. For development only. @default false */
  debug?: boolean;
  /** Properties sent for 5xx errors too. @default [] */
  safeFields?: string | string[];
}

/** What to send in place of something thrown, and what to log. */
export interface Failure {
  /** The value of `error` in the reply. */
  readonly error: unknown;
  /** HTTP status code; 400 for a value that is sent as it was thrown. */
  readonly statusCode: number;
}

/** Status texts in place of messages that are not told, in the words of LoopBack's REST API. */
const STATUS_TEXTS: Readonly<Partial<Record<number, string>>> = {
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Time-out',
  505: 'HTTP Version not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  510: 'Not Extended',
  511: 'Network Authentication Required',
};

const INTERNAL: ErrorBody = {statusCode: 500, message: 'Internal Server Error'};

/** As LoopBack's REST `reject` action: an entity that is not found is a 404. */
const CODE_TO_STATUS: Readonly<Partial<Record<string, number>>> = {ENTITY_NOT_FOUND: 404};

type ErrorLike = Error & {
  statusCode?: unknown;
  status?: unknown;
  code?: unknown;
  details?: unknown;
  expose?: unknown;
  [field: string]: unknown;
};

/** Turns anything thrown, rejected or called back into what a client may see. Never throws. */
export function toFailure(thrown: unknown, options: ErrorBodyOptions = {}): Failure {
  try {
    if (thrown instanceof Error) {
      const error = toErrorBody(thrown as ErrorLike, options);
      return {error, statusCode: error.statusCode};
    }
    if (isSendable(thrown)) return {error: thrown, statusCode: 400};
  } catch {
    // A getter or proxy of the error threw: only the generic body is left.
  }
  return internalFailure();
}

/** The answer to whatever must not be told. */
export function internalFailure(): Failure {
  return {error: {...INTERNAL}, statusCode: 500};
}

/** Turns a failed authentication into the payload of `unauthorized`. Never throws. */
export function toUnauthorized(thrown: unknown): UnauthorizedBody {
  const generic = SocketErrors.authenticationFailed();
  const body: UnauthorizedBody = {
    message: generic.message,
    statusCode: 401,
    code: ErrorCodes.AUTHENTICATION_FAILED,
  };
  try {
    if (typeof thrown === 'string' && thrown !== '') return {...body, message: thrown};
    if (typeof thrown !== 'object' || thrown === null) return body;
    const error = thrown as Partial<ErrorLike>;
    const statusCode = statusOf(error);
    if (statusCode === undefined && error.expose !== true) return body;
    body.statusCode = statusCode ?? 401;
    if (body.statusCode < 500 || error.expose === true) {
      if (typeof error.message === 'string') body.message = error.message;
      if (typeof error.code === 'string') body.code = error.code;
    } else {
      body.message = statusText(body.statusCode);
    }
  } catch {
    // As in toFailure.
  }
  return body;
}

/** Whether a failure is the server's own, and so belongs in its log. */
export function isServerFault(thrown: unknown): boolean {
  if (thrown instanceof SocketError) return false;
  if (!(thrown instanceof Error)) return !isSendable(thrown);
  try {
    const statusCode = statusOf(thrown as ErrorLike);
    return statusCode === undefined || statusCode >= 500;
  } catch {
    return true;
  }
}

function toErrorBody(error: ErrorLike, options: ErrorBodyOptions): ErrorBody {
  const statusCode = statusOf(error) ?? 500;
  if (options.debug) {
    const body: ErrorBody = {statusCode, name: error.name, message: error.message};
    const all = body as unknown as Record<string, unknown>;
    // Inherited properties too, as http-errors keeps some of its on the class.
    for (const field in error) all[field] ??= error[field];
    all.stack = error.stack;
    return body;
  }
  const body: ErrorBody = {statusCode, message: statusText(statusCode)};
  if (statusCode < 500) {
    body.name = error.name;
    body.message = error.message;
  } else if (error.expose === true) {
    body.name = statusText(statusCode);
    body.message = error.message;
  }
  if (statusCode < 500 || error.expose === true) {
    if (error.code !== undefined) body.code = error.code as string;
    if (error.details !== undefined) body.details = error.details;
  }
  const fields = options.safeFields ?? [];
  for (const field of Array.isArray(fields) ? fields : [fields]) {
    if (error[field] !== undefined) Object.assign(body, {[field]: error[field]});
  }
  return body;
}

function statusOf(error: Partial<ErrorLike>): number | undefined {
  const given = error.statusCode ?? error.status ?? CODE_TO_STATUS[String(error.code)];
  const status = Number(given);
  return Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined;
}

function statusText(statusCode: number): string {
  return STATUS_TEXTS[statusCode] ?? 'Unknown Error';
}

/** Truthy strings, numbers, booleans, plain objects and arrays reach the client as they are. */
function isSendable(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value !== '';
    case 'number':
      return value !== 0 && Number.isFinite(value);
    case 'boolean':
      return value;
    case 'object': {
      if (value === null) return false;
      if (Array.isArray(value)) return true;
      const prototype: unknown = Object.getPrototypeOf(value);
      return prototype === Object.prototype || prototype === null;
    }
    default:
      return false;
  }
}
