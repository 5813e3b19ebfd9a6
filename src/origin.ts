import type {Express} from 'express';
import type {IncomingMessage} from 'node:http';
import type {ServerOptions as IoServerOptions} from 'socket.io';
import {runGuarded} from './faults';
import type {Report} from './faults';

type Cors = IoServerOptions['cors'];
type AllowRequest = NonNullable<IoServerOptions['allowRequest']>;
type Decide = (allowed: boolean) => void;
type CorsOptions = Exclude<Cors, CorsDelegate | undefined>;
type CorsDelegate = Extract<Cors, (...args: never[]) => unknown>;
type StaticOrigin = Exclude<
  CorsOptions['origin'],
  ((...args: never[]) => unknown) | undefined
>;

/**
 * Refuses browsers that come from another host, on both transports, unless `cors` allows theirs. By
 * itself socket.io lets a websocket in from anywhere. A client without an `Origin` is no browser.
 *
 * @param express - Knows which proxies say what the host is: `trust proxy`.
 * @param next - The application's own `allowRequest`, asked afterwards.
 */
export function refuseForeignOrigins(
  cors: Cors,
  express: () => Express,
  next: AllowRequest | undefined,
  report: Report,
): AllowRequest {
  return (request, callback) => {
    const {origin} = request.headers;
    let answered = false;
    const answer: typeof callback = (error, allowed) => {
      if (answered) return;
      answered = true;
      callback(error, allowed);
    };
    const decide: Decide = allowed => {
      if (!allowed) answer('The origin is not allowed.', false);
      else if (!next) answer(null, true);
      else {
        runGuarded(
          () => next(request, answer),
          error => {
            report(error, 'allowRequest');
            answer('Internal Server Error', false);
          },
        );
      }
    };
    if (origin === undefined || isOwn(origin, request, express(), report)) decide(true);
    else isAllowed(cors, origin, request, decide);
  };
}

/** The same options; functions in them that fail allow no origin, and end nothing. */
export function guardCors(cors: Cors, report: Report): Cors {
  /** Calls one of them; it is heard once. */
  const ask = <Value>(
    run: (answer: (error: Error | null, value?: Value) => void) => unknown,
    callback: (error: Error | null, value?: Value) => void,
  ) => {
    let answered = false;
    const answer: typeof callback = (error, value) => {
      if (answered) return;
      answered = true;
      callback(error, value);
    };
    runGuarded(
      () => run(answer),
      error => {
        report(error, 'cors');
        answer(new Error('Internal Server Error'));
      },
    );
  };
  if (typeof cors === 'function') {
    return (request, callback) =>
      ask<CorsOptions>(
        answer => cors(request, answer),
        (error, options) => callback(error, guardCors(options, report) as CorsOptions),
      );
  }
  const origin = cors?.origin;
  if (typeof origin !== 'function') return cors;
  return {
    ...cors,
    origin: (from, callback) =>
      ask<StaticOrigin>(answer => origin(from, answer), callback),
  };
}

function isOwn(
  origin: string,
  request: IncomingMessage,
  express: Express,
  report: Report,
): boolean {
  const host = hostOf(origin);
  try {
    return host !== undefined && host === requestedHost(request, express);
  } catch (error) {
    // The application's function that says which proxies are trusted has failed.
    report(error, 'trust proxy');
    return false;
  }
}

/** Host and port of an origin; `undefined` for one that has none, such as `null`. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host || undefined : undefined;
}

function requestedHost(request: IncomingMessage, express: Express): string | undefined {
  const trusts = express.get('trust proxy fn') as (
    address: string,
    hop: number,
  ) => boolean;
  const forwarded = request.headers['x-forwarded-host'];
  const [named] = typeof forwarded === 'string' ? forwarded.split(',') : [];
  const host =
    named && trusts(request.socket.remoteAddress ?? '', 0)
      ? named.trim()
      : request.headers.host;
  // The scheme only tells which port may be left out; a proxy may have changed it.
  const {origin = ''} = request.headers;
  const scheme = origin.startsWith('https:') ? 'https' : 'http';
  return host === undefined ? undefined : hostOf(`${scheme}://${host}`);
}

function isAllowed(
  cors: Cors,
  origin: string,
  request: IncomingMessage,
  decide: Decide,
): void {
  if (typeof cors === 'function') {
    cors(request, (error, options) => {
      if (error) decide(false);
      else isAllowed(options, origin, request, decide);
    });
    return;
  }
  const allowed = cors?.origin;
  if (typeof allowed === 'function') {
    allowed(origin, (error, answer) => decide(!error && matches(answer, origin)));
  } else {
    decide(matches(cors && allowed === undefined ? '*' : allowed, origin));
  }
}

/** As the package `cors`, which socket.io hands these options to, compares them. */
function matches(allowed: unknown, origin: string): boolean {
  if (Array.isArray(allowed)) return allowed.some(one => matches(one, origin));
  if (allowed instanceof RegExp)
    return new RegExp(allowed, allowed.flags.replace(/[gy]/g, '')).test(origin);
  if (typeof allowed === 'string') return allowed === '*' || allowed === origin;
  return allowed === true;
}
