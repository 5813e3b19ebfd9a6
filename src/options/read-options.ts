import {isPromiseLike} from '@loopback/core';
import type {Application} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {isRecord} from '../common/objects';
import {MAX_DELAY} from '../common/timers';
import {SocketKeys} from './keys';
import {restContextOf} from './rest-server';
import {DEFAULT_SOCKET_COMPONENT_OPTIONS} from './component-options';
import type {ComponentOptions, SocketComponentOptions} from './component-options';
import {DEFAULT_SOCKET_SERVER_OPTIONS} from './server-options';
import type {ServerOptions, SocketServerOptions} from './server-options';

type Accepts = (value: unknown) => boolean;

/** The check of an option, and its description for the error. */
interface Rule {
  readonly expected: string;
  readonly accepts: Accepts;
}

type Rules<Options> = {readonly [Name in keyof Required<Options>]: Rule};

const isFunction: Accepts = value => typeof value === 'function';
const isName: Accepts = value => typeof value === 'string' && value !== '';
const isDuration: Accepts = value =>
  typeof value === 'number' && value >= 0 && value <= MAX_DELAY;
const isDurationAboveZero: Accepts = value => isDuration(value) && value !== 0;
const isCount: Accepts = value => Number.isSafeInteger(value) && (value as number) > 0;
const isCountOrFalse: Accepts = value => value === false || isCount(value);
const isOneOf =
  (...values: unknown[]): Accepts =>
  value =>
    values.includes(value);
const isOptional =
  (accepts: Accepts): Accepts =>
  value =>
    value === undefined || accepts(value);

/** Accepts an object with these properties and no others. */
const hasOnly =
  (parts: Readonly<Record<string, Accepts>>): Accepts =>
  value =>
    isRecord(value) &&
    Object.keys(value).every(name => Object.hasOwn(parts, name)) &&
    Object.entries(parts).every(([name, accepts]) => accepts(value[name]));

const isAuthentication = hasOnly({
  strategy: isOptional(isName),
  options: isOptional(isRecord),
  applyCredentials: isOptional(isFunction),
});
const isWindow = hasOnly({
  time: isDurationAboveZero,
  calls: isCount,
  bytes: isOptional(isCount),
});

const FUNCTION: Rule = {expected: 'a function', accepts: isFunction};
const BOOLEAN: Rule = {expected: 'true or false', accepts: isOneOf(true, false)};
const DURATION: Rule = {expected: 'a number of ms', accepts: isDuration};
const LIMIT: Rule = {
  expected: 'a number of ms above 0, or false',
  accepts: value => value === false || isDurationAboveZero(value),
};
const COUNT_OR_FALSE: Rule = {
  expected: 'a whole number above 0, or false',
  accepts: isCountOrFalse,
};

const COMPONENT_RULES: Rules<SocketComponentOptions> = {
  io: {expected: "an object of socket.io's ServerOptions", accepts: isRecord},
  http: {
    expected: 'HttpServerOptions, an http.Server, or a function that returns one',
    accepts: value => isRecord(value) || isFunction(value),
  },
  coalesceWrites: BOOLEAN,
  jsonp: BOOLEAN,
  asyncApi: BOOLEAN,
  maxQueuedBytes: COUNT_OR_FALSE,
  maxUnauthenticated: COUNT_OR_FALSE,
  maxConnectionsPerAddress: COUNT_OR_FALSE,
  authentications: {
    expected: '{concurrent?: a whole number above 0, or false}',
    accepts: hasOnly({concurrent: isOptional(isCountOrFalse)}),
  },
  maxSockets: COUNT_OR_FALSE,
  reconnectWindow: DURATION,
  drainTimeout: DURATION,
};

const SERVER_RULES: Rules<SocketServerOptions> = {
  namespace: {
    expected:
      'a string that starts with "/", a RegExp without flags g and y, or a function',
    accepts: value =>
      (typeof value === 'string' && value.startsWith('/')) ||
      (value instanceof RegExp && !value.global && !value.sticky) ||
      isFunction(value),
  },
  timeout: LIMIT,
  isOutage: FUNCTION,
  callTimeout: LIMIT,
  maxCallsInFlight: COUNT_OR_FALSE,
  maxStreams: COUNT_OR_FALSE,
  streamTimeout: LIMIT,
  maxWaitingCalls: {
    expected: 'a whole number',
    accepts: value => value === 0 || isCount(value),
  },
  emitFailed: BOOLEAN,
  callLimiter: {
    expected:
      "{limiter, by?: 'user' or 'socket'}, the limiter with a method consume(key)",
    accepts: hasOnly({
      limiter: value => isRecord(value) && isFunction(value.consume),
      by: isOptional(isOneOf('socket', 'user')),
    }),
  },
  retryWindow: {
    expected: '{time, calls, bytes?}, all above 0, or false',
    accepts: value => value === false || isWindow(value),
  },
  expiresAt: FUNCTION,
  expiryNotice: DURATION,
  credentials: {
    expected: '"event", "handshake" or "both"',
    accepts: isOneOf('event', 'handshake', 'both'),
  },
  anonymous: BOOLEAN,
  authentication: {
    expected: "a strategy's name, or {strategy?, options?, applyCredentials?}",
    accepts: value => isName(value) || isAuthentication(value),
  },
  userId: FUNCTION,
};

/**
 * Reads the component's configuration as it is now.
 *
 * @throws Error that names a wrong option and says what it must be.
 */
export function readComponentOptions(app: Application): ComponentOptions {
  const options = app.getConfigSync<unknown>(SocketKeys.COMPONENT);
  return {
    ...DEFAULT_SOCKET_COMPONENT_OPTIONS,
    ...check<SocketComponentOptions>('SocketComponent', options, COMPONENT_RULES),
  };
}

/**
 * Reads a server's configuration as it is now.
 *
 * @throws Error that names the server and a wrong option, and says what it must be.
 */
export function readServerOptions(app: Application, server: string): ServerOptions {
  const options = app.getConfigSync<unknown>(SocketKeys.server(server));
  return {
    ...DEFAULT_SOCKET_SERVER_OPTIONS,
    ...check<SocketServerOptions>(`Server "${server}"`, options, SERVER_RULES),
  };
}

/** Returns the keys that the application's REST API refuses in a body. */
export function readProhibitedKeys(app: Application): readonly string[] {
  const find = {optional: true} as const;
  const rest = restContextOf(app);
  const context = isPromiseLike(rest) ? app : rest;
  const parsing = context.getSync(RestBindings.REQUEST_BODY_PARSER_OPTIONS, find);
  return parsing?.validation?.prohibitedKeys ?? [];
}

function check<Options extends object>(
  owner: string,
  options: unknown,
  rules: Rules<Options>,
): Options {
  if (options === undefined) return {} as Options;
  if (!isRecord(options))
    throw new Error(`${owner}: the configuration must be an object.`);
  const known = rules as Record<string, Rule | undefined>;
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? known[name] : undefined;
    if (!rule) {
      throw new Error(
        `${owner}: unknown option "${name}". The options are: ${Object.keys(rules).join(', ')}.`,
      );
    }
    if (value !== undefined && !rule.accepts(value)) {
      throw new Error(`${owner}: option "${name}" must be ${rule.expected}.`);
    }
  }
  const defined = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as Options;
}
