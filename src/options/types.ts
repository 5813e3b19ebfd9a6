import type {InvocationSource} from '@loopback/core';
import type {Server as HttpServer} from 'node:http';
import type {Server as HttpsServer} from 'node:https';
import type {DefaultEventsMap, Namespace, Server as IoServer, Socket} from 'socket.io';

/** A ready HTTP server to listen on; the application starts and closes it. */
export type ReadyHttpServer = HttpServer | HttpsServer;

/** A socket.io server, for its namespace `/`, or one namespace: the argument of {@link SocketServer.start}. */
export type StartTarget = IoServer | Namespace;

/** Names and parameters of events, as socket.io's own types take them. */
// `any`, so that an interface of events fits.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type EventsMap = {[event: string]: any};

/** Credentials, args or a user, in the application's own shape. */
// `any`, so that a handler may declare the shape.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type SocketPayload = any;

/** Node's callback: the first argument is the error, if any. */
export type SocketCallback<Result = unknown> = (error?: unknown, result?: Result) => void;

/**
 * A function that authenticates a socket, or runs after its authentication.
 *
 * @typeParam ClientEvents - Events that clients emit.
 * @typeParam ServerEvents - Events that the server emits.
 */
export type ConnectionHandler<
  ClientEvents extends EventsMap = DefaultEventsMap,
  ServerEvents extends EventsMap = DefaultEventsMap,
> = (
  socket: Socket<ClientEvents, ServerEvents>,
  credentials: SocketPayload,
  callback: SocketCallback,
) => unknown;

/**
 * A function that runs after an authenticated socket has disconnected, with socket.io's `reason`. It has the
 * type parameters of {@link ConnectionHandler}.
 */
export type DisconnectHandler<
  ClientEvents extends EventsMap = DefaultEventsMap,
  ServerEvents extends EventsMap = DefaultEventsMap,
> = (socket: Socket<ClientEvents, ServerEvents>, reason: string) => unknown;

/** A function that answers a call. It has the type parameters of {@link ConnectionHandler}. */
export type MethodHandler<
  ClientEvents extends EventsMap = DefaultEventsMap,
  ServerEvents extends EventsMap = DefaultEventsMap,
> = (
  socket: Socket<ClientEvents, ServerEvents>,
  credentials: SocketPayload,
  args: SocketPayload,
  callback: SocketCallback,
) => unknown;

/**
 * A handler that is a method: each call reads `model[method]`, and runs it with `model` as `this`. If `model` is a
 * class without that static method, and is bound as a controller, each call gets an instance of it.
 */
export interface HandlerReference {
  model: object;
  method: string;
}

/**
 * One run of a handler for a socket. Interceptors find it as `invocationContext.source.value`; `withCall` gives it to
 * handlers.
 *
 * @typeParam Args - The args of a method.
 */
export interface SocketCall<Args = SocketPayload> {
  /** Name of the socket server. */
  readonly server: string;
  /** Name of the called method, or `authentication`, `connection` or `disconnect` for other handlers. */
  readonly event: string;
  readonly socket: Socket;
  /** The socket's latest credentials. */
  readonly credentials: SocketPayload;
  /** The result of the authentication; `undefined` while it runs. */
  readonly user: unknown;
  readonly args: Args;
  /** See `SocketBindings.AFTER`. */
  readonly after: string | undefined;
  /** See `SocketBindings.UPLOAD`; `undefined` when the client sends no items. */
  readonly upload: AsyncIterable<unknown> | undefined;
  /** See `SocketBindings.SIGNAL`. */
  readonly signal: AbortSignal;
}

/** `source` of the invocation contexts of socket handlers. */
export interface SocketInvocationSource extends InvocationSource<SocketCall> {
  readonly type: 'socket';
}

/** Where a logged error comes from. */
export interface SocketFailureSource {
  /** Name of the socket server; `(all)` for an error that belongs to no server in particular. */
  server: string;
  /**
   * The handler that failed, such as `UserController.getProfile`, or the event. At most 200 characters;
   * characters that cannot be printed are written as `\u{a}`.
   */
  handler: string;
  /** socket.io's id of the socket, if there is one. */
  socketId?: string;
}

/** Logs an error that no client receives, or a configuration problem at run time. */
export type LogSocketError = (
  error: unknown,
  statusCode: number,
  source: SocketFailureSource,
) => void;
