import {BindingKey} from '@loopback/core';
import type {Context} from '@loopback/core';
import type {Namespace, Server as IoServer} from 'socket.io';
import type {StartTarget} from '../options/types';
import type {Endpoint} from './endpoint';
import type {Namespaces} from './namespaces';

/** The parts of the host that a named server uses. */
export interface ServerHost {
  /** The socket.io server of all named servers. @throws Error before `app.init()`. */
  readonly io: IoServer;
  readonly namespaces: Pick<Namespaces, 'isListening' | 'urlOf'>;
  /**
   * Returns the servers with the handlers and options that they have now, or would start with.
   *
   * @throws Error that names a wrong option and says what it must be.
   */
  readEndpoints(): Endpoint[];
  register(server: {readonly name: string; readonly context: Context}): Endpoint;
  startOne(endpoint: Endpoint): Promise<void>;
  stopOne(endpoint: Endpoint): Promise<void>;
  startOn(endpoint: Endpoint, target: StartTarget): void;
  /** Reports what is now wrong with a server whose handlers have changed, and serves it. */
  changed(endpoint: Endpoint): void;
  /** @throws Error before `app.init()`. */
  namespaceOf(endpoint: Endpoint): Namespace;
}

/** The key of the host; applications do not use it. */
export const HOST = BindingKey.create<ServerHost>('socket.host');
