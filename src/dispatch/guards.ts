import {runGuarded, runListeners} from '../common/guarded';
import type {SocketInternals} from '../engine/internals';
import {answerFailure} from './answer';
import type {Ack, Packet, Peer} from './answer';

/** How logs name a guard. */
export const GUARD = 'socket.use';

type Guard = SocketInternals['fns'][number];

/**
 * Runs the application's guards, one after the other.
 *
 * @param done - Called once, when one of them has failed, or all have let the packet through.
 */
export function runGuards(
  peer: Peer,
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
    runGuarded(
      () => guards[at](packet, error => settle(error, Boolean(error))),
      error => {
        if (settled) peer.report(error, GUARD);
        else settle(error, true);
      },
    );
  };
  run(0);
}

/** Answers a packet with a guard's error, and shows that to the socket's `error` listeners. */
export function failByGuard(peer: Peer, error: unknown, ack: Ack | undefined): void {
  answerFailure(peer, error, GUARD, ack);
  runListeners(peer.socket, 'error', [error], thrown =>
    peer.report(thrown, "socket.on('error')"),
  );
}
