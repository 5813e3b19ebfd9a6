import type {Constructor, Context} from '@loopback/core';
import type {OperationObject} from '@loopback/rest';
import type {Socket} from 'socket.io';
import type {ApplyCredentials} from '../options/server-options';
import type {SocketCall} from '../options/types';
import type {LazyContext} from './lazy-context';

/** What a call needs of the connection that it belongs to. */
export interface Caller {
  /** Name of the server. */
  readonly server: string;
  readonly socket: Socket;
  /** The server's context, parent of the connection's. */
  readonly serverContext: Context;
  /** Parent of its calls' contexts. */
  readonly context: LazyContext;
  /** Whether the application has bound something for the connection. */
  readonly extended: boolean;
  /** Whether the socket is gone. */
  readonly gone: boolean;
  /** Of its calls, to be aborted when the socket is gone; made when there is one. */
  readonly aborters: Set<AbortController>;
  /** Puts credentials where authentication strategies read them. */
  readonly applyCredentials: ApplyCredentials;
  /** Logs what a function threw that answers nobody any more. */
  report(error: unknown, source: string): void;
}

/** What a handler is run with. */
export interface CallValues {
  readonly event: string;
  readonly credentials: unknown;
  readonly user?: unknown;
  /** What the handler receives, in order: the socket, and what its kind gives it. */
  readonly values: readonly unknown[];
  readonly args?: unknown;
  /** In ms, after which the call is aborted. */
  readonly timeout?: number | undefined;
  /** Whether it goes on when its socket is gone, because its client may come back for the answer. */
  readonly outlives?: boolean;
  /** Whether its signal is for as long as the socket, not for the run alone. */
  readonly lasts?: boolean;
}

/** The controller method that a call runs. */
export interface ControllerMethod {
  /** How messages and logs name it. */
  readonly label: string;
  readonly type: Constructor<unknown>;
  readonly member: string;
  /** Where it is a REST operation as well. */
  readonly operation?: {readonly spec: OperationObject} | undefined;
}

/** The state of a call that its contexts and their keys read. */
export interface CallState extends SocketCall {
  readonly caller: Caller;
  readonly method?: ControllerMethod;
  /** The instance whose method is called, from when it is made. */
  readonly controller?: object;
  readonly context: Context;
  /** The method's arguments, as interceptors see them. */
  methodArgs: unknown[];
  /** Set once the application has bound something for the call. */
  bound: boolean;
  /** Set once the invocation is used as a context. */
  openInvocation?: Context;
  /** Hands the values that were made without the call's context to that context. */
  publish(context: Context): void;
}
