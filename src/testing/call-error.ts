import {isRecord} from '../common/objects';
import type {ErrorBody} from '../wire/protocol';

/** The error that a refused call, or a refused client, rejects with. */
export class CallError extends Error {
  override readonly name = 'CallError';
  /** HTTP status code; 500 when the server has answered with a value that has none. */
  readonly statusCode: number;
  /** One of `ErrorCodes`, the application's own, or one of the client: `DISCONNECTED`, `CLOSED`, `BAD_ANSWER`. */
  readonly code?: string;
  readonly details?: unknown;

  /** @param value - The `error` of the answer as it was sent. */
  constructor(readonly value: unknown) {
    const body = isRecord(value) ? value : {};
    super(typeof body.message === 'string' ? body.message : String(value));
    this.statusCode = typeof body.statusCode === 'number' ? body.statusCode : 500;
    if (typeof body.code === 'string') this.code = body.code;
    if (body.details !== undefined) this.details = body.details;
  }
}

/** Makes the error of a call that no server has answered. */
export function localError(statusCode: number, code: string, message: string): CallError {
  const body: ErrorBody = {statusCode, code, message};
  return new CallError(body);
}
