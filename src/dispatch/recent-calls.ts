import {createHash} from 'node:crypto';
import {delayOf} from '../common/timers';
import {weigh} from '../common/weight';
import {DEFAULT_SOCKET_SERVER_OPTIONS} from '../options/server-options';
import type {RetryWindow} from '../options/server-options';
import type {Upload} from '../streams/upload';
import type {Ack} from './packet';
import type {CallStore, KeptCall, KeptReply} from './ports';

/** Longer names of namespaces are kept as a digest: clients choose the names that a pattern matches. */
const LONGEST_NAME = 64;

const {bytes: BYTES} = DEFAULT_SOCKET_SERVER_OPTIONS.retryWindow;

/** Returns the key of a call among its user's calls. */
export function callKey(namespace: string, event: string, id: string): string {
  const name =
    namespace.length > LONGEST_NAME
      ? createHash('sha256').update(namespace).digest('base64')
      : namespace;
  return JSON.stringify([name, event, id]);
}

/** The calls of one user, by id. */
interface UserCalls {
  readonly running: Map<string, RecentCall>;
  /** In the order in which they were answered or repeated last. */
  readonly answered: Map<string, RecentCall>;
  /** Bytes of the answers and their ids. */
  bytes: number;
  /** Time of the last call, by `performance.now()`. */
  used: number;
  /** How often the user has left. */
  left: number;
}

class RecentCall implements KeptCall {
  waiting: Set<Ack> | undefined;
  reply: KeptReply = [];
  bytes = 0;
  cancel?: (() => boolean) | undefined;
  upload?: Upload | undefined;

  constructor(
    private readonly calls: UserCalls,
    private readonly id: string,
    private readonly window: RetryWindow,
    ack: Ack | undefined,
  ) {
    this.waiting = new Set(ack && [ack]);
    calls.running.set(id, this);
  }

  settle(reply: unknown[], kept: KeptReply): boolean {
    const {calls, id, waiting} = this;
    if (!waiting) return false;
    this.waiting = this.cancel = undefined;
    if (this.upload?.isOver) this.upload = undefined;
    this.reply = kept;
    calls.running.delete(id);
    this.keep();
    for (const ack of waiting) ack(...reply);
    return true;
  }

  /** Keeps the answer, and drops the oldest ones that exceed the window. Too large an answer is not kept. */
  private keep(): void {
    const {calls, id, window} = this;
    const {calls: most, bytes: mostBytes = BYTES} = window;
    this.bytes = id.length + weigh(this.reply, mostBytes);
    if (this.bytes > mostBytes) return;
    calls.answered.set(id, this);
    calls.bytes += this.bytes;
    for (const [oldest, {bytes}] of calls.answered) {
      if (calls.answered.size <= most && calls.bytes <= mostBytes) return;
      calls.answered.delete(oldest);
      calls.bytes -= bytes;
    }
  }
}

/**
 * Keeps the calls with an id in memory. A client that has lost its connection repeats its call, because it
 * cannot know whether the server has run it.
 */
export class RecentCalls implements CallStore {
  /** In least recently used order. */
  private readonly users = new Map<string, UserCalls>();
  private timer?: NodeJS.Timeout | undefined;

  claim(
    window: RetryWindow,
    user: string,
    id: string,
    ack: Ack | undefined,
  ): {readonly call: KeptCall; readonly isNew: boolean} {
    const calls = this.use(user, window.time);
    const answered = calls.answered.get(id);
    if (answered) {
      // Its client has not got the answer, and may lose it again: others are dropped first.
      calls.answered.delete(id);
      calls.answered.set(id, answered);
    }
    const known = calls.running.get(id) ?? answered;
    if (known) return {call: known, isNew: false};
    return {call: new RecentCall(calls, id, window, ack), isNew: true};
  }

  find(user: string, id: string): KeptCall | undefined {
    const calls = this.users.get(user);
    return calls?.running.get(id) ?? calls?.answered.get(id);
  }

  forget(user: string): void {
    this.users.delete(user);
  }

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
      running: new Map<string, RecentCall>(),
      answered: new Map<string, RecentCall>(),
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
