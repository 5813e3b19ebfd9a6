import {ErrorCodes} from './protocol';
import type {ErrorBody, UnauthorizedBody} from './protocol';
import {SocketError, SocketErrors} from './refusals';

/** What calls are answered with when a socket is refused because of what was thrown. Never throws. */
export function toRefusal(thrown: unknown): SocketError {
  try {
    if (thrown instanceof SocketError) return thrown;
  } catch {
    // A proxy threw.
  }
  return SocketErrors.unauthenticated();
}

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
  /** Whether it is the server's own fault, and so belongs in its log. */
  readonly fault: boolean;
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

/** Tells a client 401, as REST does, but comes from a wrong configuration. */
const STRATEGY_NOT_FOUND = 'AUTHENTICATION_STRATEGY_NOT_FOUND';

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
      return {error, statusCode: error.statusCode, fault: isFault(thrown as ErrorLike)};
    }
    if (isSendable(thrown)) return {error: thrown, statusCode: 400, fault: false};
  } catch {
    // A getter or proxy of the error threw: only the generic body is left.
  }
  return internalFailure();
}

/** The answer to whatever must not be told. */
export function internalFailure(): Failure {
  return {error: {...INTERNAL}, statusCode: 500, fault: true};
}

/**
 * Turns what has ended an authentication into what a client is told. A 5xx status is only that of an error
 * of this package: others are outages. Never throws.
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
    // As in toFailure.
  }
  return body;
}

/** Whether a failed authentication belongs in the log: clients are told less of one than of a call. */
export function isUntold(thrown: unknown): boolean {
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

/** REST's codes for what it refuses before a method runs. */
const REFUSED_BY_REST = new Set<unknown>([
  ErrorCodes.VALIDATION_FAILED,
  'INVALID_PARAMETER_VALUE',
  'MISSING_REQUIRED_PARAMETER',
]);

/** Says whether a call was refused by this package or by REST's checks, so that nothing has failed. */
export function isRefusal(thrown: unknown): boolean {
  if (thrown instanceof SocketError) return true;
  return thrown instanceof Error && REFUSED_BY_REST.has((thrown as ErrorLike).code);
}

function isFault(error: ErrorLike): boolean {
  if (error instanceof SocketError) return false;
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
    // Inherited properties too, as http-errors keeps some of its on the class.
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

/** The `AuthorizationError` of `@loopback/authorization` is named as any `Error`. */
function nameOf({name}: ErrorLike, statusCode: number): string {
  return statusCode === 403 && name === 'Error' ? 'ForbiddenError' : name;
}

/** The HTTP status of something thrown, if it has one, as REST reads it. May throw. */
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
