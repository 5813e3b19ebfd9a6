import type {Namespace, Socket} from 'socket.io';
import {askGuarded, runListeners} from '../common/guarded';
import type {Report} from '../common/guarded';
import {limitAttachments} from '../engine/attachments';
import {namespaceInternalsOf} from '../engine/internals';
import type {Middleware} from '../engine/internals';
import {PacketTypes, parserOf} from '../engine/packets';
import {guardBroadcasts, reportOf} from './broadcasts';

/**
 * Keeps faults of a namespace's middleware, of its `connection` listeners and of the acks of its broadcasts
 * from ending the process.
 */
export function guardNamespace(namespace: Namespace, report: Report): void {
  const internals = namespaceInternalsOf(namespace);
  const guard = (middleware: Middleware) =>
    guardMiddleware((socket, next) => {
      const answer = (error?: Error) =>
        next(error && sendableRefusal(error, socket, report));
      return middleware(socket, answer);
    }, report);
  const {_fns: added} = internals;
  added.forEach((middleware, at) => (added[at] = guard(middleware)));
  const use = namespace.use.bind(namespace);
  namespace.use = middleware => use(guard(middleware));
  guardBroadcasts(namespace, report);
  const {_nsps: namespaces} = namespace.server;
  limitAttachments(namespace.server, name => reportOf(namespaces.get(name)));
  internals.emitReserved = (event, ...args) =>
    runListeners(namespace, event, args, error =>
      report(error, `io.on('${event}')`, args[0] as Socket),
    );
  internals._onServerSideEmit = ([event, ...args]) =>
    runListeners(namespace, event as string, args, error =>
      report(error, `io.on('${String(event)}')`),
    );
}

/** A middleware that fails refuses the socket; only its first answer counts. */
export function guardMiddleware(middleware: Middleware, report: Report): Middleware {
  return (socket, next) =>
    askGuarded<[error?: Error]>(
      answer => middleware(socket, answer),
      next,
      error => {
        report(error, 'io.use', socket);
        return [new Error('Internal Server Error')];
      },
    );
}

/** Returns a middleware's error, or another one if it cannot be encoded: socket.io would throw. */
function sendableRefusal(error: Error, socket: Socket, report: Report): Error {
  const {name: nsp, server} = socket.nsp;
  try {
    const {message, data} = error as Error & {data?: unknown};
    parserOf(server).encoder.encode({
      type: PacketTypes.CONNECT_ERROR,
      nsp,
      data: {message, data},
    });
    return error;
  } catch (fault) {
    report(fault, 'io.use', socket);
    return new Error('Internal Server Error');
  }
}
