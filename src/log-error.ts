import type {LogSocketError} from './types';

/** The default of `SocketBindings.LOG_ERROR`: prints as LoopBack's REST API does. */
export const logError: LogSocketError = (error, statusCode, {server, handler}) => {
  const cause = error instanceof Error ? (error.stack ?? error.message) : error;
  console.error(
    'Socket handler %s of server %s failed with status code %s. %s',
    handler,
    server,
    statusCode,
    cause,
  );
};
