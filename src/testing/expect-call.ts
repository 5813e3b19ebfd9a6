import {inspect, isDeepStrictEqual} from 'node:util';
import type {CallError} from 'loopback4-socket-client';

/** The parts of an error that a test compares; those that are absent may have any value. */
export interface ExpectedCallError {
  /** HTTP status code. */
  statusCode?: number;
  /** One of `ErrorCodes`, or the application's own. */
  code?: string;
  /** The whole message, or a part of it as a regular expression. */
  message?: string | RegExp;
  /** Compared deeply. */
  details?: unknown;
}

const PARTS = ['statusCode', 'code', 'message', 'details'] as const;

/**
 * Expects that a call, or the connection of a client, is refused with an error.
 *
 * @returns The error, for further checks.
 * @throws Error when the promise resolves, or rejects with another error.
 * @example
 * ```ts
 * await expectCall(ana.call.say({text: 17}), {code: 'VALIDATION_FAILED'});
 * ```
 */
export async function expectCall(
  call: Promise<unknown>,
  expected: ExpectedCallError = {},
): Promise<CallError> {
  const wanted = `an error with ${inspect(expected)}`;
  let result: unknown;
  try {
    result = await call;
  } catch (error) {
    if (!isCallError(error)) {
      const message = `The call should be refused with ${wanted}, but it failed: ${String(error)}`;
      throw new Error(message, {cause: error});
    }
    const differences = PARTS.filter(
      part => expected[part] !== undefined && !matches(error[part], expected[part]),
    ).map(part => `${part} is ${inspect(error[part])}`);
    if (differences.length === 0) return error;
    const message = `The call should be refused with ${wanted}, but ${differences.join(', ')}.`;
    throw new Error(message, {cause: error});
  }
  throw new Error(
    `The call should be refused with ${wanted}, but its result is ${inspect(result)}.`,
  );
}

/** Also of a client that the test has imported: it may be another copy, as an ES module. */
function isCallError(error: unknown): error is CallError {
  return error instanceof Error && error.name === 'CallError';
}

function matches(value: unknown, expected: unknown): boolean {
  return expected instanceof RegExp
    ? expected.test(String(value))
    : isDeepStrictEqual(value, expected);
}
