import {runGuarded, runListeners} from '../common/guarded';
import {answerFailure, GUARD, listenerLabel} from '../dispatch/answer';
import type {Ack, Packet} from '../dispatch/packet';
import type {DispatchSession, GuardsDone} from '../dispatch/ports';
import type {SocketInternals} from '../engine/internals';

type Guard = SocketInternals['fns'][number];

/** Runs the application's guards, one after the other, until one of them fails. */
export function runGuards(
  session: DispatchSession,
  guards: readonly Guard[],
  packet: Packet,
  done: GuardsDone,
): void {
  const run = (at: number): void => {
    if (at === guards.length) {
      done();
      return;
    }
    let settled = false;
    const settle = (error: unknown, failed: boolean) => {
      if (settled) return;
      settled = true;
      if (failed) done(ack => refuse(session, error, ack));
      else run(at + 1);
    };
    runGuarded(
      () => guards[at](packet, error => settle(error, Boolean(error))),
      error => {
        if (settled) session.report(error, GUARD);
        else settle(error, true);
      },
    );
  };
  run(0);
}

/** Answers a packet with a guard's error, and hands that to the socket's `error` listeners, as socket.io does. */
function refuse(session: DispatchSession, error: unknown, ack: Ack | undefined): void {
  answerFailure(session, error, GUARD, ack);
  runListeners(session.socket, 'error', [error], thrown =>
    session.report(thrown, "socket.on('error')"),
  );
}

/** Runs the application's listeners of all events, given to `socket.onAny`. */
export function runAnyListeners(session: DispatchSession, packet: Packet): void {
  const {socket} = session;
  // A listener may remove itself.
  for (const listener of [...socket.listenersAny()]) {
    runGuarded(
      () => Reflect.apply(listener, socket, packet),
      error => session.report(error, 'socket.onAny'),
    );
  }
}

/** Runs the application's listeners of one event. Returns false when there are none. */
export function runEventListeners(
  session: DispatchSession,
  packet: Packet,
  ack: Ack | undefined,
): boolean {
  const name = packet[0] as string;
  return runListeners(session.socket, name, packet.slice(1), error =>
    answerFailure(session, error, listenerLabel(name), ack),
  );
}
