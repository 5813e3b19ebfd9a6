import assert from 'node:assert/strict';
import type {OwnedItem} from '../fixtures/fuzz-streams';
import {frame, json} from './grammar';
import type {Random} from './random';

/** Marks the ack ids of packets of streams; no other frame has it. */
export const STREAM_ID = '888';

const USERS = ['one', 'two', 'three', undefined];
/** Most that are known: older ones are gone. */
const MOST_KNOWN = 40;

/** The counts of streams that a fuzz has seen. */
export interface StreamTally {
  streams: number;
  items: number;
  /** Reads with items of a stream that another connection of the user has opened. */
  takenOver: number;
  refused: number;
}

/** Names of the streams of all clients, so that each can try to read those of others. */
export class KnownStreams {
  readonly tally: StreamTally = {streams: 0, items: 0, takenOver: 0, refused: 0};
  private all: {stream: string; user: string | undefined}[] = [];

  add(stream: string, user: string | undefined): void {
    this.tally.streams++;
    this.all.push({stream, user});
    this.all = this.all.slice(-MOST_KNOWN);
  }

  /** Returns a stream of the user if `isOwn`, or else of anybody. */
  pick(random: Random, user: string | undefined, isOwn: boolean): string | undefined {
    const some = isOwn ? this.all.filter(one => one.user === user) : this.all;
    return some.length > 0 ? random.pick(some).stream : undefined;
  }
}

/** The streams of one client, read rightly and wrongly. */
export class FuzzedStreams {
  /** The id with which it authenticates. */
  readonly user: string | undefined;
  private readonly sockets = new Set<string>();
  private readonly own = new Map<string, number>();
  private readonly reads = new Map<string, string>();
  private readonly answered = new Set<string>();
  private packets = 0;

  constructor(
    private readonly random: Random,
    private readonly known: KnownStreams,
  ) {
    this.user = random.pick(USERS);
  }

  /** Looks at a frame of the server: no item may be another user's. */
  receive(received: string): void {
    const sid = /^40(?:\/[^,]*,)?\{"sid":"([^"]+)"/.exec(received)?.[1];
    if (sid !== undefined) this.sockets.add(sid);
    const [head, id] = /^43(?:\/[^,]*,)?(\d+)(?=\[)/.exec(received) ?? [];
    if (head === undefined || !id.startsWith(STREAM_ID)) return;
    assert.ok(!this.answered.has(id), `${id} was answered twice: ${received}`);
    this.answered.add(id);
    const [{stream, result, error}] = JSON.parse(received.slice(head.length)) as [
      {
        stream?: string;
        result?: boolean | {at: number; items: unknown[]};
        error?: object;
      },
    ];
    if (stream !== undefined) {
      if (!this.own.has(stream)) this.known.add(stream, this.user);
      this.own.set(stream, 0);
    }
    if (error) this.known.tally.refused++;
    if (typeof result === 'object') this.receiveItems(id, result.at, result.items);
  }

  private receiveItems(id: string, at: number, items: unknown[]): void {
    const {known, own, reads, sockets, user} = this;
    const stream = reads.get(id) ?? '';
    if (items.length > 0 && !own.has(stream)) known.tally.takenOver++;
    own.set(stream, at + items.length);
    known.tally.items += items.length;
    for (const [index, item] of (items as OwnedItem[]).entries()) {
      assert.equal(item.n, at + index);
      const isOwn =
        item.user === undefined ? sockets.has(item.socket) : item.user === user;
      assert.ok(isOwn, `${user} has read an item of ${JSON.stringify(item)}`);
    }
  }

  /** Packets that open, read, stop and cancel streams: right and wrong ones. */
  frames(nsp: string): string[] {
    const {random} = this;
    return Array.from({length: 1 + random.below(6)}, () => {
      const kind = random.next();
      if (kind < 0.35) return this.packet(nsp, this.call());
      if (kind < 0.8) {
        const stream = this.pickStream();
        const id = this.nextId();
        if (typeof stream === 'string') this.reads.set(id, stream);
        return this.packet(nsp, ['$next', this.readOf(stream)], id);
      }
      if (kind < 0.9) return this.packet(nsp, ['$stop', {stream: this.pickStream()}]);
      if (kind < 0.95) return this.packet(nsp, ['$cancel', this.cancelled()]);
      const name = random.pick(['$next', '$stop', '$cancel']);
      return this.packet(nsp, [
        name,
        ...Array.from({length: random.below(3)}, () => json(random)),
      ]);
    });
  }

  private call(): unknown[] {
    const {random} = this;
    const name = random.pick(['stream', 'stream', 'streamLater', 'readable']);
    const args = {
      to: random.pick([undefined, 0, 1, 5, 100]),
      fails: random.chance(0.2),
      pause: random.chance(0.2),
    };
    const $call = {
      ref: random.pick(['a', 'b', 'c', undefined]),
      id: random.chance(0.7) ? callId(random) : undefined,
    };
    return [name, args, {$call}];
  }

  private cancelled(): object {
    const {random} = this;
    if (random.chance(0.5)) return {ref: random.pick(['a', 'b', 'c'])};
    return {
      method: random.pick(['stream', 'readable']),
      id: random.pick(['1', '2', '3']),
    };
  }

  private readOf(stream: unknown): object {
    const {own, random} = this;
    const got = own.get(stream as string) ?? 0;
    const isOdd = random.chance(0.2);
    return {
      stream,
      got: isOdd ? random.pick([-1, 0.5, 1e308, 2 ** 53, 1000, '0', json(random)]) : got,
      max: random.pick([undefined, undefined, 1, 7, 256, 1e9, 0, -1, 'x']),
      wait: random.pick([undefined, undefined, 0, 20, -1, 1e308, null]),
      again: random.pick([undefined, undefined, false, true, 1]),
    };
  }

  /** Mostly one of its own. */
  private pickStream(): unknown {
    const {known, own, random, user} = this;
    const kind = random.next();
    if (kind < 0.5 && own.size > 0) return random.pick([...own.keys()]);
    if (kind < 0.9) return known.pick(random, user, kind < 0.8) ?? 'none';
    return random.pick([
      '',
      '__proto__',
      'x'.repeat(16),
      'x'.repeat(10_000),
      json(random),
    ]);
  }

  private packet(nsp: string, event: unknown[], id = this.nextId()): string {
    return frame('2', nsp, this.random.chance(0.9) ? id : '', JSON.stringify(event));
  }

  private nextId(): string {
    return `${STREAM_ID}${this.packets++}`;
  }
}

/** Some come again while they are kept. */
function callId(random: Random): string {
  return String(random.below(500));
}
