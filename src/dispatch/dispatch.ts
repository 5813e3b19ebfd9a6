import type {Socket} from 'socket.io';
import {internalFailure, SocketErrors} from '../errors';
import type {Failure} from '../errors';
import {RESERVED_EVENTS} from '../protocol';
import {internalsOf} from '../socket-io-internals';
import type {SocketInternals} from '../socket-io-internals';
import {isPromiseLike} from './handler';
import type {Caller, Handler} from './handler';
import type {HandlerTable} from './handler-table';

/** An event as socket.io hands it over: its name, its arguments, and the ack if one was asked for. */
export type Packet = unknown[];

/** Answers a packet; socket.io sends only the first answer. */
export type Ack = (reply: object) => void;

type Guard = SocketInternals['fns'][number];

/** What a packet needs of the server that it was sent to. */
export interface Service {
  readonly handlers: HandlerTable;
  /** Whether calls are refused because the server is stopping. */
  readonly draining: boolean;
  /** Counts a call in flight, which a stop waits for. */
  begin(): void;
  finish(): void;
  /** Says what a client may see of a failure, and logs it when it is the server's own fault. */
  fail(thrown: unknown, handler: string, socket: Socket): Failure;
}

/** What a packet needs of the connection that it came on. */
export interface Peer extends Caller {
  readonly service: Service;
  readonly socket: Socket;
  readonly credentials: unknown;
  readonly authenticated: boolean;
}

/** The ack of a packet, if its sender asked for one. */
export function ackOf(packet: Packet): Ack | undefined {
  const last = packet.at(-1);
  return typeof last === 'function' ? (last as Ack) : undefined;
}

/**
 * Runs an authenticated socket's packet: the application's guards, then the method of that name, or
 * else the application's own listeners.
 */
export function dispatch(peer: Peer, packet: Packet, ack?: Ack): void {
  const guards = internalsOf(peer.socket).fns;
  if (guards.length === 0) {
    route(peer, packet, ack);
    return;
  }
  runGuards([...guards], packet, (error, failed) => {
    if (!peer.authenticated) return;
    if (!failed) {
      route(peer, packet, ack);
      return;
    }
    answerFailure(peer, error, 'socket.use', ack);
    runListeners(peer, 'error', [error]);
  });
}

/** Answers a call with what was thrown, and logs it if it is the server's own fault. */
export function answerFailure(
  peer: Peer,
  thrown: unknown,
  handler: string,
  ack?: Ack,
): void {
  const failure = peer.service.fail(thrown, handler, peer.socket);
  if (!ack || !peer.socket.connected) return;
  try {
    ack({error: failure.error});
  } catch (error) {
    peer.service.fail(error, handler, peer.socket);
    ack({error: internalFailure().error});
  }
}

function runGuards(
  guards: readonly Guard[],
  packet: Packet,
  done: (error: unknown, failed: boolean) => void,
): void {
  const run = (at: number): void => {
    if (at === guards.length) {
      done(undefined, false);
      return;
    }
    let settled = false;
    const settle = (error: unknown, failed: boolean) => {
      if (settled) return;
      settled = true;
      if (failed) done(error, true);
      else run(at + 1);
    };
    try {
      const returned = guards[at](packet, error => settle(error, Boolean(error)));
      if (isPromiseLike(returned)) {
        returned.then(undefined, (error: unknown) => settle(error, true));
      }
    } catch (error) {
      settle(error, true);
    }
  };
  run(0);
}

/** Guards may have changed the packet, so its name is looked up only now. */
function route(peer: Peer, packet: Packet, ack?: Ack): void {
  const {service} = peer;
  const name = packet[0] as string;
  const handler = service.handlers.methods.get(name);
  if (!handler) {
    // A client must not fake what socket.io and Node emit.
    const allowed = !RESERVED_EVENTS.has(name);
    if (allowed && runListeners(peer, name, packet.slice(1), ack)) return;
    answerFailure(peer, SocketErrors.methodNotFound(), name, ack);
  } else if (service.draining) {
    answerFailure(peer, SocketErrors.shuttingDown(), handler.label, ack);
  } else {
    const refusal = checkArguments(packet, ack);
    if (refusal) answerFailure(peer, refusal, handler.label, ack);
    else call(peer, handler, packet, ack);
  }
}

/** The arguments are `args`, optionally followed by call options. */
function checkArguments(packet: Packet, ack?: Ack): Error | undefined {
  const count = packet.length - (ack ? 2 : 1);
  if (count < 2) return undefined;
  if (count > 2) return SocketErrors.tooManyArguments();
  const options = packet[2];
  const wellFormed =
    isRecord(options) && Object.keys(options).length === 1 && isRecord(options.$call);
  return wellFormed ? undefined : SocketErrors.badCallOptions();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function call(peer: Peer, handler: Handler, packet: Packet, ack?: Ack): void {
  const {service, socket} = peer;
  // `emit(name, undefined)` arrives as null.
  const args = packet.length > (ack ? 2 : 1) ? (packet[1] ?? undefined) : undefined;
  const fail = (error: unknown) => answerFailure(peer, error, handler.label, ack);
  let result: unknown;
  try {
    result = handler.invoke(peer, [socket, peer.credentials, args]);
    if (!isPromiseLike(result)) {
      answer(peer, result, handler, ack);
      return;
    }
  } catch (error) {
    fail(error);
    return;
  }
  service.begin();
  Promise.resolve(result).then(
    value => {
      answer(peer, value, handler, ack);
      service.finish();
    },
    (error: unknown) => {
      fail(error);
      service.finish();
    },
  );
}

function answer(peer: Peer, result: unknown, handler: Handler, ack?: Ack): void {
  if (!ack || !peer.socket.connected) return;
  try {
    ack(result === undefined ? {} : {result});
  } catch (error) {
    // The result cannot be encoded; nothing of it has been sent.
    answerFailure(peer, error, handler.label, ack);
  }
}

/** Runs the application's own listeners; says whether there are any. */
function runListeners(peer: Peer, name: string, args: unknown[], ack?: Ack): boolean {
  const {socket} = peer;
  const listeners = socket.rawListeners(name);
  for (const listener of listeners) {
    const fail = (error: unknown) =>
      answerFailure(peer, error, `socket.on('${name}')`, ack);
    try {
      const returned: unknown = Reflect.apply(listener, socket, args);
      if (isPromiseLike(returned)) returned.then(undefined, fail);
    } catch (error) {
      fail(error);
    }
  }
  return listeners.length > 0;
}
