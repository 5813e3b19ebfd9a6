import {createHash} from 'node:crypto';
import {DEFAULT_SOCKET_SERVER_OPTIONS} from '../options/configuration';
import {delayOf} from '../common/timers';
import type {Ack} from './answer';
import type {KeptReply, Settle} from './kept-reply';
import {weigh} from '../common/weight';

/** What answers are kept of each user. */
export interface RetryWindow {
  /** In ms, from the user's last call with an id. */
  readonly time: number;
  /** How many. */
  readonly calls: number;
  /** How large they may be together. */
  readonly bytes?: number;
}

/** Longer names of namespaces are kept as a digest: clients choose those that a pattern matches. */
const LONGEST_NAME = 64;

const {bytes: BYTES} = DEFAULT_SOCKET_SERVER_OPTIONS.retryWindow;

/** Tells the calls of a user apart. */
export function callKey(namespace: string, event: string, id: string): string {
  const name =
    namespace.length > LONGEST_NAME
      ? createHash('sha256').update(namespace).digest('base64')
      : namespace;
  return JSON.stringify([name, event, id]);
}

/** What is known of a call that carried an id. */
export interface Recent {
  /** Those that wait for its answer; `undefined` once there is one. */
  waiting: Set<Ack> | undefined;
  reply: KeptReply;
  bytes: number;
}

/** A user's calls, by id. */
interface UserCalls {
  readonly running: Map<string, Recent>;
  /** The one answered longest ago first. */
  readonly answered: Map<string, Recent>;
  /** Of the answers and their ids. */
  bytes: number;
  /** When the last of them was made, by `performance.now()`. */
  used: number;
  /** How often the user has left. */
  left: number;
}

/**
 * Answers calls that are repeated, by the ids that clients give them, without running the method again:
 * a client that lost its connection cannot know whether its call was run.
 */
export class RecentCalls {
  /** Those of the user first whose last call is longest ago. */
  private readonly users = new Map<string, UserCalls>();
  private timer?: NodeJS.Timeout | undefined;

  /** Takes note of a call, and gives what is to have its outcome; or the call that it repeats. */
  claim(
    window: RetryWindow,
    user: string,
    id: string,
    ack: Ack | undefined,
  ): Settle | Recent {
    const calls = this.use(user, window.time);
    const known = calls.running.get(id) ?? calls.answered.get(id);
    if (known) return known;
    const recent: Recent = {waiting: new Set(ack && [ack]), reply: [], bytes: 0};
    calls.running.set(id, recent);
    return (reply, kept) => {
      const {waiting} = recent;
      if (!waiting) return false;
      recent.waiting = undefined;
      recent.reply = kept;
      calls.running.delete(id);
      keep(calls, id, recent, window);
      for (const one of waiting) one(...reply);
      return true;
    };
  }

  /** Forgets the calls of one who cannot come back. */
  forget(user: string): void {
    this.users.delete(user);
  }

  /**
   * Forgets the calls of one who has left, unless they come back in time.
   *
   * @param time - In ms.
   * @param isBack - Says whether they have come back.
   */
  forgetLater(user: string, time: number, isBack: () => boolean): void {
    const calls = this.users.get(user);
    if (!calls) return;
    const left = ++calls.left;
    const forget = () => {
      const stays = calls.left !== left || isBack();
      if (!stays && this.users.get(user) === calls) this.forget(user);
    };
    setTimeout(forget, delayOf(time)).unref();
  }

  clear(): void {
    this.users.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private use(user: string, time: number): UserCalls {
    const known = this.users.get(user) ?? {
      running: new Map<string, Recent>(),
      answered: new Map<string, Recent>(),
      bytes: 0,
      used: 0,
      left: 0,
    };
    known.used = performance.now();
    this.users.delete(user);
    this.users.set(user, known);
    this.timer ??= setTimeout(() => this.expire(time), time).unref();
    return known;
  }

  private expire(time: number): void {
    this.timer = undefined;
    const now = performance.now();
    for (const [user, {running, used}] of this.users) {
      if (now - used < time) break;
      if (running.size === 0) this.users.delete(user);
    }
    if (this.users.size > 0) {
      this.timer = setTimeout(() => this.expire(time), time).unref();
    }
  }
}

/** Keeps an answer in place of older ones; one too large by itself is not kept. */
function keep(
  calls: UserCalls,
  id: string,
  recent: Recent,
  {calls: most, bytes: mostBytes = BYTES}: RetryWindow,
): void {
  recent.bytes = id.length + weigh(recent.reply, mostBytes);
  if (recent.bytes > mostBytes) return;
  calls.answered.set(id, recent);
  calls.bytes += recent.bytes;
  for (const [oldest, {bytes}] of calls.answered) {
    if (calls.answered.size <= most && calls.bytes <= mostBytes) return;
    calls.answered.delete(oldest);
    calls.bytes -= bytes;
  }
}
