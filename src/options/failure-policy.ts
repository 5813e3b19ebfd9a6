import type {Application} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {isObject} from '../common/objects';
import type {ErrorBodyOptions} from '../wire/failures';
import {SocketKeys} from './keys';
import type {LogSocketError} from './types';

/** How a server sends and logs errors. */
export interface FailurePolicy {
  readonly body: ErrorBodyOptions;
  readonly log: LogSocketError;
}

/** Reads how an application logs errors, and the options of the bodies that its REST server sends. */
export function readFailurePolicy(app: Application): FailurePolicy {
  const find = {optional: true} as const;
  return {
    body: app.getSync(RestBindings.ERROR_WRITER_OPTIONS, find) ?? {},
    log: app.getSync(SocketKeys.LOG_ERROR, find) ?? logError,
  };
}

/** The default of `SocketBindings.LOG_ERROR` prints errors like LoopBack's REST API. */
const logError: LogSocketError = (error, statusCode, {server, handler}) => {
  console.error(
    'Socket handler %s of server %s failed with status code %s. %s',
    handler,
    server,
    statusCode,
    describe(error),
  );
};

/** Returns only the stack of an `Error`: other values, and the properties of an error, may hold secrets. */
function describe(thrown: unknown): string {
  try {
    if (thrown instanceof Error) {
      return thrown.stack ?? `${thrown.name}: ${thrown.message}`;
    }
    return isObject(thrown)
      ? 'The thrown value is an object, but not an Error.'
      : `The thrown value is ${String(thrown)}.`;
  } catch {
    // One of its getters, or a proxy, threw.
    return 'The thrown value cannot be read.';
  }
}
