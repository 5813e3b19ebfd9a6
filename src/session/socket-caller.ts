import type {Context} from '@loopback/core';
import type {Socket} from 'socket.io';
import {MAX_DELAY} from '../common/timers';
import type {Call} from '../context/call';
import {ConnectionContext} from '../context/contexts';
import {refuseCall} from '../dispatch/answer';
import type {Ack, Packet} from '../dispatch/packet';
import type {
  DispatchSession,
  GuardsDone,
  InFlightCall,
  KeptReply,
} from '../dispatch/ports';
import {loseUpload} from '../dispatch/uploading';
import {internalsOf} from '../engine/internals';
import {encodeItem} from '../engine/item-codec';
import type {EncodedItem} from '../engine/item-codec';
import {decodeReply, encodeReply} from '../engine/reply-codec';
import {hasQueued, isQueueFull, whenFlushed} from '../engine/slow-readers';
import {Admission} from '../namespace/admission';
import {recoveryTimeOf} from '../namespace/recovery-sessions';
import type {ApplyCredentials} from '../options/server-options';
import {SocketUploads} from '../streams/socket-uploads';
import type {Failure} from '../wire/failures';
import type {SocketError} from '../wire/refusals';
import type {SocketAuthentication} from './authentication';
import {runEventListeners, runGuards} from './guards';
import type {SessionEndpoint} from './ports';

let sessions = 0;

/** A socket as its calls see it: its user, its context, and the calls in flight. */
export abstract class SocketCaller implements DispatchSession {
  abstract readonly authentication: SocketAuthentication;
  /** The ack of the packet that is handled now. */
  handling: Ack | undefined;
  starting: Call | undefined;
  extended = false;
  refusal: SocketError | undefined;
  readonly order = ++sessions;
  private calls?: Set<InFlightCall>;
  private ownUploads?: SocketUploads;
  private ownAborters?: Set<AbortController>;
  private ownContext: ConnectionContext | undefined;
  /** The released context: the application may have kept a reference to it. */
  private keptContext?: WeakRef<ConnectionContext>;

  constructor(
    readonly endpoint: SessionEndpoint,
    readonly socket: Socket,
  ) {}

  get credentials(): unknown {
    return this.authentication.credentials;
  }

  get user(): unknown {
    return this.authentication.user;
  }

  get authenticated(): boolean {
    return this.authentication.state === 'authenticated';
  }

  checkAuthenticated(): boolean {
    return this.authentication.checkExpiry();
  }

  get gone(): boolean {
    return this.authentication.state === 'closed';
  }

  get userKey(): string {
    return `${this.server} ${this.authentication.room ?? this.socket.id}`;
  }

  get canReturn(): boolean {
    const {authentication, socket} = this;
    return authentication.room !== undefined || recoveryTimeOf(socket.nsp) > 0;
  }

  get returnTime(): number {
    const {authentication, endpoint, socket} = this;
    if (!endpoint.isOpen) return 0;
    if (authentication.room === undefined)
      return Admission.of(socket.nsp).sessions.keptFor(socket);
    const {retryWindow} = endpoint.options;
    return retryWindow ? retryWindow.time : 0;
  }

  get namespace(): string {
    return this.socket.nsp.name;
  }

  get server(): string {
    return this.endpoint.name;
  }

  get serverContext(): Context {
    return this.endpoint.context;
  }

  get applyCredentials(): ApplyCredentials {
    return this.endpoint.applyCredentials;
  }

  get inFlight(): Set<InFlightCall> {
    return (this.calls ??= new Set());
  }

  get callsInFlight(): number {
    return this.calls?.size ?? 0;
  }

  get uploads(): SocketUploads {
    const {streamTimeout} = this.endpoint.options;
    return (this.ownUploads ??= new SocketUploads(
      streamTimeout === false || streamTimeout > MAX_DELAY ? undefined : streamTimeout,
      bytes =>
        this.authenticated ||
        (this.authentication.undecided?.mayHold(this.socket.conn, bytes) ?? false),
    ));
  }

  get aborters(): Set<AbortController> {
    return (this.ownAborters ??= new Set());
  }

  get context(): ConnectionContext {
    return (this.ownContext ??= this.keptContext?.deref() ?? this.makeContext());
  }

  releaseContext(): void {
    const {ownContext} = this;
    if (this.extended || !ownContext) return;
    this.keptContext = new WeakRef(ownContext);
    this.ownContext = undefined;
  }

  private makeContext(): ConnectionContext {
    return ConnectionContext.of(this, context => {
      this.extended = true;
      this.ownContext = context;
    });
  }

  protected closeContext(): void {
    (this.ownContext ?? this.keptContext?.deref())?.close();
  }

  get queueFull(): boolean {
    return isQueueFull(this.socket.conn);
  }

  get hasQueued(): boolean {
    return hasQueued(this.socket.conn);
  }

  whenFlushed(): Promise<void> {
    return whenFlushed(this.socket.conn);
  }

  get guarded(): boolean {
    return internalsOf(this.socket).fns.length > 0;
  }

  runGuards(packet: Packet, done: GuardsDone): void {
    runGuards(this, [...internalsOf(this.socket).fns], packet, done);
  }

  runListeners(packet: Packet, ack: Ack | undefined): boolean {
    return runEventListeners(this, packet, ack);
  }

  encodeItem(item: unknown, id: string | null): EncodedItem {
    return encodeItem(this.socket.nsp, item, id);
  }

  encodeReply(reply: unknown[]): KeptReply {
    return encodeReply(this.socket.nsp, reply);
  }

  decodeReply(kept: KeptReply): unknown[] {
    return decodeReply(this.socket.nsp, kept);
  }

  fail(thrown: unknown, handler: string): Failure {
    return this.endpoint.failures.fail(thrown, handler, this.socket);
  }

  report(error: unknown, source: string): void {
    this.endpoint.failures.report(error, source, this.socket);
  }

  /** Answers the calls in flight with an error, or with what their methods have called back. */
  protected refuseCalls(error: SocketError): void {
    if (this.handling) refuseCall(this, error, this.starting, this.handling);
    for (const call of this.calls ?? []) call.refuse(error);
    this.endpoint.streams.refuse(this, error);
    this.ownUploads?.refuse(error);
  }

  /** Ends the calls of a socket that has left. Those whose answer is kept run on. */
  protected leaveCalls(): void {
    for (const aborter of this.ownAborters ?? []) aborter.abort();
    for (const call of this.calls ?? []) call.leave();
    this.endpoint.streams.leave(this, this.returnTime);
    this.ownUploads?.leave(slot => loseUpload(this, slot));
  }
}
