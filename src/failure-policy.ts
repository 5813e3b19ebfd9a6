import type {Application} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import type {ErrorBodyOptions} from './errors';
import {SocketBindings} from './keys';
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
    log: app.getSync(SocketBindings.LOG_ERROR, find) ?? logError,
  };
}

/** The default of `SocketBindings.LOG_ERROR`: prints as LoopBack's REST API does. */
const logError: LogSocketError = (error, statusCode, {server, handler}) => {
  const cause = error instanceof Error ? (error.stack ?? error.message) : error;
  console.error(
    'Socket handler %s of server %s failed with status code %s. %s',
    handler,
    server,
    statusCode,
    cause,
  );
};
