import {inspect} from 'node:util';
import type {Namespace, Socket} from 'socket.io';
import {debugRefusalOf} from '../engine/debug-lines';
import {limitAttachments} from '../engine/attachments';
import {runGuarded, runListeners} from '../common/guarded';
import type {Report} from '../common/guarded';
import {guardAck, guardBroadcasts, guardOperator, reportOf} from './broadcasts';
import {SocketError} from '../wire/refusals';
import {internalsOf, namespaceInternalsOf} from '../engine/internals';
import {PacketTypes, parserOf} from '../engine/packets';
import type {Operator} from '../engine/internals';

type Middleware = (socket: Socket, next: (error?: Error) => void) => unknown;

/** An event packet: its name and arguments, and the id of the ack that was asked for. */
export interface EventPacket {
  readonly data?: unknown[];
  readonly id?: number | null;
}

/** What a socket belongs to: it takes its packets, and is told of its end and its listeners' faults. */
export interface SocketOwner {
  /** Whether it is let into rooms. */
  readonly admitted: boolean;
  readonly authenticated: boolean;
  /** Whether its authentication is under way. */
  readonly authenticating: boolean;
  receive(packet: EventPacket): void;
  /** Says what is wrong with the client's answer to an event, if anything. */
  refusalOf(answer: readonly unknown[]): SocketError | undefined;
  /** Called before the server disconnects the socket. */
  dismiss(): void;
  /** Called once, when the socket is gone. */
  left(reason: string): void;
  report(error: unknown, source: string): void;
}

const OWNER = Symbol('owner');

type OwnedSocket = Socket & {[OWNER]: SocketOwner};

const TIMED = Symbol('timed');

/** An ack that has a timeout is given an error first; one that waits for ever is not. */
type AckCallback = ((...args: unknown[]) => unknown) & {[TIMED]?: true};

/** What is put on a socket. */
interface Guarded {
  [OWNER]: SocketOwner;
  onevent: typeof onevent;
  onack: typeof onack;
  registerAckCallback: typeof registerAckCallback;
  emitReserved: typeof emitReserved;
  notifyOutgoingListeners: typeof notifyOutgoingListeners;
  newBroadcastOperator: typeof newBroadcastOperator;
  disconnect: typeof disconnect;
  toJSON: typeof toJSON;
  [inspect.custom]: typeof toJSON;
}

/** What socket.io's class of sockets does. */
interface SocketMethods {
  onack(this: Socket, packet: EventPacket): void;
  registerAckCallback(this: Socket, id: number, ack: AckCallback): void;
  newBroadcastOperator(this: Socket): Operator;
  disconnect(this: Socket, close?: boolean): Socket;
}

/**
 * Hands a socket's events to its owner, and keeps its listeners from ending the process. What is put on
 * the socket is shared by all, and put there one by one in the same order: so sockets keep one shape,
 * which each would otherwise have for itself.
 */
export function guardSocket(socket: Socket, owner: SocketOwner): void {
  const guarded = socket as unknown as Guarded;
  guarded[OWNER] = owner;
  guarded.onevent = onevent;
  guarded.onack = onack;
  guarded.registerAckCallback = registerAckCallback;
  guarded.emitReserved = emitReserved;
  guarded.notifyOutgoingListeners = notifyOutgoingListeners;
  guarded.newBroadcastOperator = newBroadcastOperator;
  guarded.disconnect = disconnect;
  guarded.toJSON = toJSON;
  guarded[inspect.custom] = toJSON;
}

/** What a socket belongs to, from when it has joined its namespace. */
export function ownerOf(socket: Socket): SocketOwner | undefined {
  return (socket as Socket & {[OWNER]?: SocketOwner})[OWNER];
}

function onevent(this: OwnedSocket, packet: EventPacket): void {
  const owner = this[OWNER];
  try {
    owner.receive(packet);
  } catch (error) {
    owner.report(error, 'socket');
  }
}

/**
 * Called with a client's answer. One that is refused counts as none: an emit with a timeout fails at once, and
 * says why; another waits as for a client that never answers.
 */
function onack(this: OwnedSocket, packet: EventPacket): void {
  const refusal = this[OWNER].refusalOf(packet.data ?? []);
  if (!refusal) {
    methodsOf(this).onack.call(this, packet);
    return;
  }
  const {acks} = internalsOf(this);
  const ack: AckCallback | undefined = acks.get(packet.id);
  if (ack?.[TIMED]) ack(refusal);
  acks.delete(packet.id);
}

/** Called with the ack of an event of the server's; socket.io calls it, or a timer of socket.io's. */
function registerAckCallback(this: OwnedSocket, id: number, ack: AckCallback): void {
  const {acks, flags} = internalsOf(this);
  const fail = (error: unknown) => this[OWNER].report(error, 'ack of socket.emit');
  const register = (callback: AckCallback) =>
    methodsOf(this).registerAckCallback.call(this, id, guardAck(callback, fail));
  if (flags.timeout === undefined) {
    register(ack);
    return;
  }
  // socket.io puts `null` before what it takes for an answer.
  register((error, ...answer) =>
    answer[0] instanceof SocketError ? ack(answer[0]) : ack(error, ...answer),
  );
  const timed: AckCallback | undefined = acks.get(id);
  if (timed) timed[TIMED] = true;
}

/** Called with `disconnecting`, `disconnect` and `error`. */
function emitReserved(this: OwnedSocket, event: string, ...args: unknown[]): boolean {
  if (event === 'disconnect') this[OWNER].left(args[0] as string);
  return runListeners(this, event, args, error =>
    this[OWNER].report(error, `socket.on('${event}')`),
  );
}

function notifyOutgoingListeners(this: OwnedSocket, {data = []}: EventPacket): void {
  const listeners = this.listenersAnyOutgoing();
  if (listeners.length === 0) return;
  // A listener may remove itself.
  for (const listener of [...listeners]) {
    runGuarded(
      () => Reflect.apply(listener, this, data),
      error => this[OWNER].report(error, 'socket.onAnyOutgoing'),
    );
  }
}

/** Called where a socket broadcasts to others. */
function newBroadcastOperator(this: Socket): Operator {
  return guardOperator(methodsOf(this).newBroadcastOperator.call(this));
}

/** Guards a socket that is joining: its middleware may broadcast. */
export function guardJoining(socket: Socket): void {
  (socket as unknown as Guarded).newBroadcastOperator = newBroadcastOperator;
  debugRefusalOf(socket);
}

function disconnect(this: OwnedSocket, close?: boolean): Socket {
  this[OWNER].dismiss();
  return methodsOf(this).disconnect.call(this, close);
}

/** In logs, without what its handshake holds: credentials, cookies and tokens. */
function toJSON(this: Socket): object {
  return {id: this.id, nsp: this.nsp.name};
}

function methodsOf(socket: Socket): SocketMethods {
  return Object.getPrototypeOf(socket) as SocketMethods;
}

/**
 * Keeps a namespace's middleware, its `connection` listeners and the acks of its broadcasts from
 * ending the process.
 */
export function guardNamespace(namespace: Namespace, report: Report): void {
  const internals = namespaceInternalsOf(namespace);
  const guard = (middleware: Middleware) =>
    guardMiddleware((socket, next) => {
      const answer = (error?: Error) =>
        next(error && sendableRefusal(error, socket, report));
      return middleware(socket, answer);
    }, report);
  const {_fns: added} = internals;
  added.forEach((middleware, at) => (added[at] = guard(middleware)));
  const use = namespace.use.bind(namespace);
  namespace.use = middleware => use(guard(middleware));
  guardBroadcasts(namespace, report);
  const {_nsps: namespaces} = namespace.server;
  limitAttachments(namespace.server, name => reportOf(namespaces.get(name)));
  internals.emitReserved = (event, ...args) =>
    runListeners(namespace, event, args, error =>
      report(error, `io.on('${event}')`, args[0] as Socket),
    );
  internals._onServerSideEmit = ([event, ...args]) =>
    runListeners(namespace, event as string, args, error =>
      report(error, `io.on('${String(event)}')`),
    );
}

/** A middleware that fails refuses the socket, and one that answers twice is heard once. */
function guardMiddleware(middleware: Middleware, report: Report): Middleware {
  return (socket, next) => {
    let settled = false;
    const settle = (error?: Error) => {
      if (settled) return;
      settled = true;
      next(error);
    };
    runGuarded(
      () => middleware(socket, settle),
      error => {
        report(error, 'io.use', socket);
        settle(new Error('Internal Server Error'));
      },
    );
  };
}

/** A middleware's error, or another one where it cannot be encoded: socket.io would throw then. */
function sendableRefusal(error: Error, socket: Socket, report: Report): Error {
  const {name: nsp, server} = socket.nsp;
  try {
    const {message, data} = error as Error & {data?: unknown};
    parserOf(server).encoder.encode({
      type: PacketTypes.CONNECT_ERROR,
      nsp,
      data: {message, data},
    });
    return error;
  } catch (fault) {
    report(fault, 'io.use', socket);
    return new Error('Internal Server Error');
  }
}
