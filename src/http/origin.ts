import type {IncomingMessage} from 'node:http';
import type {ServerOptions as IoServerOptions} from 'socket.io';
import type {ExpressApp} from '../context/express-request';
import {askGuarded} from '../common/guarded';
import type {Report} from '../common/guarded';

type Cors = IoServerOptions['cors'];
type AllowRequest = NonNullable<IoServerOptions['allowRequest']>;
type Decide = (allowed: boolean) => void;
/** Returns true if a proxy is trusted. */
type Trust = (address: string, hop: number) => boolean;
type CorsOptions = Exclude<Cors, CorsDelegate | undefined>;
type CorsDelegate = Extract<Cors, (...args: never[]) => unknown>;
type StaticOrigin = Exclude<
  CorsOptions['origin'],
  ((...args: never[]) => unknown) | undefined
>;

/** The origin of pages that must not reveal theirs; `cors` can allow them only by allowing all origins. */
const OPAQUE = 'null';

/**
 * Refuses browsers from another host, on both transports, unless `cors` allows their origin. socket.io itself
 * accepts a websocket from any origin. A client without an `Origin` header is not a browser, unless `Sec-
 * Fetch-Site` names another site, as for a script.
 *
 * @param express - Its setting `trust proxy` says which proxies may name the host.
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

/** Guards the application's `allowRequest`: a throw refuses the request, and only its first answer counts. */
export function guardAllowRequest(allow: AllowRequest, report: Report): AllowRequest {
  return (request, callback) =>
    askGuarded<Parameters<typeof callback>>(
      answer => allow(request, answer),
      callback,
      error => {
        report(error, 'allowRequest');
        return ['Internal Server Error', false];
      },
    );
}

function originOf({headers}: IncomingMessage): string | undefined {
  const {origin, 'sec-fetch-site': site} = headers;
  const foreign = site === 'cross-site' || site === 'same-site';
  return origin ?? (foreign ? OPAQUE : undefined);
}

/** Guards the functions in `cors` options: one that fails allows no origin. */
export function guardCors(cors: Cors, report: Report): Cors {
  const ask = <Value>(
    run: (answer: (error: Error | null, value?: Value) => void) => unknown,
    callback: (error: Error | null, value?: Value) => void,
  ) =>
    askGuarded<Parameters<typeof callback>>(run, callback, error => {
      report(error, 'cors');
      return [new Error('Internal Server Error')];
    });
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
    // The scheme only decides which port may be left out; a proxy may have changed it.
    const scheme = origin.startsWith('https:') ? 'https' : 'http';
    const requested = requestedHost(request, express);
    return host !== undefined && host === hostOf(`${scheme}://${requested}`);
  } catch (error) {
    // The application's `trust proxy` function has failed.
    report(error, 'trust proxy');
    return false;
  }
}

/** Returns host and port of an origin; `undefined` for an origin without a host, such as `null`. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host || undefined : undefined;
}

/** Returns the host of a request, as the request or a trusted proxy names it. */
function requestedHost(
  {headers, socket}: IncomingMessage,
  express: () => ExpressApp,
): string {
  // HTTP/2 has `:authority` instead of `host`.
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

/** Compares origins like the package `cors`, which gets these options from socket.io. */
function matches(allowed: unknown, origin: string): boolean {
  if (Array.isArray(allowed)) return allowed.some(one => matches(one, origin));
  if (allowed instanceof RegExp)
    return new RegExp(allowed, allowed.flags.replace(/[gy]/g, '')).test(origin);
  if (typeof allowed === 'string') return allowed === '*' || allowed === origin;
  return allowed === true;
}
