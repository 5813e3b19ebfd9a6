import {inspect} from 'node:util';
import type {Binding, Context, InterceptedInvocationContext} from '@loopback/core';
import type {Request} from '@loopback/rest';
import type {Socket} from 'socket.io';
import {isStoppedBy} from '../common/aborted';
import {guardSignal} from '../common/guarded';
import type {SocketCall} from '../options/types';
import {SocketErrors} from '../wire/refusals';
import type {CallState, Caller, CallUpload, CallValues, ControllerMethod} from './caller';
import {CallContext} from './contexts';
import {createInvocation} from './light-invocation';
import {cacheOf, keepResolved} from './light-context';

const NO_ARGS: unknown[] = [];

/** One run of a handler. Makes its context at the first use. The caller of the handler closes the call. */
export class Call implements SocketCall, CallState {
  readonly event: string;
  readonly credentials: unknown;
  readonly user: unknown;
  readonly values: readonly unknown[];
  readonly args: unknown;
  readonly after: string | undefined;
  method?: ControllerMethod;
  controller?: object;
  /** The arguments of the method, as interceptors see them. */
  methodArgs: unknown[] = NO_ARGS;
  /** True when the application has bound something for the call. */
  bound = false;
  readonly timeout: number | undefined;
  private readonly outlivesSocket: boolean;
  private readonly keepsSignal: boolean;
  /** True when the end of the connection no longer aborts the call. */
  private released = false;
  private ownAborter?: AbortController;
  private ownContext?: CallContext;
  private ownInvocation?: InterceptedInvocationContext;
  /** The invocation context, after its first use as a context. */
  openInvocation?: Context;
  /** Binding, value, binding, value, … of REQUEST scope. A map with one entry needs four times the memory. */
  private requestValues: unknown[] | undefined;
  /**
   * The request that the strategy of a socket has read; `failed` when the strategy threw. Only declared, so that
   * calls of methods have no such property.
   */
  declare strategy?: {readonly request: Request; readonly failed: boolean};
  /** The items that the client sends. Only declared, too. */
  declare upload: CallUpload | undefined;
  /** The values that the method's callback received; `answered` when the client has them. Only declared, too. */
  declare outcome?: {
    readonly error: unknown;
    readonly result: unknown;
    answered: boolean;
  };

  constructor(
    readonly caller: Caller,
    {
      event,
      credentials,
      user,
      values,
      args,
      after,
      timeout,
      outlivesSocket,
      keepsSignal,
    }: CallValues,
  ) {
    this.event = event;
    this.credentials = credentials;
    this.user = user;
    this.values = values;
    this.args = args;
    this.after = after;
    this.timeout = timeout;
    this.outlivesSocket = outlivesSocket ?? false;
    this.keepsSignal = keepsSignal ?? false;
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
    this.upload?.end(reason);
  }

  /** Returns true when the method failed because the call's signal was aborted. */
  isStoppedBy(thrown: unknown): boolean {
    return isStoppedBy(this.ownAborter?.signal, thrown);
  }

  get context(): Context {
    return (this.ownContext ??= CallContext.of(this.caller.context, this));
  }

  /** The form in logs, without credentials. */
  toJSON(): object {
    const {event, server, socket} = this;
    return {server, event, socketId: socket.id};
  }

  [inspect.custom](): object {
    return this.toJSON();
  }

  /** The context that interceptors receive, and that resolves the injected parameters of the method. */
  get invocationContext(): InterceptedInvocationContext {
    return (this.ownInvocation ??= createInvocation(this));
  }

  /** Returns the value of a binding in REQUEST scope. Calls `make` the first time. */
  once(binding: Readonly<Binding<unknown>>, make: (call: Call) => unknown): unknown {
    const {ownContext, requestValues: made} = this;
    for (let at = 0; made && at < made.length; at += 2) {
      if (made[at] === binding) return made[at + 1];
    }
    if (ownContext) {
      const cache = cacheOf(binding);
      if (cache?.has(ownContext)) return cache.get(ownContext);
    }
    const value = make(this);
    if (this.requestValues) this.requestValues.push(binding, value);
    else this.requestValues = [binding, value];
    return value;
  }

  /** Puts the values that were made without the context into the context. */
  publish(context: Context): void {
    const {requestValues: made = []} = this;
    for (let at = 0; at < made.length; at += 2) {
      keepResolved(made[at] as Binding<unknown>, context, made[at + 1]);
    }
    this.requestValues = undefined;
  }

  /** Returns true when the application has bound the key for the call or its connection. */
  hides(key: string): boolean {
    const {bound, caller} = this;
    return (
      (caller.extended && caller.context.binds(key)) ||
      (bound &&
        ((this.ownContext?.binds(key) ?? false) ||
          (this.openInvocation?.contains(key) ?? false)))
    );
  }

  /** True when the application has bound interceptors for the call or its connection. */
  get intercepts(): boolean {
    const {bound, caller} = this;
    return (
      (caller.extended && caller.context.intercepts) ||
      (bound && (this.ownContext?.intercepts ?? false))
    );
  }

  private get aborter(): AbortController {
    return (this.ownAborter ??= this.makeAborter());
  }

  private makeAborter(): AbortController {
    const {caller, event, method, outlivesSocket, released} = this;
    const aborter = new AbortController();
    // Does not capture the call: a listener may live longer than the call.
    const label = method?.label ?? event;
    guardSignal(aborter.signal, error => caller.report(error, label));
    if (outlivesSocket) return aborter;
    if (caller.gone) aborter.abort();
    else if (!released) caller.aborters.add(aborter);
    return aborter;
  }

  close(): void {
    this.released = !this.keepsSignal;
    if (this.ownAborter && this.released) this.caller.aborters.delete(this.ownAborter);
    this.upload?.end(SocketErrors.uploadGone());
    this.openInvocation?.close();
    if (!this.ownContext) return;
    this.ownContext.close();
    // A call that runs on after its connection has closed may have opened the context again.
    if (this.caller.gone) this.caller.context.close();
  }
}
