import {inspect} from 'node:util';
import type {Socket} from 'socket.io';
import {runGuarded, runListeners} from '../common/guarded';
import {debugRefusalOf} from '../engine/debug-lines';
import {internalsOf} from '../engine/internals';
import type {Operator} from '../engine/internals';
import {SocketError} from '../wire/refusals';
import {guardAck, guardOperator} from './broadcasts';

/** An event packet: its name, its arguments, and the id of the requested ack. */
export interface EventPacket {
  readonly data?: unknown[];
  readonly id?: number | null;
}

/** The owner of a socket: it takes the socket's packets, and the faults of its listeners. */
export interface SocketOwner {
  /** True when the socket is admitted to rooms. */
  readonly admitted: boolean;
  readonly authenticated: boolean;
  /** True while the socket authenticates. */
  readonly authenticating: boolean;
  receive(packet: EventPacket): void;
  /** Returns an error when the client's answer to an event is not acceptable. */
  refusalOf(answer: readonly unknown[]): SocketError | undefined;
  /** Called before the server disconnects the socket. */
  dismiss(): void;
  /** Called once, when the socket has left. */
  left(reason: string): void;
  report(error: unknown, source: string): void;
}

const OWNER = Symbol('owner');

type OwnedSocket = Socket & {[OWNER]: SocketOwner};

const TAKES_REFUSAL = Symbol('takes refusal');

/** An ack that takes the refusal of an answer in place of the answer: of an emit with a timeout, or of an ask. */
type AckCallback = ((...args: unknown[]) => unknown) & {[TAKES_REFUSAL]?: true};

/** The members that are put on a socket. */
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

/** The methods of socket.io's class of sockets. */
interface SocketMethods {
  onack(this: Socket, packet: EventPacket): void;
  registerAckCallback(this: Socket, id: number, ack: AckCallback): void;
  newBroadcastOperator(this: Socket): Operator;
  disconnect(this: Socket, close?: boolean): Socket;
}

/**
 * Passes the events of a socket to its owner, and keeps the faults of its listeners from ending the process.
 * All sockets get the same functions, one by one in the same order, so that they keep one hidden class: a
 * hidden class for each socket would cost memory.
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

/** Returns the owner of a socket, which it has after it joined its namespace. */
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
 * Called with a client's answer. A refused answer counts as missing: an ask, and an emit with a timeout, fails at once
 * with the reason; an emit without one waits, as for a client that never answers.
 */
function onack(this: OwnedSocket, packet: EventPacket): void {
  const refusal = this[OWNER].refusalOf(packet.data ?? []);
  if (!refusal) {
    methodsOf(this).onack.call(this, packet);
    return;
  }
  const {acks} = internalsOf(this);
  const ack: AckCallback | undefined = acks.get(packet.id);
  if (ack?.[TAKES_REFUSAL]) ack.call(this, refusal);
  acks.delete(packet.id);
}

/** Called with the ack of a server's event, which socket.io calls, or one of its timers. */
function registerAckCallback(this: OwnedSocket, id: number, ack: AckCallback): void {
  const {acks, flags} = internalsOf(this);
  const fail = (error: unknown) => this[OWNER].report(error, 'ack of socket.emit');
  const register = (callback: AckCallback) =>
    methodsOf(this).registerAckCallback.call(this, id, guardAck(callback, fail));
  if (flags.timeout === undefined) {
    register(ack);
    return;
  }
  // socket.io puts `null` in front of an answer.
  register((error, ...answer) =>
    answer[0] instanceof SocketError ? ack(answer[0]) : ack(error, ...answer),
  );
  const timed: AckCallback | undefined = acks.get(id);
  if (timed) takeRefusals(timed);
}

/** Lets an ack be called with a {@link SocketError} for an answer that is refused. */
export function takeRefusals(ack: AckCallback): void {
  ack[TAKES_REFUSAL] = true;
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
  // A copy, because a listener may remove itself.
  for (const listener of [...listeners]) {
    runGuarded(
      () => Reflect.apply(listener, this, data),
      error => this[OWNER].report(error, 'socket.onAnyOutgoing'),
    );
  }
}

/** Called when a socket broadcasts to others. */
function newBroadcastOperator(this: Socket): Operator {
  return guardOperator(methodsOf(this).newBroadcastOperator.call(this));
}

/** Guards a joining socket, because its middleware may broadcast. */
export function guardJoining(socket: Socket): void {
  (socket as unknown as Guarded).newBroadcastOperator = newBroadcastOperator;
  debugRefusalOf(socket);
}

function disconnect(this: OwnedSocket, close?: boolean): Socket {
  this[OWNER].dismiss();
  return methodsOf(this).disconnect.call(this, close);
}

/** For logs: without the handshake, which holds credentials, cookies and tokens. */
function toJSON(this: Socket): object {
  return {id: this.id, nsp: this.nsp.name};
}

function methodsOf(socket: Socket): SocketMethods {
  return Object.getPrototypeOf(socket) as SocketMethods;
}
