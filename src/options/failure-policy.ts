import type {Application} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import type {ErrorBodyOptions} from '../wire/failures';
import {SocketKeys} from './keys';
import type {LogSocketError} from './types';

/** How a server shapes and logs failures. */
export interface FailurePolicy {
  readonly body: ErrorBodyOptions;
  readonly log: LogSocketError;
}

/** Reads how an application wants failures shaped and logged; bodies follow its REST server's. */
export function readFailurePolicy(app: Application): FailurePolicy {
  const find = {optional: true} as const;
  return {
    body: app.getSync(RestBindings.ERROR_WRITER_OPTIONS, find) ?? {},
    log: app.getSync(SocketKeys.LOG_ERROR, find) ?? logError,
  };
}

/** The default of `SocketBindings.LOG_ERROR`: prints as LoopBack's REST API does. */
const logError: LogSocketError = (error, statusCode, {server, handler}) => {
  console.error(
    'Socket handler %s of server %s failed with status code %s. %s',
    handler,
    server,
    statusCode,
    describe(error),
  );
};

/** Only what an `Error` says in its stack: other values, and its properties, may hold secrets. */
function describe(thrown: unknown): string {
  try {
    return textOf(thrown);
  } catch {
    // A getter or proxy of it threw.
    return 'Nothing can be read of what was thrown.';
  }
}

function textOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.stack ?? `${thrown.name}: ${thrown.message}`;
  if (typeof thrown !== 'object' || thrown === null)
    return `Thrown was ${String(thrown)}.`;
  return 'Thrown was an object that is no Error.';
}
