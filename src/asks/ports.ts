import type {Context} from '@loopback/core';
import type {Namespace, Socket} from 'socket.io';
import type {AskError} from '../wire/ask-error';
import type {Report} from '../common/guarded';

/** The parts of a server's endpoint that its asks use. */
export interface AskingEndpoint {
  readonly draining: boolean;
  readonly report: Report;
  /** The context in which a schema is compiled. */
  readonly context: Context;
  /** Keys that REST refuses in a body, besides those that are always refused. */
  readonly prohibitedKeys: readonly string[];
}

/** The rooms of one namespace whose sockets are asked. */
export interface Target {
  readonly namespace: Namespace;
  /** Sockets of this node. Only the authenticated ones are asked. */
  readonly sockets: readonly Socket[];
  /** Rooms whose sockets on other nodes are asked too. */
  readonly rooms?: ReadonlySet<string>;
}

/** The answer of one socket, or the error that stands for it. */
export interface Outcome {
  /** `undefined` for a socket of another node. */
  readonly socket: Socket | undefined;
  readonly result?: unknown;
  readonly error?: AskError;
}
