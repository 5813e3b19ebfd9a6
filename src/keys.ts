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

  /** The socket.io server that all named servers share. Exists from `app.init()` on. */
  export const IO = SocketKeys.IO;

  /** Logs errors that clients do not receive. @default `console.error` */
  export const LOG_ERROR = SocketKeys.LOG_ERROR;

  /** The server of a connection or a call. */
  export const SERVER = SocketKeys.SERVER as BindingKey<SocketServer>;
  /** The socket.io socket of a connection or a call. */
  export const SOCKET = SocketKeys.SOCKET;
  /** The context of a connection. All calls of the connection see its bindings. */
  export const CONNECTION = SocketKeys.CONNECTION;
  /** The latest credentials of a call's socket. */
  export const CREDENTIALS = SocketKeys.CREDENTIALS;
  /** The arguments of a call. */
  export const ARGS = SocketKeys.ARGS;
  /**
   * The id of the item after which a stream starts, as `tracked` gave it; `undefined` for a stream from its
   * beginning, and over REST. Only a method that injects it can be asked to start after an item.
   */
  export const AFTER = SocketKeys.AFTER;
  /**
   * The items that the client sends to the method: an async iterable, which throws unless the client has sent them
   * all. Only a call with `$call.upload` has it: with `{optional: true}` other calls, and REST, have `undefined`.
   */
  export const UPLOAD = SocketKeys.UPLOAD;
  /**
   * Aborts a running call when its time limit is over, when its client cancels it, or when its socket
   * disconnects. A call with an id goes on without its socket, and after a limit that its client has set.
   * Work that goes on after its call listens to the socket's `disconnect` instead. The signal of a connected
   * handler aborts when the socket disconnects, also after the handler.
   *
   * A REST operation that is a socket method too can have it as a parameter: it aborts when the client leaves
   * before it has the whole response.
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
