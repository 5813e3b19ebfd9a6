import type {HttpServerOptions} from '@loopback/http-server';
import type {Server as HttpServer} from 'node:http';
import type {Server as HttpsServer} from 'node:https';
import type {
  Server as IoServer,
  ServerOptions as IoServerOptions,
  Namespace,
  Socket,
} from 'socket.io';

/** Name of the server that {@link SocketComponent} binds. */
export const DEFAULT_SERVER_NAME = 'SocketServer';

/** A ready HTTP server to listen on; the application starts and closes it. */
export type ReadyHttpServer = HttpServer | HttpsServer;

/** What a client says about itself; its shape is the application's. */
// `any`, so that a handler may declare the shape it expects.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type SocketPayload = any;

/** Node's callback: the first argument is the error, if any. */
export type SocketCallback<Result = unknown> = (error?: unknown, result?: Result) => void;

/** A function that authenticates a socket or runs once it is authenticated. */
export type ConnectionHandler = (
  socket: Socket,
  credentials: SocketPayload,
  callback: SocketCallback,
) => unknown;

/** A function that runs when an authenticated socket is gone; `reason` is socket.io's. */
export type DisconnectHandler = (socket: Socket, reason: string) => unknown;

/** A function that answers a call. */
export type MethodHandler = (
  socket: Socket,
  credentials: SocketPayload,
  args: SocketPayload,
  callback: SocketCallback,
) => unknown;

/**
 * Names a handler by its owner: `model[method]` is read at each call, with `model` as `this`.
 * A class that has no such static and is bound as a controller is resolved for each call.
 */
export interface HandlerReference {
  model: object;
  method: string;
}

/** socket.io's function form of a dynamic namespace. */
export type NamespaceMatcher = (
  name: string,
  auth: Record<string, unknown>,
  next: (error: Error | null, allowed: boolean) => void,
) => void;

/** Configuration of one named server: `app.configure(SocketBindings.server(name)).to(options)`. */
export interface SocketServerOptions {
  /**
   * socket.io namespace. To be set before the application starts and before `server.io` is used.
   * @default '/' for the default server, otherwise '/' and the server's name
   */
  namespace?: string | RegExp | NamespaceMatcher;
  /**
   * ms from connecting until `authenticated`, connected handlers included. A socket that takes
   * longer gets `unauthorized` (408) and is disconnected. `false` for no limit.
   * @default 3000
   */
  timeout?: number | false;
  /**
   * Where credentials come from: the `authentication` event, socket.io's `handshake.auth`, or
   * both, where a non-empty `handshake.auth` counts as the first `authentication`.
   * @default 'both'
   */
  credentials?: 'event' | 'handshake' | 'both';
  /**
   * Serve without an authentication handler: clients still send `authentication`, and any
   * credentials pass.
   * @default false
   */
  anonymous?: boolean;
}

/** Configuration of the component: `app.configure(SocketBindings.COMPONENT).to(options)`. */
export interface SocketComponentOptions {
  /** socket.io's own options, passed through; to be set before `app.init()`. @default {} */
  io?: Partial<IoServerOptions>;
  /**
   * Where to listen: options for an HTTP server of its own, a ready `http.Server`, or a function
   * that returns one, called at start.
   * @default the REST server's
   */
  http?:
    | HttpServerOptions
    | ReadyHttpServer
    | (() => ReadyHttpServer | Promise<ReadyHttpServer>);
  /** ms that `stop()` waits for calls in flight, and then for disconnected handlers. @default 5000 */
  drainTimeout?: number;
}

/** {@link SocketServerOptions} with the defaults that do not depend on the server's name. */
export const DEFAULT_SOCKET_SERVER_OPTIONS = {
  timeout: 3000,
  credentials: 'both',
  anonymous: false,
} as const satisfies SocketServerOptions;

/** {@link SocketComponentOptions} with its defaults. */
export const DEFAULT_SOCKET_COMPONENT_OPTIONS = {
  io: {},
  drainTimeout: 5000,
} as const satisfies SocketComponentOptions;

/** What {@link SocketServer.start} accepts: all of `/`, or one namespace. */
export type StartTarget = IoServer | Namespace;

/** What a logged failure was about. */
export interface SocketFailureSource {
  /** Name of the socket server. */
  server: string;
  /** The handler that failed, such as `UserController.getProfile`, or the event. */
  handler: string;
  /** socket.io's id of the socket, where there is one. */
  socketId?: string;
}

/** Logs a failure that the client is told nothing about, or a configuration problem at run time. */
export type LogSocketError = (
  error: unknown,
  statusCode: number,
  source: SocketFailureSource,
) => void;
