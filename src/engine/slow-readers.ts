import type {Socket} from 'socket.io';

type Connection = Socket['conn'];

/** About what a packet takes beside its data, in bytes: the objects that Engine.IO keeps of it. */
const PACKET_BYTES = 200;

/** Those who wait until a connection's buffer is handed on. */
interface Waiting {
  readonly handedOn: Promise<void>;
  resolve(): void;
}

/** What is known of a connection's buffer. It does not refer to that, or what was sent last would be kept. */
interface Queue {
  /** A string's characters are counted as one each. */
  bytes: number;
  /** What was sent in the one tick that may exceed the limit. */
  burst: number;
  /** The tick in which something was added last, and what there was before. */
  tick: number;
  before: number;
  /** Whether it exceeds the limit, and is looked at again after the tick. */
  checking: boolean;
  waiting: Waiting | undefined;
}

const QUEUE = Symbol('queue');
const QUEUES = Symbol('queues');

/** A connection of Engine.IO's, which replaces its buffer each time that it hands it on. */
interface Queueing {
  readonly writeBuffer: readonly unknown[];
  sendPacket: typeof sendPacket;
  [QUEUE]: Queue | undefined;
  [QUEUES]: OutgoingQueues;
}

/**
 * Bounds what waits to be sent to a client that reads slower than it is sent to. What is sent in one
 * tick may be more, once: a client that reads has had no time to take it.
 */
export class OutgoingQueues {
  private tick = 0;
  private ticking = false;

  /** @param over - Told of a connection where more bytes wait than `most()`. */
  constructor(
    private readonly most: () => number,
    private readonly over: (connection: Connection) => void,
  ) {}

  /** Told when a connection hands its buffer on. */
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

  /** Counts what waits since a packet of so many bytes was sent. */
  count(connection: Queueing, bytes: number): void {
    const tick = this.now();
    const queue = (connection[QUEUE] ??= {
      bytes: 0,
      burst: 0,
      tick,
      before: 0,
      checking: false,
      waiting: undefined,
    });
    // Until it is looked at, the tick in which it has exceeded the limit counts.
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
    // A connection that has closed meanwhile has let go of its buffer.
    if (connection[QUEUE] !== queue || connection.writeBuffer.length === 0) return;
    if (queue.burst > 0) this.over(connection as unknown as Connection);
    else queue.burst = queue.bytes - queue.before;
  };

  /** Tells ticks apart. */
  private now(): number {
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

/** Resolves when what waits is handed to the transport, which has sent all that it had. */
export function whenHandedOn(connection: Connection): Promise<void> {
  const {[QUEUE]: queue} = connection as unknown as Queueing;
  if (!queue) return Promise.resolve();
  queue.waiting ??= startWaiting();
  return queue.waiting.handedOn;
}

function startWaiting(): Waiting {
  let resolve!: () => void;
  const handedOn = new Promise<void>(settle => (resolve = settle));
  return {handedOn, resolve};
}

/** Shared by all connections, so that none costs a closure. */
function sendPacket(
  this: Queueing,
  type: string,
  data?: string | Buffer,
  options?: object,
  callback?: () => void,
): void {
  const {sendPacket: send} = Object.getPrototypeOf(this) as Pick<Queueing, 'sendPacket'>;
  send.call(this, type, data, options, callback);
  // Empty where the transport has taken it, as it mostly does.
  if (this.writeBuffer.length > 0) this[QUEUES].count(this, data?.length ?? 0);
}
