import {BindingKey, CoreBindings} from '@loopback/core';
import type {Context} from '@loopback/core';
import type {Server as IoServer, Socket} from 'socket.io';
import type {SocketComponent} from './socket.component';
import type {SocketHost} from './server/socket.host';
import type {SocketServer} from './server/socket.server';
import {DEFAULT_SERVER_NAME} from './options/configuration';
import type {LogSocketError} from './options/types';

/** Binding keys of this package. */
// eslint-disable-next-line @typescript-eslint/no-namespace -- as LoopBack's own keys are written
export namespace SocketBindings {
  /** The component: `app.configure<SocketComponentOptions>(SocketBindings.COMPONENT).to({…})`. */
  export const COMPONENT = BindingKey.create<SocketComponent>(
    `${CoreBindings.COMPONENTS}.SocketComponent`,
  );

  /** The socket.io server that all named servers share; from `app.init()` on, also in observers' constructors. */
  export const IO = BindingKey.create<IoServer>('socket.io');

  /** Logs what clients are told nothing about. @default `console.error` */
  export const LOG_ERROR = BindingKey.create<LogSocketError>('socket.logError');

  /** What all named servers share: not for applications. */
  export const HOST = BindingKey.create<SocketHost>('socket.host');

  /** A connection's and a call's server. */
  export const SERVER = BindingKey.create<SocketServer>('socket.server');
  /** A connection's socket.io socket. */
  export const SOCKET = BindingKey.create<Socket>('socket.socket');
  /** A connection's context: what is bound in it, all calls of the connection see. */
  export const CONNECTION = BindingKey.create<Context>('socket.connection');
  /** The credentials that a call's socket last authenticated with. */
  export const CREDENTIALS = BindingKey.create<unknown>('socket.credentials');
  /** A call's arguments. */
  export const ARGS = BindingKey.create<unknown>('socket.args');
  /**
   * Aborts, as long as a call runs, when its time limit is over, or its socket is gone; a call with an id
   * goes on without its socket, and after the limit that its client has asked for. What goes on after its call listens to the socket's `disconnect` instead.
   * That of a connected handler aborts when the socket is gone, also after the handler.
   */
  export const SIGNAL = BindingKey.create<AbortSignal>('socket.signal');

  /**
   * A named server: `app.configure<SocketServerOptions>(SocketBindings.server(name)).to({…})`.
   *
   * @param name - @default the default server
   */
  export function server(name: string = DEFAULT_SERVER_NAME): BindingKey<SocketServer> {
    return BindingKey.create<SocketServer>(`${CoreBindings.SERVERS}.${name}`);
  }
}

/** Tags and groups of this package's bindings. */
// eslint-disable-next-line @typescript-eslint/no-namespace -- as LoopBack's own keys are written
export namespace SocketTags {
  /** Life cycle group that starts last and stops first. */
  export const LIFE_CYCLE_GROUP = 'socket';

  /**
   * Tag of a global interceptor that enforces the decorators of another package when sockets call; its
   * value is the package's name, or a list of names.
   */
  export const ENFORCES = 'socket.enforces';
}
