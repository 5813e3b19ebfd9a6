import {isRecord} from '../common/objects';

/** The error that a refused call, or a refused client, rejects with. */
export class CallError extends Error {
  override readonly name = 'CallError';
  /** HTTP status code, 400 to 599. */
  readonly statusCode: number;
  /** One of `ErrorCodes`, or the application's own. */
  readonly code?: string;
  readonly details?: unknown;

  /** @param value - The `error` of the answer as it was sent. */
  constructor(readonly value: unknown) {
    const body = isRecord(value) ? value : {};
    super(typeof body.message === 'string' ? body.message : String(value));
    // A value that was thrown and is no `Error` is sent as it is, which REST would answer with 400.
    this.statusCode = typeof body.statusCode === 'number' ? body.statusCode : 400;
    if (typeof body.code === 'string') this.code = body.code;
    if (body.details !== undefined) this.details = body.details;
  }
}

/** The connection of a client ended before its call was answered. */
export function disconnected(reason: string): CallError {
  const message = `The connection ended (${reason}) before the call was answered.`;
  return new CallError({statusCode: 503, code: 'DISCONNECTED', message});
}
