import {randomBytes} from 'node:crypto';
import type {Call} from '../context/call';
import {USER} from '../context/security';
import {Endpoint} from '../server/endpoint';
import type {Authenticated} from '../session/ports';

/** The header of a handshake that names a given user, by a secret that only this process knows. */
const HEADER = 'x-loopback4-socket-given-user';

/** The key of the action that authenticates each call of a method with `@authenticate`. */
const ACTION = 'authentication.actions.authenticate';

/** Authenticates a client by its handshake. */
export interface Identity {
  readonly headers: Readonly<Record<string, string>>;
  /** Called when the client is closed. */
  release(): void;
}

/** A client without a given user. */
export const STRANGER: Identity = {headers: {}, release: () => undefined};

interface GivenUser {
  readonly endpoint: Endpoint;
  readonly user: unknown;
}

/**
 * Authenticates the sockets of a test as given users. A server is changed when a test gives its first user. Then
 * the header of a handshake decides: a secret of 256 bits that was made for one user of one server in this process.
 * Without it the server's own authentication runs.
 */
export class GivenUsers {
  private readonly users = new Map<string, GivenUser>();
  private readonly endpoints = new Set<Endpoint>();

  /** Returns the headers that authenticate a client of the server as that user, until `release` is called. */
  add(endpoint: Endpoint, user: unknown): Identity {
    if (endpoint.options.anonymous) {
      throw new Error(
        `Server "${endpoint.name}" is anonymous: its sockets have no user. Leave \`user\` out.`,
      );
    }
    this.extend(endpoint);
    const secret = randomBytes(32).toString('base64url');
    this.users.set(secret, {endpoint, user});
    return {headers: {[HEADER]: secret}, release: () => this.users.delete(secret)};
  }

  /** Lets the authentication of a server accept given users. */
  private extend(endpoint: Endpoint): void {
    if (this.endpoints.has(endpoint)) return;
    this.endpoints.add(endpoint);
    const own = endpoint.authenticate.bind(endpoint);
    endpoint.authenticate = call => {
      const secret = call.socket.handshake.headers[HEADER];
      const given = typeof secret === 'string' ? this.users.get(secret) : undefined;
      return given?.endpoint === endpoint ? authenticateAs(given, call) : own(call);
    };
  }
}

/** Authenticates a socket as a user, by the server's own rules for expiry, the user's id and errors. */
function authenticateAs({endpoint, user}: GivenUser, call: Call): Promise<Authenticated> {
  // `@authenticate` on a method would ask for a token at each call.
  call.caller.context.bind(ACTION).toDynamicValue(({context}) => () => {
    context.bind(USER.key).to(user);
    return Promise.resolve(user);
  });
  const strategy = {label: 'the given user', invoke: () => user, isFrom: () => false};
  const accepting = Object.create(endpoint, {strategy: {value: strategy}}) as Endpoint;
  return Endpoint.prototype.authenticate.call(accepting, call);
}
