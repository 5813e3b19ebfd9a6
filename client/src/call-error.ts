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

/** The body of an error that the server has answered. */
export type CallErrorBody = Partial<Omit<ErrorBody, 'code'>> & {code?: CallErrorCode};

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

/** Answers that end a call on its connection. One with an id goes on at the server, and is sent again. */
export const CUT_SHORT: readonly (CallErrorCode | undefined)[] = [
  'AUTHENTICATION_EXPIRED',
  'SHUTTING_DOWN',
];

/** The error of an answer that is not what the protocol says. */
export function badAnswer(
  name: string,
  problem = 'was answered with no Reply',
): CallError {
  const body: ClientErrorBody = {
    statusCode: 502,
    code: 'BAD_ANSWER',
    message: `${name} ${problem}.`,
  };
  return new CallError(body, true);
}

/** The error of a server that does not know an event of the protocol, because it is older than the client. */
export function tooOld(error: unknown, feature: string): CallError | undefined {
  const {code} = Object(error) as Partial<ErrorBody>;
  if (code !== 'METHOD_NOT_FOUND') return undefined;
  const message = `The server is too old for ${feature}.`;
  return new CallError({...(error as ErrorBody), message}, true);
}
