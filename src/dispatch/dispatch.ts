import {internalFailure, SocketErrors} from '../errors';
import {RESERVED_EVENTS} from '../protocol';
import type {Connection} from '../connection';
import {internalsOf} from '../socket-io-internals';
import type {SocketInternals} from '../socket-io-internals';
import {isPromiseLike} from './handler';
import type {Handler} from './handler';

/** An event as socket.io hands it over: its name, its arguments, and the ack if one was asked for. */
export type Packet = unknown[];

/** Answers a packet; socket.io sends only the first answer. */
export type Ack = (reply: object) => void;

type Guard = SocketInternals['fns'][number];

/** The ack of a packet, if its sender asked for one. */
export function ackOf(packet: Packet): Ack | undefined {
  const last = packet.at(-1);
  return typeof last === 'function' ? (last as Ack) : undefined;
}

/**
 * Runs an authenticated socket's packet: the application's guards, then the method of that name, or
 * else the application's own listeners.
 */
export function dispatch(connection: Connection, packet: Packet, ack?: Ack): void {
  const guards = internalsOf(connection.socket).fns;
  if (guards.length === 0) {
    route(connection, packet, ack);
    return;
  }
  runGuards([...guards], packet, (error, failed) => {
    if (!connection.authenticated) return;
    if (!failed) {
      route(connection, packet, ack);
      return;
    }
    answerFailure(connection, error, 'socket.use', ack);
    runListeners(connection, 'error', [error]);
  });
}

/** Answers a call with what was thrown, and logs it if it is the server's own fault. */
export function answerFailure(
  connection: Connection,
  thrown: unknown,
  handler: string,
  ack?: Ack,
): void {
  const failure = connection.endpoint.fail(thrown, handler, connection.socket);
  if (!ack || !connection.socket.connected) return;
  try {
    ack({error: failure.error});
  } catch (error) {
    connection.endpoint.fail(error, handler, connection.socket);
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
function route(connection: Connection, packet: Packet, ack?: Ack): void {
  const {endpoint} = connection;
  const name = packet[0] as string;
  const handler = endpoint.handlers.methods.get(name);
  if (!handler) {
    // A client must not fake what socket.io and Node emit.
    const allowed = !RESERVED_EVENTS.has(name);
    if (allowed && runListeners(connection, name, packet.slice(1), ack)) return;
    answerFailure(connection, SocketErrors.methodNotFound(), name, ack);
  } else if (endpoint.draining) {
    answerFailure(connection, SocketErrors.shuttingDown(), handler.label, ack);
  } else {
    const refusal = checkArguments(packet, ack);
    if (refusal) answerFailure(connection, refusal, handler.label, ack);
    else call(connection, handler, packet, ack);
  }
}

/** The arguments are `args`, optionally followed by call options. */
function checkArguments(packet: Packet, ack?: Ack): Error | undefined {
  const count = packet.length - (ack ? 2 : 1);
  if (count < 2) return undefined;
  if (count > 2) return SocketErrors.tooManyArguments();
  const options = packet[2] as {$call?: unknown} | null;
  const wellFormed =
    typeof options === 'object' &&
    options !== null &&
    Object.keys(options).length === 1 &&
    typeof options.$call === 'object' &&
    options.$call !== null;
  return wellFormed ? undefined : SocketErrors.badCallOptions();
}

function call(connection: Connection, handler: Handler, packet: Packet, ack?: Ack): void {
  const {endpoint, socket} = connection;
  // `emit(name, undefined)` arrives as null.
  const args = packet.length > (ack ? 2 : 1) ? (packet[1] ?? undefined) : undefined;
  const fail = (error: unknown) => answerFailure(connection, error, handler.label, ack);
  let result: unknown;
  try {
    result = handler.invoke(connection, [socket, connection.credentials, args]);
    if (!isPromiseLike(result)) {
      answer(connection, result, handler, ack);
      return;
    }
  } catch (error) {
    fail(error);
    return;
  }
  endpoint.begin();
  Promise.resolve(result).then(
    value => {
      answer(connection, value, handler, ack);
      endpoint.finish();
    },
    (error: unknown) => {
      fail(error);
      endpoint.finish();
    },
  );
}

function answer(
  connection: Connection,
  result: unknown,
  handler: Handler,
  ack?: Ack,
): void {
  if (!ack || !connection.socket.connected) return;
  try {
    ack(result === undefined ? {} : {result});
  } catch (error) {
    // The result cannot be encoded; nothing of it has been sent.
    answerFailure(connection, error, handler.label, ack);
  }
}

/** Runs the application's own listeners; says whether there are any. */
function runListeners(
  connection: Connection,
  name: string,
  args: unknown[],
  ack?: Ack,
): boolean {
  const {socket} = connection;
  const listeners = socket.rawListeners(name);
  for (const listener of listeners) {
    const fail = (error: unknown) =>
      answerFailure(connection, error, `socket.on('${name}')`, ack);
    try {
      const returned: unknown = Reflect.apply(listener, socket, args);
      if (isPromiseLike(returned)) returned.then(undefined, fail);
    } catch (error) {
      fail(error);
    }
  }
  return listeners.length > 0;
}
