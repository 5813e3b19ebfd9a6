import type {ErrorBody, ErrorCode} from '../../src/wire/protocol';

/** Codes of errors that come from the client itself, not from the server. */
export type ClientErrorCode =
  /** Too many calls wait to be sent. */
  | 'QUEUE_FULL'
  /** The connection was lost or ended, and the call is not sent again. */
  | 'DISCONNECTED'
  /** The client is closed. */
  | 'CLOSED'
  /** The call cannot be sent, for example because its args are circular. */
  | 'NOT_SENDABLE'
  /** The server's answer is no `Reply`. */
  | 'BAD_ANSWER';

/** Values of `CallError.code` that the client and the server give; an application's errors may carry their own. */
export type CallErrorCode = ErrorCode | ClientErrorCode;

/** The body of an error that the client itself makes. */
export interface ClientErrorBody extends ErrorBody {
  code: CallErrorCode;
}

/** Why a call, an authentication or a connection failed. */
export class CallError<Details = unknown> extends Error {
  override readonly name: string = 'CallError';
  /** A status of HTTP; 500 where the server answered with a value that has none. */
  readonly statusCode: number;
  /** A {@link CallErrorCode}, or one of the application's own. */
  readonly code?: string;
  readonly details?: Details;

  /**
   * @param value - The error as it came: an `ErrorBody`, or the string or object that a method threw.
   * @param sent - False when the call has not left the client; true when its method may have run.
   */
  constructor(
    readonly value: unknown,
    readonly sent = false,
    cause?: unknown,
  ) {
    const body = Object(value) as Partial<ErrorBody>;
    super(body.message ?? (body === value ? 'The call failed.' : String(value)), {cause});
    this.statusCode = body.statusCode ?? 500;
    this.code = body.code;
    this.details = body.details as Details;
  }
}
