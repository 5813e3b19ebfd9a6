import type {Binding, Constructor, Context} from '@loopback/core';
import type {OperationObject} from '@loopback/rest';
import type {Socket} from 'socket.io';
import {guardSignal} from '../faults';
import type {ApplyCredentials} from '../configuration';
import type {SocketCall} from '../types';
import {CallContext} from './contexts';
import {keepResolved} from './light-context';

/** What a call needs of the connection that it belongs to. */
export interface Caller {
  /** Name of the server. */
  readonly server: string;
  readonly socket: Socket;
  /** The server's context, parent of the connection's. */
  readonly serverContext: Context;
  /** Parent of its calls' contexts. */
  readonly context: Context;
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

/** One run of a handler. Its context is made when something asks for it; whoever runs it closes it. */
export class Call implements SocketCall {
  readonly event: string;
  readonly credentials: unknown;
  readonly user: unknown;
  readonly values: readonly unknown[];
  readonly args: unknown;
  method?: ControllerMethod;
  controller?: object;
  readonly timeout: number | undefined;
  private readonly outlives: boolean;
  private readonly lasts: boolean;
  /** Whether its connection does not abort it any more. */
  private released = false;
  private ownAborter?: AbortController;
  private ownContext?: CallContext;
  private made?: Map<Readonly<Binding<unknown>>, unknown>;
  /** Made of it for interceptors. */
  invocation?: Context;

  constructor(
    readonly caller: Caller,
    {event, credentials, user, values, args, timeout, outlives, lasts}: CallValues,
  ) {
    this.event = event;
    this.credentials = credentials;
    this.user = user;
    this.values = values;
    this.args = args;
    this.timeout = timeout;
    this.outlives = outlives ?? false;
    this.lasts = lasts ?? false;
  }

  get server(): string {
    return this.caller.server;
  }

  get socket(): Socket {
    return this.caller.socket;
  }

  get signal(): AbortSignal {
    return this.aborter.signal;
  }

  abort(reason: Error): void {
    this.aborter.abort(reason);
  }

  get context(): Context {
    return (this.ownContext ??= this.makeContext());
  }

  /** What a binding in REQUEST scope has resolved to, made the first time. */
  once(binding: Readonly<Binding<unknown>>, make: (call: Call) => unknown): unknown {
    this.made ??= new Map();
    let value = this.made.get(binding);
    if (value === undefined) {
      value = make(this);
      this.made.set(binding, value);
    }
    return value;
  }

  private get aborter(): AbortController {
    return (this.ownAborter ??= this.makeAborter());
  }

  private makeAborter(): AbortController {
    const {caller, event, method, outlives, released} = this;
    const aborter = new AbortController();
    // A listener may be kept longer than the call, which it must not keep.
    const label = method?.label ?? event;
    guardSignal(aborter.signal, error => caller.report(error, label));
    if (outlives) return aborter;
    if (caller.gone) aborter.abort();
    else if (!released) caller.aborters.add(aborter);
    return aborter;
  }

  private makeContext(): CallContext {
    const context = CallContext.of(this.caller.context, this);
    for (const [binding, value] of this.made ?? []) keepResolved(binding, context, value);
    return context;
  }

  /** Whether its context, or its connection's, may hold what the application has bound. */
  get bound(): boolean {
    return this.ownContext !== undefined || this.caller.extended;
  }

  close(): void {
    this.released = !this.lasts;
    if (this.ownAborter && this.released) this.caller.aborters.delete(this.ownAborter);
    this.invocation?.close();
    if (!this.ownContext) return;
    this.ownContext.close();
    // A call that outlives its connection may have made its context listen again.
    if (this.caller.gone) this.caller.context.close();
  }
}
