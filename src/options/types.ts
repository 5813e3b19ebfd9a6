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

/** What a client says about itself; its shape is the application's. */
// `any`, so that a handler may declare the shape it expects.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type SocketPayload = any;

/** Node's callback: the first argument is the error, if any. */
export type SocketCallback<Result = unknown> = (error?: unknown, result?: Result) => void;

/**
 * A function that authenticates a socket or runs once it is authenticated.
 *
 * @typeParam ClientEvents - What clients emit.
 * @typeParam ServerEvents - What the server emits.
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
 * A function that runs when an authenticated socket is gone; `reason` is socket.io's. Its type parameters
 * are those of {@link ConnectionHandler}.
 */
export type DisconnectHandler<
  ClientEvents extends EventsMap = DefaultEventsMap,
  ServerEvents extends EventsMap = DefaultEventsMap,
> = (socket: Socket<ClientEvents, ServerEvents>, reason: string) => unknown;

/** A function that answers a call. Its type parameters are those of {@link ConnectionHandler}. */
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
 * Names a handler by its owner: `model[method]` is read at each call, with `model` as `this`.
 * A class that has no such static and is bound as a controller is resolved for each call.
 */
export interface HandlerReference {
  model: object;
  method: string;
}

/** One run of a handler for a socket: what interceptors find as `invocationContext.source.value`. */
export interface SocketCall {
  /** Name of the socket server. */
  readonly server: string;
  /**
   * Name of the method that was called; `authentication`, `connection` or `disconnect` for the other
   * kinds of handlers.
   */
  readonly event: string;
  readonly socket: Socket;
  /** What the socket last authenticated with, or is authenticating with. */
  readonly credentials: SocketPayload;
  /** What authentication answered with; `undefined` while it runs. */
  readonly user: unknown;
  readonly args: SocketPayload;
  /**
   * Aborts, as long as it runs, when its time limit is over, or its socket is gone; a call with an id goes
   * on without its socket. See `SocketBindings.SIGNAL`.
   */
  readonly signal: AbortSignal;
}

/** `source` of the invocation contexts of socket handlers. */
export interface SocketInvocationSource extends InvocationSource<SocketCall> {
  readonly type: 'socket';
}

/** What a logged failure was about. */
export interface SocketFailureSource {
  /** Name of the socket server; `(all)` where it concerns none in particular. */
  server: string;
  /**
   * The handler that failed, such as `UserController.getProfile`, or the event: 200 characters at most,
   * those that cannot be printed as `\u{a}`.
   */
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
