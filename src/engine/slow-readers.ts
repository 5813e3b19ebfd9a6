import type {Socket} from 'socket.io';

type Connection = Socket['conn'];

/** Approximate size of a queued packet without its data, in bytes. */
const PACKET_BYTES = 200;

/** The calls that wait until a connection's buffer is passed to the transport. */
interface Waiting {
  readonly flushed: Promise<void>;
  resolve(): void;
}

/**
 * State of a connection's buffer. It has no reference to the buffer, which would keep the last packets alive.
 */
interface Queue {
  /** Each character of a string counts as one byte. */
  bytes: number;
  /** Bytes of the one tick that may exceed the limit. */
  burst: number;
  /** The tick of the last packet, and the bytes before that tick. */
  tick: number;
  before: number;
  /** True while the queue exceeds the limit and is checked after the tick. */
  checking: boolean;
  waiting: Waiting | undefined;
}

const QUEUE = Symbol('queue');
const QUEUES = Symbol('queues');

/** A connection of Engine.IO, which replaces its buffer whenever it passes it to the transport. */
interface Queueing {
  readonly writeBuffer: readonly unknown[];
  sendPacket: typeof sendPacket;
  [QUEUE]: Queue | undefined;
  [QUEUES]: OutgoingQueues;
}

/**
 * Bounds the bytes that wait for a client that reads too slowly. One tick may exceed the limit once, because
 * the client has had no time to read it.
 */
export class OutgoingQueues {
  private tick = 0;
  private ticking = false;

  /** @param over - Called with a connection where more than `most()` bytes wait. */
  constructor(
    private readonly most: () => number,
    private readonly over: (connection: Connection) => void,
  ) {}

  /** Called when a connection passes its buffer to the transport. */
  flushed(connection: Connection): void {
    const queueing = connection as unknown as Queueing;
    queueing[QUEUE]?.waiting?.resolve();
    queueing[QUEUE] = undefined;
  }

  watch(connection: Connection): void {
    const queueing = connection as unknown as Queueing;
    queueing[QUEUES] = this;
    queueing[QUEUE] = undefined;
    queueing.sendPacket = sendPacket;
  }

  /** Counts a packet of that many bytes. */
  count(connection: Queueing, bytes: number): void {
    const tick = this.currentTick();
    const queue = (connection[QUEUE] ??= {
      bytes: 0,
      burst: 0,
      tick,
      before: 0,
      checking: false,
      waiting: undefined,
    });
    // Until the check, the tick that exceeded the limit counts.
    if (queue.tick !== tick && !queue.checking) {
      queue.tick = tick;
      queue.before = queue.bytes;
    }
    queue.bytes += bytes + PACKET_BYTES;
    if (queue.checking || !this.exceeds(queue)) return;
    queue.checking = true;
    setImmediate(this.check, connection, queue);
  }

  isFull({bytes}: Queue): boolean {
    return bytes > this.most();
  }

  /** Returns true when more waits than the limit and what was once sent in one tick. */
  private exceeds({bytes, burst}: Queue): boolean {
    return bytes > this.most() + burst;
  }

  private readonly check = (connection: Queueing, queue: Queue) => {
    queue.checking = false;
    // A connection that closed in the meantime has no buffer.
    if (connection[QUEUE] !== queue || connection.writeBuffer.length === 0) return;
    if (queue.burst > 0) this.over(connection as unknown as Connection);
    else queue.burst = queue.bytes - queue.before;
  };

  private currentTick(): number {
    if (!this.ticking) {
      this.ticking = true;
      setImmediate(() => {
        this.tick++;
        this.ticking = false;
      });
    }
    return this.tick;
  }
}

/**
 * Returns true when a client has not read the answers to earlier calls. Its calls then wait, also those
 * that come after a burst: their answers must never end a connection.
 */
export function isQueueFull(connection: Connection): boolean {
  const {[QUEUE]: queue, [QUEUES]: queues} = connection as unknown as Queueing;
  return queue !== undefined && queues.isFull(queue);
}

/** Returns true while packets wait in a connection's buffer. */
export function hasQueued(connection: Connection): boolean {
  return (connection as unknown as Queueing)[QUEUE] !== undefined;
}

/** Resolves when the buffer is passed to the transport, which has then sent everything before it. */
export function whenFlushed(connection: Connection): Promise<void> {
  const {[QUEUE]: queue} = connection as unknown as Queueing;
  if (!queue) return Promise.resolve();
  queue.waiting ??= startWaiting();
  return queue.waiting.flushed;
}

function startWaiting(): Waiting {
  let resolve!: () => void;
  const flushed = new Promise<void>(settle => (resolve = settle));
  return {flushed, resolve};
}

/** Shared by all connections: a closure for each would cost memory. */
function sendPacket(
  this: Queueing,
  type: string,
  data?: string | Buffer,
  options?: object,
  callback?: () => void,
): void {
  const {sendPacket: send} = Object.getPrototypeOf(this) as Pick<Queueing, 'sendPacket'>;
  send.call(this, type, data, options, callback);
  // Usually empty, because the transport has taken the packet.
  if (this.writeBuffer.length > 0) this[QUEUES].count(this, data?.length ?? 0);
}
