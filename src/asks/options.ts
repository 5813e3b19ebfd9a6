import type {SocketSchema} from '../decorators/metadata';
import {isReservedEvent} from '../wire/protocol';

/** Options of an ask. */
export interface AskOptions {
  /**
   * Longest time, in ms, that the clients have. The ask then fails with 504 `CALL_TIMEOUT`.
   *
   * @default 30_000
   */
  timeout?: number;
  /** Ends the ask when it is aborted. The ask rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Sends `{$call: {id}}` as the second argument, and `$cancel` with that id to the clients that have not answered
   * when the ask ends.
   *
   * @default false
   */
  cancellable?: boolean;
  /** The schema of the result. Another result fails with 502 `BAD_ANSWER`. @default no check */
  schema?: SocketSchema;
}

/** An ask with its options. */
export interface Asked extends AskOptions {
  readonly event: string;
  readonly args: unknown;
  readonly timeout: number;
}

const DEFAULT_TIMEOUT = 30_000;

/**
 * @param rest - The args of the event, and the options of the ask.
 * @throws Error when the event cannot be asked, or an option is wrong.
 */
export function readAsked(
  event: string,
  [args, options]: readonly [args?: unknown, options?: AskOptions],
): Asked {
  if (typeof event !== 'string' || event === '' || isReservedEvent(event)) {
    throw new Error(
      `ask: the event name "${event}" is reserved or empty. Choose another.`,
    );
  }
  const {timeout = DEFAULT_TIMEOUT} = options ?? {};
  if (typeof timeout !== 'number' || !(timeout > 0))
    throw new Error('ask: timeout must be a number of ms above 0.');
  return {...options, event, args, timeout};
}
