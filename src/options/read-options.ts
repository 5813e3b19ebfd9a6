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

/** The check of an option, and its description for the error. */
interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

type Rules<Options> = {readonly [Name in keyof Required<Options>]: Rule};

const isFunction = (value: unknown) => typeof value === 'function';
const isName = (value: unknown) => typeof value === 'string' && value !== '';
const isDuration = (value: unknown) =>
  typeof value === 'number' && value >= 0 && value <= MAX_DELAY;

const AUTHENTICATION: Record<string, (value: unknown) => boolean> = {
  strategy: isName,
  options: isRecord,
  applyCredentials: isFunction,
};
const isAuthentication = (value: object) =>
  Object.entries(value).every(
    ([name, part]) =>
      Object.hasOwn(AUTHENTICATION, name) &&
      (part === undefined || AUTHENTICATION[name](part)),
  );

const BOOLEAN: Rule = {
  expected: 'true or false',
  accepts: value => typeof value === 'boolean',
};

const DURATION: Rule = {expected: 'a number of ms', accepts: isDuration};

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;
const COUNT_OR_NONE: Rule = {
  expected: 'a whole number above 0, or false',
  accepts: value => value === false || isCount(value),
};

const isWindow = (value: object) => {
  const {time, calls, bytes = 1, ...rest} = value as Record<string, unknown>;
  const others = Object.keys(rest).length;
  const isTime = isDuration(time) && time !== 0;
  return isTime && isCount(calls) && isCount(bytes) && others === 0;
};

const isLimiter = (value: object) => {
  const {limiter, by, ...rest} = value as Record<string, unknown>;
  const consume = isRecord(limiter) && (limiter as {consume?: unknown}).consume;
  const known = by === undefined || by === 'user' || by === 'socket';
  return isFunction(consume) && known && Object.keys(rest).length === 0;
};

const areAuthentications = (value: object) => {
  const {concurrent, ...rest} = value as Record<string, unknown>;
  const known = concurrent === undefined || concurrent === false || isCount(concurrent);
  return known && Object.keys(rest).length === 0;
};

const COMPONENT_RULES: Rules<SocketComponentOptions> = {
  io: {expected: "an object of socket.io's ServerOptions", accepts: isRecord},
  http: {
    expected: 'HttpServerOptions, an http.Server, or a function that returns one',
    accepts: value => isRecord(value) || isFunction(value),
  },
  coalesceWrites: BOOLEAN,
  jsonp: BOOLEAN,
  maxQueuedBytes: COUNT_OR_NONE,
  maxUnauthenticated: COUNT_OR_NONE,
  maxConnectionsPerAddress: COUNT_OR_NONE,
  authentications: {
    expected: '{concurrent?: a whole number above 0, or false}',
    accepts: value => isRecord(value) && areAuthentications(value),
  },
  maxSockets: COUNT_OR_NONE,
  reconnectWindow: DURATION,
  drainTimeout: DURATION,
};

const LIMIT: Rule = {
  expected: 'a number of ms above 0, or false',
  accepts: value => value === false || (isDuration(value) && value !== 0),
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
  isOutage: {expected: 'a function', accepts: isFunction},
  callTimeout: LIMIT,
  maxCallsInFlight: COUNT_OR_NONE,
  maxWaitingCalls: {
    expected: 'a whole number',
    accepts: value => value === 0 || isCount(value),
  },
  emitFailed: BOOLEAN,
  callLimiter: {
    expected:
      "{limiter, by?: 'user' or 'socket'}, the limiter with a method consume(key)",
    accepts: value => isRecord(value) && isLimiter(value),
  },
  retryWindow: {
    expected: '{time, calls, bytes?}, all above 0, or false',
    accepts: value => value === false || (isRecord(value) && isWindow(value)),
  },
  expiresAt: {expected: 'a function', accepts: isFunction},
  expiryNotice: DURATION,
  credentials: {
    expected: '"event", "handshake" or "both"',
    accepts: value => ['event', 'handshake', 'both'].includes(value as string),
  },
  anonymous: BOOLEAN,
  authentication: {
    expected: "a strategy's name, or {strategy?, options?, applyCredentials?}",
    accepts: value => isName(value) || (isRecord(value) && isAuthentication(value)),
  },
  userId: {expected: 'a function', accepts: isFunction},
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
