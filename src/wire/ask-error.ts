import type {ErrorBody} from './protocol';
import type {SocketError} from './refusals';

/** Returns the HTTP status of an error, or 500 for a value without one. */
function statusOf(status: unknown): number {
  const isError = Number.isInteger(status) && Number(status) >= 400;
  return isError && Number(status) <= 599 ? Number(status) : 500;
}

/**
 * The error of an ask: the client has answered with an error, or there is no answer. A method that lets it pass
 * answers its own client with the same status, message, code and details, and nothing is logged.
 *
 * @example
 * ```ts
 * try {
 *   await server.askUser(user.id, 'confirm', {question});
 * } catch (error) {
 *   if (error instanceof AskError && error.code === ErrorCodes.CALL_TIMEOUT) return 'later';
 *   throw error;
 * }
 * ```
 */
export class AskError extends Error {
  override readonly name: string = 'AskError';
  /** A message of a client or of this package holds no secret of the server. */
  readonly expose = true;
  /** HTTP status code; 500 when the client's error has none. */
  readonly statusCode: number;
  /** One of `ErrorCodes`, or the client's own. */
  readonly code?: string;
  readonly details?: unknown;
  /** The error as the client has sent it; `undefined` for an error of the server. */
  readonly value?: unknown;

  private constructor(body: unknown) {
    const {message, statusCode, code, details} = Object(body) as Partial<
      Record<keyof ErrorBody, unknown>
    >;
    const fallback =
      typeof body === 'string' ? body : 'The client has answered an error.';
    super(typeof message === 'string' ? message : fallback);
    this.statusCode = statusOf(statusCode);
    if (typeof code === 'string') this.code = code;
    if (details !== undefined) this.details = details;
  }

  /** Returns the error that a client has answered. */
  static answered(value: unknown): AskError {
    return Object.assign(new AskError(value), {value});
  }

  /** Returns the error of an ask without a usable answer. */
  static of(error: SocketError): AskError {
    return new AskError(error);
  }
}
