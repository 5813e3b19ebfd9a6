import type {IncomingMessage} from 'node:http';
import type {ServerOptions as IoServerOptions} from 'socket.io';
import type {ExpressApp} from '../context/express-request';
import {runGuarded} from '../common/guarded';
import type {Report} from '../common/guarded';

type Cors = IoServerOptions['cors'];
type AllowRequest = NonNullable<IoServerOptions['allowRequest']>;
type Decide = (allowed: boolean) => void;
/** Says whether a proxy is trusted. */
type Trust = (address: string, hop: number) => boolean;
type CorsOptions = Exclude<Cors, CorsDelegate | undefined>;
type CorsDelegate = Extract<Cors, (...args: never[]) => unknown>;
type StaticOrigin = Exclude<
  CorsOptions['origin'],
  ((...args: never[]) => unknown) | undefined
>;

/** Where a page comes from that must not learn what it asks for; `cors` can only allow all of them. */
const OPAQUE = 'null';

/**
 * Refuses browsers that come from another host, on both transports, unless `cors` allows theirs. By
 * itself socket.io lets a websocket in from anywhere. A client without an `Origin` is no browser, unless
 * it says by `Sec-Fetch-Site` that another site asks, as for a script.
 *
 * @param express - Knows which proxies say what the host is: `trust proxy`.
 */
export function refuseForeignOrigins(
  cors: Cors,
  express: () => ExpressApp,
  report: Report,
): AllowRequest {
  return (request, callback) => {
    const origin = originOf(request);
    const decide: Decide = allowed => {
      if (allowed) callback(null, true);
      else callback('The origin is not allowed.', false);
    };
    if (origin === undefined || isOwn(origin, request, express, report)) decide(true);
    else isAllowed(cors, origin, request, decide);
  };
}

/** The application's own `allowRequest`: what it throws refuses, and it is heard once. */
export function guardAllowRequest(allow: AllowRequest, report: Report): AllowRequest {
  return (request, callback) => {
    let answered = false;
    const answer: typeof callback = (error, allowed) => {
      if (answered) return;
      answered = true;
      callback(error, allowed);
    };
    runGuarded(
      () => allow(request, answer),
      error => {
        report(error, 'allowRequest');
        answer('Internal Server Error', false);
      },
    );
  };
}

function originOf({headers}: IncomingMessage): string | undefined {
  const {origin, 'sec-fetch-site': site} = headers;
  const foreign = site === 'cross-site' || site === 'same-site';
  return origin ?? (foreign ? OPAQUE : undefined);
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
  express: () => ExpressApp,
  report: Report,
): boolean {
  const host = hostOf(origin);
  try {
    // The scheme only tells which port may be left out; a proxy may have changed it.
    const scheme = origin.startsWith('https:') ? 'https' : 'http';
    const requested = requestedHost(request, express);
    return host !== undefined && host === hostOf(`${scheme}://${requested}`);
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

/** The host that a client asked for, as the request or a proxy that is trusted names it. */
function requestedHost(
  {headers, socket}: IncomingMessage,
  express: () => ExpressApp,
): string {
  // HTTP/2 has the first in place of the second.
  const {':authority': authority, host = '', 'x-forwarded-host': forwarded} = headers;
  const [named] = typeof forwarded === 'string' ? forwarded.split(',') : [];
  if (named) {
    const trusts = express().get('trust proxy fn') as Trust;
    if (trusts(socket.remoteAddress ?? '', 0)) return named.trim();
  }
  return typeof authority === 'string' ? authority : host;
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
