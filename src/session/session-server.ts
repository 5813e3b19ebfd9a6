import type {Context} from '@loopback/core';
import type {Socket} from 'socket.io';
import type {AuthenticationQueue} from './authentication-queue';
import type {Service} from '../dispatch/answer';
import type {Call} from '../context/call';
import type {ApplyCredentials} from '../options/configuration';

/** What a connection needs of the server that it belongs to. */
export interface ConnectionService extends Service {
  readonly name: string;
  readonly context: Context;
  /** Keys that REST refuses in a body besides those that everybody should. */
  readonly prohibitedKeys: readonly string[];
  readonly options: Service['options'] & {
    timeout: number | false;
    credentials: 'event' | 'handshake' | 'both';
    expiryNotice: number;
    maxWaitingCalls: number;
  };
  /** Of all servers together. */
  readonly authentications: AuthenticationQueue;
  /** Runs the authentication handler; throws unless it succeeds: see {@link refusalFor}. */
  authenticate(call: Call): Promise<Authenticated>;
  readonly applyCredentials: ApplyCredentials;
  /**
   * Says with what a socket ends, given what a handler threw: that, or the error of an outage. Logs what
   * its client is not told.
   */
  refusalFor(thrown: unknown, handler: string, socket: Socket): unknown;
  /** Logs what a function threw that answers nobody. */
  report(error: unknown, source: string, socket: Socket): void;
  /** Told once, when a connection has ended. */
  leave(connection: unknown): void;
}

/** What a successful authentication gives. */
export interface Authenticated {
  readonly user: unknown;
  /** The room of all of the user's sockets; `undefined` for a user without an id. */
  readonly room?: string | undefined;
  /** When it ends, in ms since 1970; `undefined` for never. */
  readonly expiresAt?: number | undefined;
}
