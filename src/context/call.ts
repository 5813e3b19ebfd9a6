import {inspect} from 'node:util';
import type {Binding, Context, InterceptedInvocationContext} from '@loopback/core';
import type {Request} from '@loopback/rest';
import type {Socket} from 'socket.io';
import {guardSignal} from '../common/guarded';
import type {SocketCall} from '../options/types';
import type {CallState, Caller, CallValues, ControllerMethod} from './caller';
import {CallContext} from './contexts';
import {createInvocation} from './light-invocation';
import {cacheOf, keepResolved} from './light-context';

const NO_ARGS: unknown[] = [];

/** One run of a handler. Its context is made when something asks for it; whoever runs it closes it. */
export class Call implements SocketCall, CallState {
  readonly event: string;
  readonly credentials: unknown;
  readonly user: unknown;
  readonly values: readonly unknown[];
  readonly args: unknown;
  method?: ControllerMethod;
  controller?: object;
  /** Of the method, as interceptors see them. */
  methodArgs: unknown[] = NO_ARGS;
  /** Whether the application has bound something for the call. */
  bound = false;
  readonly timeout: number | undefined;
  private readonly outlives: boolean;
  private readonly lasts: boolean;
  /** Whether its connection does not abort it any more. */
  private released = false;
  private ownAborter?: AbortController;
  private ownContext?: CallContext;
  private ownInvocation?: InterceptedInvocationContext;
  /** The invocation, once it is a context. */
  openInvocation?: Context;
  /** Values in REQUEST scope, each behind its binding; a map takes four times as much for one. */
  private made: unknown[] | undefined;
  /**
   * What the strategy read that has authenticated a socket, and whether it threw. Only declared: calls of
   * methods have no such property.
   */
  declare strategy?: {readonly request: Request; readonly failed: boolean};
  /** What its method has called back, and whether its client was told so at once. Only declared, too. */
  declare outcome?: {readonly error: unknown; readonly result: unknown; told: boolean};

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

  /** Says whether this is what its method fails with because its signal was aborted. */
  isStoppedBy(thrown: unknown): boolean {
    const signal = this.ownAborter?.signal;
    if (!signal?.aborted) return false;
    try {
      // Functions of Node's reject with an error of their own.
      const {cause} = thrown as {cause?: unknown};
      return thrown === signal.reason || cause === signal.reason;
    } catch {
      // It is `undefined`, or cannot be read.
      return false;
    }
  }

  get context(): Context {
    return (this.ownContext ??= CallContext.of(this.caller.context, this));
  }

  /** In logs, without credentials. */
  toJSON(): object {
    const {event, server, socket} = this;
    return {server, event, socketId: socket.id};
  }

  [inspect.custom](): object {
    return this.toJSON();
  }

  /** Gives what interceptors receive; LoopBack resolves the parameters of the method in it, too. */
  get invocationContext(): InterceptedInvocationContext {
    return (this.ownInvocation ??= createInvocation(this));
  }

  /** Gives what a binding in REQUEST scope has resolved to, and makes it the first time. */
  once(binding: Readonly<Binding<unknown>>, make: (call: Call) => unknown): unknown {
    const {made, ownContext} = this;
    for (let at = 0; made && at < made.length; at += 2) {
      if (made[at] === binding) return made[at + 1];
    }
    if (ownContext) {
      const cache = cacheOf(binding);
      if (cache?.has(ownContext)) return cache.get(ownContext);
    }
    const value = make(this);
    if (this.made) this.made.push(binding, value);
    else this.made = [binding, value];
    return value;
  }

  /** Lets its context find what was made without it. */
  publish(context: Context): void {
    const {made = []} = this;
    for (let at = 0; at < made.length; at += 2) {
      keepResolved(made[at] as Binding<unknown>, context, made[at + 1]);
    }
    this.made = undefined;
  }

  /** Says whether the application has bound that key for the call or its connection. */
  hides(key: string): boolean {
    const {bound, caller} = this;
    return (
      (caller.extended && caller.context.binds(key)) ||
      (bound &&
        ((this.ownContext?.binds(key) ?? false) ||
          (this.openInvocation?.contains(key) ?? false)))
    );
  }

  /** Whether the application has bound interceptors for the call or its connection. */
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

  close(): void {
    this.released = !this.lasts;
    if (this.ownAborter && this.released) this.caller.aborters.delete(this.ownAborter);
    this.openInvocation?.close();
    if (!this.ownContext) return;
    this.ownContext.close();
    // A call that outlives its connection may have made its context listen again.
    if (this.caller.gone) this.caller.context.close();
  }
}
