import type {BindingKey} from '@loopback/core';
import {DEFAULT_SERVER_NAME, SocketKeys} from './options/keys';
import type {SocketServer} from './server/socket.server';
import type {SocketComponent} from './socket.component';

export {SocketTags} from './options/keys';

/** Binding keys of this package. */
// eslint-disable-next-line @typescript-eslint/no-namespace -- as LoopBack's own keys are written
export namespace SocketBindings {
  /** The component: `app.configure<SocketComponentOptions>(SocketBindings.COMPONENT).to({…})`. */
  export const COMPONENT = SocketKeys.COMPONENT as BindingKey<SocketComponent>;

  /** The socket.io server that all named servers share; from `app.init()` on, also in observers' constructors. */
  export const IO = SocketKeys.IO;

  /** Logs what clients are told nothing about. @default `console.error` */
  export const LOG_ERROR = SocketKeys.LOG_ERROR;

  /** A connection's and a call's server. */
  export const SERVER = SocketKeys.SERVER as BindingKey<SocketServer>;
  /** A connection's socket.io socket. */
  export const SOCKET = SocketKeys.SOCKET;
  /** A connection's context: what is bound in it, all calls of the connection see. */
  export const CONNECTION = SocketKeys.CONNECTION;
  /** The credentials that a call's socket last authenticated with. */
  export const CREDENTIALS = SocketKeys.CREDENTIALS;
  /** A call's arguments. */
  export const ARGS = SocketKeys.ARGS;
  /**
   * Aborts, as long as a call runs, when its time limit is over, or its socket is gone; a call with an id
   * goes on without its socket, and after the limit that its client has asked for. What goes on after its call listens to the socket's `disconnect` instead.
   * That of a connected handler aborts when the socket is gone, also after the handler.
   */
  export const SIGNAL = SocketKeys.SIGNAL;

  /**
   * A named server: `app.configure<SocketServerOptions>(SocketBindings.server(name)).to({…})`.
   *
   * @param name - @default the default server
   */
  export function server(name: string = DEFAULT_SERVER_NAME): BindingKey<SocketServer> {
    return SocketKeys.server(name);
  }
}
