import type {Context} from '@loopback/core';
import type {Call} from '../context/call';
import type {Ack, Packet} from '../dispatch/packet';
import type {DispatchEndpoint, DispatchSession} from '../dispatch/ports';
import type {ApplyCredentials} from '../options/server-options';
import type {SocketError} from '../wire/refusals';
import type {AuthenticationQueue} from './authentication-queue';
import type {FailureLog} from './failure-log';

/** The parts of a server's endpoint that its sessions use. */
export interface SessionEndpoint extends DispatchEndpoint {
  /** False once the server stops: clients cannot come back. */
  readonly isOpen: boolean;
  readonly name: string;
  readonly context: Context;
  /** Keys that REST refuses in a body, besides those that are always refused. */
  readonly prohibitedKeys: readonly string[];
  /** Shared by all servers. */
  readonly authentications: AuthenticationQueue;
  readonly failures: FailureLog;
  /** Runs the authentication handler. @throws The error to refuse the socket with. */
  authenticate(call: Call): Promise<Authenticated>;
  readonly applyCredentials: ApplyCredentials;
  /** Called once, when a session has ended. */
  leave(session: unknown): void;
}

/** The outcome of a successful authentication. */
export interface Authenticated {
  readonly user: unknown;
  /** The room of all of the user's sockets; `undefined` for a user without an id. */
  readonly room?: string | undefined;
  /** The end of the authentication, in ms since 1970; `undefined` for never. */
  readonly expiresAt?: number | undefined;
}

/** The parts of a session that its authentication and its handlers use. */
export interface AuthenticatedSession extends DispatchSession {
  readonly endpoint: SessionEndpoint;
  /** Ends the session for good, because of an error. */
  refuse(thrown: unknown): void;
  /** Ends the session so that its client reconnects automatically. */
  abandon(error: SocketError): void;
  /** Runs a call that has waited for authentication. */
  handle(packet: Packet, ack?: Ack): void;
  /** Releases its context, unless the application has bound something in it. */
  releaseContext(): void;
}
