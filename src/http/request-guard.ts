import type {IncomingMessage} from 'node:http';
import type {Server as IoServer, ServerOptions as IoServerOptions} from 'socket.io';
import type {ConnectionLimits} from './connection-limits';
import {debugRefusal} from '../engine/debug-lines';
import {BAD_REQUEST, engineOf, FORBIDDEN} from '../engine/engine-internals';
import type {EngineRequest} from '../engine/engine-internals';

/** Emitted by Engine.IO with each refused request. */
interface ConnectionError {
  readonly req: EngineRequest;
  readonly message: string;
  /** Holds the reason when Engine.IO did not refuse it. */
  readonly context?: {readonly message?: unknown};
}

type AllowRequest = NonNullable<IoServerOptions['allowRequest']>;

/** The rules for a new connection, in the order of their use. */
export interface HandshakeRules {
  /** False when requests by JSONP are refused: a browser sends no origin for a script. */
  readonly jsonp: boolean;
  readonly limits: ConnectionLimits;
  readonly checkOrigin: AllowRequest;
  /** The application's own rule. */
  readonly allow: AllowRequest | undefined;
}

/**
 * Decides on new connections. A connection is counted before the rules are asked. The count is released when
 * it is refused, when its client leaves before the answer, or when the connection exists: see {@link
 * guardEngine}.
 */
export function guardHandshakes({
  jsonp,
  limits,
  checkOrigin,
  allow,
}: HandshakeRules): AllowRequest {
  return (request, callback) => {
    const refusal =
      !jsonp && isJsonp(request) ? 'JSONP is not allowed.' : limits.reserve(request);
    if (refusal !== undefined) {
      callback(refusal, false);
      return;
    }
    const {socket} = request;
    let pending = true;
    const decide: typeof callback = (error, allowed) => {
      if (!pending) return;
      pending = false;
      socket.off('close', onGone);
      if (!allowed || limits.closed) {
        limits.release(request);
        callback(error ?? 'The server is stopping.', false);
        return;
      }
      callback(error, true);
      if (!isOpening(request)) limits.release(request);
    };
    const onGone = () => decide('The client is gone.', false);
    checkOrigin(request, (error, allowed) => {
      if (allowed && allow) allow(request, decide);
      else decide(error, allowed);
    });
    // An immediate answer needs no listener.
    if (pending as boolean) socket.once('close', onGone);
  };
}

/** Returns true when Engine.IO makes a connection: after a wrong websocket handshake it makes none. */
function isOpening(request: IncomingMessage): boolean {
  const {_query, websocket} = request as EngineRequest;
  return _query?.transport !== 'websocket' || websocket !== undefined;
}

/** Returns true when Engine.IO answers a request by JSONP. */
function isJsonp(request: IncomingMessage): boolean {
  return typeof (request as EngineRequest)._query?.j === 'string';
}

/**
 * Checks the origin of each request of a connection, also of upgrades: Engine.IO asks only about the first
 * request. Releases the counts of requests that have ended.
 */
export function guardEngine(
  engine: IoServer['engine'],
  {checkOrigin, limits}: Pick<HandshakeRules, 'checkOrigin' | 'limits'>,
): void {
  const internals = engineOf(engine);
  const verify = internals.verify.bind(engine);
  internals.verify = (request, upgrade, answer) => {
    // Engine.IO would upgrade it, make no connection, and emit nothing.
    if (upgrade && request._query?.transport === 'polling') {
      answer(BAD_REQUEST);
      return;
    }
    // The connection may be closed when the origin is decided later.
    const go = () => verify(request, upgrade, answer);
    if (!request._query?.sid) go();
    else {
      checkOrigin(request, (error, allowed) => {
        if (allowed) go();
        else answer(FORBIDDEN, {message: error});
      });
    }
  };
  engine.on('connection_error', ({req, message, context}: ConnectionError) => {
    limits.release(req);
    debugRefusal('A request by', req.method ?? '', context?.message ?? message);
  });
}
