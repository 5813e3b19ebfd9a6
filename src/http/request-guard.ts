import type {IncomingMessage} from 'node:http';
import type {Server as IoServer, ServerOptions as IoServerOptions} from 'socket.io';
import type {ConnectionLimits} from './connection-limits';
import {debugRefusal} from '../engine/debug-lines';
import {BAD_REQUEST, engineOf, FORBIDDEN} from '../engine/engine-internals';
import type {EngineRequest} from '../engine/engine-internals';

/** Emitted by Engine.IO with each request that it refuses. */
interface ConnectionError {
  readonly req: EngineRequest;
  readonly message: string;
  /** Has the reason where it is not Engine.IO's own. */
  readonly context?: {readonly message?: unknown};
}

type AllowRequest = NonNullable<IoServerOptions['allowRequest']>;

/** Who decides on a new connection, in this order. */
export interface HandshakeRules {
  /** Whether a page may poll by a script of its own, whose origin no browser tells. */
  readonly jsonp: boolean;
  readonly limits: ConnectionLimits;
  readonly checkOrigin: AllowRequest;
  /** The application's own. */
  readonly allow: AllowRequest | undefined;
}

/**
 * Decides on new connections. A place is taken before anyone is asked, and given up when it is refused,
 * when its client goes before the answer, or when the connection is made: see {@link guardEngine}.
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
    // An answer at once takes no listener.
    if (pending as boolean) socket.once('close', onGone);
  };
}

/** Whether Engine.IO is making a connection: a websocket whose handshake was wrong gets none. */
function isOpening(request: IncomingMessage): boolean {
  const {_query, websocket} = request as EngineRequest;
  return _query?.transport !== 'websocket' || websocket !== undefined;
}

/** Whether a page asks by a script, as Engine.IO takes it. */
function isJsonp(request: IncomingMessage): boolean {
  return typeof (request as EngineRequest)._query?.j === 'string';
}

/**
 * Checks where each request of a connection comes from, upgrades included: Engine.IO asks only about the
 * first. Gives up the places of those that have come to an end.
 */
export function guardEngine(
  engine: IoServer['engine'],
  {checkOrigin, limits}: Pick<HandshakeRules, 'checkOrigin' | 'limits'>,
): void {
  const internals = engineOf(engine);
  const verify = internals.verify.bind(engine);
  internals.verify = (request, upgrade, answer) => {
    // Engine.IO would upgrade it, make no connection, and say nothing.
    if (upgrade && request._query?.transport === 'polling') {
      answer(BAD_REQUEST);
      return;
    }
    // The connection may be gone when an origin is decided on later.
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
