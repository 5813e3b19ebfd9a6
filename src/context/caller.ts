import type {Constructor, Context} from '@loopback/core';
import type {OperationObject} from '@loopback/rest';
import type {Socket} from 'socket.io';
import type {ApplyCredentials} from '../options/server-options';
import type {SocketCall} from '../options/types';
import type {LazyContext} from './lazy-context';

/** The parts of a connection that its calls use. */
export interface Caller {
  /** Name of the server. */
  readonly server: string;
  readonly socket: Socket;
  /** The server's context, parent of the connection's. */
  readonly serverContext: Context;
  /** Parent of its calls' contexts. */
  readonly context: LazyContext;
  /** True when the application has bound something for the connection. */
  readonly extended: boolean;
  /** True when the socket has disconnected. */
  readonly gone: boolean;
  /** Those of its calls; aborted when the socket disconnects. The set is made at its first use. */
  readonly aborters: Set<AbortController>;
  /** Puts credentials where authentication strategies read them. */
  readonly applyCredentials: ApplyCredentials;
  /** Logs an error that no client can receive any more. */
  report(error: unknown, source: string): void;
}

/** The items that a client sends to a call. */
export interface CallUpload extends AsyncIterable<unknown> {
  /** True when the client has sent the last item. */
  readonly done: boolean;
  /** The call that takes the items; set once its method runs. */
  call: UploadingCall | undefined;
  /** Drops the items that the method has not taken. Reading throws the reason from now on. */
  end(reason: Error): void;
}

/** A call that takes items. */
export interface UploadingCall {
  /** Called when the client has sent the last item. */
  uploaded(): void;
  /** Answers it with an error, and aborts its method. */
  abort(error: Error): void;
}

/** The values of one run of a handler. */
export interface CallValues {
  readonly event: string;
  readonly credentials: unknown;
  readonly user?: unknown;
  /** The arguments of the handler: the socket first, then those of its kind. */
  readonly values: readonly unknown[];
  readonly args?: unknown;
  /** See `SocketBindings.AFTER`. */
  readonly after?: string | undefined;
  /** The call is aborted after this time, in ms. */
  readonly timeout?: number | undefined;
  /** True when the call continues after its socket disconnects, because its client may ask for the answer again. */
  readonly outlivesSocket?: boolean;
  /** True when its signal works until the socket disconnects, not only until the handler ends. */
  readonly keepsSignal?: boolean;
}

/** The controller method that a call runs. */
export interface ControllerMethod {
  /** Its name in messages and logs. */
  readonly label: string;
  readonly type: Constructor<unknown>;
  readonly member: string;
  /** Set when the method is a REST operation as well. */
  readonly operation?: {readonly spec: OperationObject} | undefined;
}

/** The state of a call that its contexts and their keys read. */
export interface CallState extends SocketCall {
  readonly caller: Caller;
  readonly method?: ControllerMethod;
  /** The instance whose method is called; set when it is made. */
  readonly controller?: object;
  readonly context: Context;
  /** The method's arguments, as interceptors see them. */
  methodArgs: unknown[];
  /** Set once the application has bound something for the call. */
  bound: boolean;
  /** Set once the invocation is used as a context. */
  openInvocation?: Context;
  /** Puts the values that were made without the context into the context. */
  publish(context: Context): void;
}
