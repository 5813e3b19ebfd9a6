import type {Application} from '@loopback/core';
import {SocketBindings} from './keys';
import {DEFAULT_SOCKET_COMPONENT_OPTIONS} from './types';
import type {SocketComponentOptions, SocketServerOptions} from './types';

/** What an option must be, in words, and how that is seen. */
interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

type Rules<Options> = {readonly [Name in keyof Required<Options>]: Rule};

const isObject = (value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isFunction = (value: unknown) => typeof value === 'function';
const isDuration = (value: unknown) =>
  typeof value === 'number' && value >= 0 && value <= 2 ** 31 - 1;

const COMPONENT_RULES: Rules<SocketComponentOptions> = {
  io: {expected: "an object of socket.io's ServerOptions", accepts: isObject},
  http: {
    expected: 'HttpServerOptions, an http.Server, or a function that returns one',
    accepts: value => isObject(value) || isFunction(value),
  },
  drainTimeout: {expected: 'a number of ms', accepts: isDuration},
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
  timeout: {
    expected: 'a number of ms above 0, or false',
    accepts: value => value === false || (isDuration(value) && value !== 0),
  },
  credentials: {
    expected: '"event", "handshake" or "both"',
    accepts: value => ['event', 'handshake', 'both'].includes(value as string),
  },
  anonymous: {expected: 'true or false', accepts: value => typeof value === 'boolean'},
};

/**
 * Reads the component's configuration as it is now.
 *
 * @throws Error that names the option and says what it must be.
 */
export function readComponentOptions(app: Application) {
  const options = app.getConfigSync<unknown>(SocketBindings.COMPONENT);
  return {
    ...DEFAULT_SOCKET_COMPONENT_OPTIONS,
    ...check<SocketComponentOptions>('SocketComponent', options, COMPONENT_RULES),
  };
}

/**
 * Reads a server's configuration as it is now.
 *
 * @throws Error that names the server and the option and says what it must be.
 */
export function readServerOptions(app: Application, server: string): SocketServerOptions {
  const options = app.getConfigSync<unknown>(SocketBindings.server(server));
  return check<SocketServerOptions>(`Server "${server}"`, options, SERVER_RULES);
}

function check<Options extends object>(
  owner: string,
  options: unknown,
  rules: Rules<Options>,
): Options {
  if (options === undefined) return {} as Options;
  if (!isObject(options))
    throw new Error(`${owner}: the configuration must be an object.`);
  const given = options as Record<string, unknown>;
  const known = rules as Record<string, Rule | undefined>;
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? known[name] : undefined;
    if (!rule) {
      throw new Error(
        `${owner}: unknown option "${name}". Known are: ${Object.keys(rules).join(', ')}.`,
      );
    }
    if (value !== undefined && !rule.accepts(value)) {
      throw new Error(`${owner}: option "${name}" must be ${rule.expected}.`);
    }
  }
  const defined = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as Options;
}
