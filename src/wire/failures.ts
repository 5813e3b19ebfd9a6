import {AskError} from './ask-error';
import {ErrorCodes} from './protocol';
import type {ErrorBody, UnauthorizedBody} from './protocol';
import {SocketError, SocketErrors} from './refusals';

/**
 * Returns the error that answers the calls of a socket that is refused because of a thrown value. Never
 * throws.
 */
export function toRefusal(thrown: unknown): SocketError {
  try {
    if (thrown instanceof SocketError) return thrown;
  } catch {
    // A proxy has thrown.
  }
  return SocketErrors.unauthenticated();
}

/** The part of LoopBack's `ErrorWriterOptions` that shapes an error's body. */
export interface ErrorBodyOptions {
  /** Sends all properties and the stack. For development only. @default false */
  debug?: boolean;
  /** Properties that are also sent for 5xx errors. @default [] */
  safeFields?: string | string[];
}

/** The reply for a thrown value, and the decision to log it. */
export interface Failure {
  /** The value of `error` in the reply. */
  readonly error: unknown;
  /** HTTP status code; 400 for a value that is sent as it was thrown. */
  readonly statusCode: number;
  /** True when the server is at fault: the error is logged. */
  readonly fault: boolean;
}

/** Status texts that replace hidden messages, in the words of LoopBack's REST API. */
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

/** Sets status 404 for an entity that is not found, like LoopBack's REST `reject` action. */
const CODE_TO_STATUS: Readonly<Partial<Record<string, number>>> = {ENTITY_NOT_FOUND: 404};

/** REST answers it with 401, but its cause is a wrong configuration. */
const STRATEGY_NOT_FOUND = 'AUTHENTICATION_STRATEGY_NOT_FOUND';

type ErrorLike = Error & {
  statusCode?: unknown;
  status?: unknown;
  code?: unknown;
  details?: unknown;
  expose?: unknown;
  [field: string]: unknown;
};

/**
 * Converts a value that was thrown, rejected or called back to the error body that a client may see. Never
 * throws.
 */
export function toFailure(thrown: unknown, options: ErrorBodyOptions = {}): Failure {
  try {
    if (thrown instanceof Error) {
      const error = toErrorBody(thrown as ErrorLike, options);
      return {error, statusCode: error.statusCode, fault: isFault(thrown as ErrorLike)};
    }
    if (isSendable(thrown)) return {error: thrown, statusCode: 400, fault: false};
  } catch {
    // A getter or proxy of the error has thrown: only the generic body can be sent.
  }
  return internalFailure();
}

/** The answer that hides an error. */
export function internalFailure(): Failure {
  const error: ErrorBody = {statusCode: 500, message: 'Internal Server Error'};
  return {error, statusCode: 500, fault: true};
}

/**
 * Converts the error that has ended an authentication to an error body. Only an error of this package keeps
 * its 5xx status; other server errors are outages. Never throws.
 */
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
    if (typeof error.message === 'string') body.message = error.message;
    if (typeof error.code === 'string') body.code = error.code;
  } catch {
    // A getter or proxy of the error has thrown.
  }
  return body;
}

/**
 * Returns true if a failed authentication is logged: its client receives less than the client of a failed
 * call.
 */
export function shouldLogRefusal(thrown: unknown): boolean {
  try {
    if (thrown instanceof Error) return isFault(thrown as ErrorLike);
    if (typeof thrown === 'string') return thrown === '';
    if (typeof thrown !== 'object' || thrown === null) return true;
    const error = thrown as Partial<ErrorLike>;
    return error.expose !== true && (statusOf(error) ?? 500) >= 500;
  } catch {
    return true;
  }
}

/** The codes with which REST refuses a request before its method runs. */
const REFUSED_BY_REST = new Set<unknown>([
  ErrorCodes.VALIDATION_FAILED,
  'INVALID_PARAMETER_VALUE',
  'MISSING_REQUIRED_PARAMETER',
]);

/**
 * Returns true if this package or REST's checks refused a call, so that no code of the application failed.
 */
export function isRefusal(thrown: unknown): boolean {
  if (thrown instanceof SocketError) return true;
  return thrown instanceof Error && REFUSED_BY_REST.has((thrown as ErrorLike).code);
}

function isFault(error: ErrorLike): boolean {
  if (error instanceof SocketError || error instanceof AskError) return false;
  if (error.code === STRATEGY_NOT_FOUND) return true;
  const statusCode = statusOf(error);
  return statusCode === undefined || statusCode >= 500;
}

function toErrorBody(error: ErrorLike, options: ErrorBodyOptions): ErrorBody {
  const statusCode = statusOf(error) ?? 500;
  if (options.debug) {
    const name = nameOf(error, statusCode);
    const body: ErrorBody = {statusCode, name, message: error.message};
    const all = body as unknown as Record<string, unknown>;
    // Inherited properties too, because http-errors keeps some on the class.
    for (const field in error) all[field] ??= error[field];
    all.stack = error.stack;
    return body;
  }
  const body: ErrorBody = {statusCode, message: statusText(statusCode)};
  if (statusCode < 500) {
    body.name = nameOf(error, statusCode);
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

/** An `AuthorizationError` of `@loopback/authorization` has the name `Error`. */
function nameOf({name}: ErrorLike, statusCode: number): string {
  return statusCode === 403 && name === 'Error' ? 'ForbiddenError' : name;
}

/** Returns the HTTP status of a thrown value as REST reads it, if it has one. May throw. */
export function statusOf(
  error: Pick<Partial<ErrorLike>, 'statusCode' | 'status' | 'code'>,
): number | undefined {
  const given = error.statusCode ?? error.status ?? CODE_TO_STATUS[String(error.code)];
  const status = Number(given);
  return Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined;
}

function statusText(statusCode: number): string {
  return STATUS_TEXTS[statusCode] ?? 'Unknown Error';
}

/** Returns true for truthy strings, numbers, booleans, plain objects and arrays: they are sent unchanged. */
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
