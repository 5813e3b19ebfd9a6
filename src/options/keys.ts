import {BindingKey, CoreBindings} from '@loopback/core';
import type {Context} from '@loopback/core';
import type {Server as IoServer, Socket} from 'socket.io';
import type {LogSocketError} from './types';

/** Name of the server that {@link SocketComponent} binds. */
export const DEFAULT_SERVER_NAME = 'SocketServer';

/** The binding keys. `SocketBindings` publishes them with the types of the bound classes. */
export const SocketKeys = {
  COMPONENT: BindingKey.create<object>(`${CoreBindings.COMPONENTS}.SocketComponent`),
  IO: BindingKey.create<IoServer>('socket.io'),
  LOG_ERROR: BindingKey.create<LogSocketError>('socket.logError'),
  SERVER: BindingKey.create<object>('socket.server'),
  SOCKET: BindingKey.create<Socket>('socket.socket'),
  CONNECTION: BindingKey.create<Context>('socket.connection'),
  CREDENTIALS: BindingKey.create<unknown>('socket.credentials'),
  ARGS: BindingKey.create<unknown>('socket.args'),
  AFTER: BindingKey.create<string | undefined>('socket.after'),
  UPLOAD: BindingKey.create<AsyncIterable<unknown>>('socket.upload'),
  SIGNAL: BindingKey.create<AbortSignal>('socket.signal'),

  server(name: string = DEFAULT_SERVER_NAME): BindingKey<object> {
    return BindingKey.create<object>(`${CoreBindings.SERVERS}.${name}`);
  },
} as const;

/** Tags and groups of this package's bindings. */
// eslint-disable-next-line @typescript-eslint/no-namespace -- as LoopBack's own keys are written
export namespace SocketTags {
  /** Life cycle group that starts last and stops first. */
  export const LIFE_CYCLE_GROUP = 'socket';

  /**
   * Tag of a global interceptor that enforces the decorators of another package for calls of sockets. Its
   * value is the package's name, or a list of names.
   */
  export const ENFORCES = 'socket.enforces';
}
