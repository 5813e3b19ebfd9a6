import type {Server as IoServer, Socket} from 'socket.io';
import type {NamespaceMatcher} from '../options/server-options';
import {delayOf} from '../common/timers';
import {askGuarded} from '../common/guarded';
import {clientOf} from './internals';

/** A running namespace function. socket.io does not say for which connection it decides. */
interface Matching {
  readonly name: string;
  /** The payload of the client's join packet. */
  readonly auth: object;
  /** Set when the client no longer wants to join. */
  left: boolean;
}

const matching = new WeakMap<IoServer, Set<Matching>>();

/** The connection, found by `auth`, when its client has joined other namespaces. */
const asking = new WeakMap<object, Socket['client']>();

/** Called with the payload of a client that joins a namespace that does not exist. */
export function recordMatching(client: Socket['client'], packet: {data?: object}): void {
  if (matching.has(clientOf(client).server)) asking.set((packet.data ??= {}), client);
}

/** Returns true while a namespace function runs. */
export function isMatching(io: IoServer): boolean {
  return (matching.get(io)?.size ?? 0) > 0;
}

/** Withdraws the join of a client; returns true if a namespace function was deciding on it. */
export function leaveMatching(client: Socket['client'], name: string): boolean {
  let found = false;
  for (const one of matching.get(clientOf(client).server) ?? []) {
    if (one.name !== name || asking.get(one.auth) !== client) continue;
    one.left = found = true;
  }
  return found;
}

/**
 * Keeps idle transports while a namespace function decides.
 *
 * @param timeout - Longest time, in ms: the time that a client has to authenticate.
 */
export function countMatching(
  io: IoServer,
  matcher: NamespaceMatcher,
  timeout: () => number | false,
  fail: (error: unknown) => void,
): NamespaceMatcher {
  const running = matching.get(io) ?? new Set();
  matching.set(io, running);
  return (name, auth, next) => {
    const one: Matching = {name, auth, left: false};
    running.add(one);
    const most = timeout();
    const timer =
      most === false
        ? undefined
        : setTimeout(() => running.delete(one), delayOf(most)).unref();
    askGuarded<Parameters<typeof next>>(
      answer => matcher(name, auth, answer),
      (error, allowed) => {
        clearTimeout(timer);
        running.delete(one);
        if (!one.left) next(error, allowed);
      },
      error => {
        fail(error);
        return [null, false];
      },
    );
  };
}
