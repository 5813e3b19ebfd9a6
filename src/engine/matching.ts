import type {Server as IoServer, Socket} from 'socket.io';
import type {NamespaceMatcher} from '../options/server-options';
import {delayOf} from '../common/timers';
import {runGuarded} from '../common/guarded';
import {clientOf} from './internals';

/** A namespace function under way; socket.io does not tell it whose connection it decides on. */
interface Matching {
  readonly name: string;
  /** What the client sent with its wish to join. */
  readonly auth: object;
  /** Whether the client does not wish to join any more. */
  left: boolean;
}

const matching = new WeakMap<IoServer, Set<Matching>>();

/** Whose connection it is, by `auth`, where it matters: the client has joined other namespaces. */
const asking = new WeakMap<object, Socket['client']>();

/** Called with what a client sends that joins a namespace which is not there. */
export function recordMatching(client: Socket['client'], packet: {data?: object}): void {
  if (matching.has(clientOf(client).server)) asking.set((packet.data ??= {}), client);
}

/** Whether any is under way. */
export function isMatching(io: IoServer): boolean {
  return (matching.get(io)?.size ?? 0) > 0;
}

/** Ends the wish of a client to join a namespace; says whether it is being decided on. */
export function leaveMatching(client: Socket['client'], name: string): boolean {
  let found = false;
  for (const one of matching.get(clientOf(client).server) ?? []) {
    if (one.name !== name || asking.get(one.auth) !== client) continue;
    one.left = found = true;
  }
  return found;
}

/**
 * Lets idle transports wait for a namespace function.
 *
 * @param timeout - For how long at most, in ms: what a client has to authenticate.
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
    let answered = false;
    const one: Matching = {name, auth, left: false};
    const answer = (error: Error | null, allowed: boolean) => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      running.delete(one);
      if (!one.left) next(error, allowed);
    };
    running.add(one);
    const most = timeout();
    const timer =
      most === false
        ? undefined
        : setTimeout(() => running.delete(one), delayOf(most)).unref();
    runGuarded(
      () => matcher(name, auth, answer),
      error => {
        fail(error);
        answer(null, false);
      },
    );
  };
}
