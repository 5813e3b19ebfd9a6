import {isObject} from '../common/objects';
import {statusOf} from './failures';

/** Largest number of `cause`s of an error that are read. */
const CAUSES = 4;

/**
 * System errors that say nothing about credentials: another process or host cannot be reached, or this one
 * has run out of something. Others, such as `ENOENT`, may be how a handler finds that there is no such user.
 */
const SYSTEM_ERRORS: ReadonlySet<unknown> = new Set([
  'EADDRNOTAVAIL',
  'EAGAIN',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EBUSY',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EIO',
  'EMFILE',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'ENOSPC',
  'ENOTCONN',
  'ENOTFOUND',
  'EPIPE',
  'ESERVFAIL',
  'ETIMEDOUT',
  'ETIMEOUT',
  // Those of Node's `fetch`.
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
]);

interface Thrown {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly cause?: unknown;
}

/**
 * Returns true when an authentication failed because of the server, and not because of its credentials. Never
 * throws.
 *
 * @param byStrategy - True when a strategy has thrown: then every error is an outage that REST would answer
 * with a 5xx status. A handler may refuse with an `Error` or another value without a status.
 */
export function isOutage(thrown: unknown, byStrategy: boolean): boolean {
  try {
    const status = isObject(thrown) ? statusOf(thrown) : undefined;
    if (status !== undefined) return status >= 500;
    return byStrategy || isSystemError(thrown);
  } catch {
    // A getter or proxy of the value has thrown.
    return byStrategy;
  }
}

function isSystemError(thrown: unknown): boolean {
  let error = thrown;
  for (let depth = 0; depth <= CAUSES && isObject(error); depth++) {
    const {code, syscall, cause}: Thrown = error;
    // The path of a Unix socket that does not exist is `ENOENT`.
    if (SYSTEM_ERRORS.has(code) || syscall === 'connect') return true;
    error = cause;
  }
  return false;
}
