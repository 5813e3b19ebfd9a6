/* eslint-disable @typescript-eslint/no-explicit-any -- values of events have the types of their emitter */
import type {EventEmitter} from 'node:events';

/** Options of a {@link feed}. */
export interface FeedOptions<Values extends unknown[], Item> {
  /**
   * Most events that wait for a slow reader. One more drops the oldest. A whole number above 0.
   *
   * @default 64
   */
  keep?: number;
  /** Ends the feed when it is aborted; events that wait are dropped. */
  signal?: AbortSignal;
  /**
   * Makes the item of an event; an event without an item (`undefined`) is left out. What it throws ends the feed,
   * and the reader gets it.
   *
   * @default the first value of the event
   */
  map?: (...values: Values) => Item | undefined;
  /**
   * Name of an event that ends the feed. The reader gets the events that wait, and then its first value as an error.
   *
   * @default none: the feed does not listen to `error`, so that the emitter keeps its own behaviour
   */
  errorEvent?: string | symbol;
}

/** The events of an emitter, to be read by one reader. */
export interface Feed<Item> extends AsyncIterableIterator<Item> {
  /** Number of events that were dropped because the reader was too slow. */
  readonly dropped: number;
  /** Stops listening, and drops the events that wait. */
  return(): Promise<IteratorResult<Item, undefined>>;
}

/** An emitter whose events have no types. */
interface AnyEmitter {
  on(event: string | symbol, listener: (...values: any[]) => void): unknown;
  off(event: string | symbol, listener: (...values: any[]) => void): unknown;
}

const DEFAULT_KEEP = 64;

/**
 * Returns the events of an emitter as an async iterable for a method that streams. It keeps a bounded number of events
 * for a slow reader, where `events.on` of Node keeps all of them.
 *
 * It listens from now on, not from the first read, so that no event between is lost. It stops listening when the
 * reader leaves its loop, when `signal` is aborted, or after an error. So pass the signal of the call: a feed that is
 * never read is freed by it alone.
 *
 * @param emitter - An `EventEmitter`, anything with `on` and `off`, or an `EventTarget`, whose items are events.
 * @throws TypeError when the emitter or an option is wrong.
 *
 * @example
 * ```ts
 * @socketMethod()
 * ticks(socket: Socket, credentials: unknown, args: {symbol: string},
 *   @inject(SocketBindings.SIGNAL) signal: AbortSignal) {
 *   return feed(exchange, `tick:${args.symbol}`, {keep: 16, signal});
 * }
 * ```
 */
export function feed<
  Events extends Record<keyof Events, any[]>,
  Name extends keyof Events & (string | symbol),
  Item = Events[Name][0],
>(
  // eslint-disable-next-line @typescript-eslint/ban-ts-comment -- an error only with old types of Node
  /** @ts-ignore -- `EventEmitter` has no type parameter before @types/node 20.11 */
  emitter: EventEmitter<Events>,
  event: Name,
  options?: FeedOptions<Events[Name], Item>,
): Feed<Item>;
export function feed<Item = Event>(
  emitter: EventTarget,
  event: string,
  options?: FeedOptions<[event: Event], Item>,
): Feed<Item>;
export function feed<Item = any>(
  emitter: AnyEmitter,
  event: string | symbol,
  options?: FeedOptions<any[], Item>,
): Feed<Item>;
export function feed(
  emitter: AnyEmitter | EventTarget,
  event: string | symbol,
  options: FeedOptions<any[], unknown> = {},
): Feed<unknown> {
  return new EventFeed(emitter, event, options);
}

interface Reader {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const END = {done: true, value: undefined} as const;

class EventFeed implements Feed<unknown> {
  dropped = 0;
  private readonly waiting: unknown[] = [];
  private readonly readers: Reader[] = [];
  private readonly keep: number;
  private readonly map?: (...values: any[]) => unknown;
  private readonly signal?: AbortSignal;
  private readonly listeners: [
    event: string | symbol,
    listener: (...values: any[]) => void,
  ][];
  private ended = false;
  /** The error that the next read gets, after the events that wait. */
  private failure?: {readonly error: unknown};

  constructor(
    private readonly emitter: AnyEmitter | EventTarget,
    event: string | symbol,
    {keep = DEFAULT_KEEP, map, signal, errorEvent}: FeedOptions<any[], unknown>,
  ) {
    if (!Number.isInteger(keep) || keep < 1) {
      throw new TypeError(
        `feed: keep must be a whole number above 0. It is ${String(keep)}.`,
      );
    }
    if (!isEmitter(emitter) && !(emitter instanceof EventTarget)) {
      throw new TypeError(
        'feed: give it an EventEmitter, an object with on and off, or an EventTarget.',
      );
    }
    this.keep = keep;
    this.map = map;
    this.listeners = [[event, this.take]];
    if (errorEvent !== undefined) this.listeners.push([errorEvent, this.fail]);
    if (signal?.aborted) {
      this.ended = true;
      return;
    }
    this.switchListeners('on');
    this.signal = signal;
    signal?.addEventListener('abort', this.end);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const {failure, waiting} = this;
    if (waiting.length > 0) return Promise.resolve({done: false, value: waiting.shift()});
    if (failure) {
      this.failure = undefined;
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as the emitter gave it
      return Promise.reject(failure.error);
    }
    if (this.ended) return Promise.resolve(END);
    return new Promise((resolve, reject) => this.readers.push({resolve, reject}));
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.end();
    return Promise.resolve(END);
  }

  private readonly take = (...values: unknown[]): void => {
    let [value] = values;
    try {
      if (this.map && (value = this.map(...values)) === undefined) return;
    } catch (error) {
      // It must not fail the emitter, which is not to blame.
      this.fail(error);
      return;
    }
    // `map` may end the feed.
    if (this.ended) return;
    const reader = this.readers.shift();
    if (reader) {
      reader.resolve({done: false, value});
      return;
    }
    this.waiting.push(value);
    if (this.waiting.length <= this.keep) return;
    this.waiting.shift();
    this.dropped++;
  };

  private readonly fail = (error: unknown): void => {
    if (this.ended) return;
    const reader = this.readers.shift();
    if (reader) reader.reject(error);
    else this.failure = {error};
    this.stop();
  };

  private readonly end = (): void => {
    this.waiting.length = 0;
    this.failure = undefined;
    if (!this.ended) this.stop();
  };

  private stop(): void {
    this.ended = true;
    this.switchListeners('off');
    this.signal?.removeEventListener('abort', this.end);
    for (const {resolve} of this.readers.splice(0)) resolve(END);
  }

  private switchListeners(how: 'on' | 'off'): void {
    for (const [event, listener] of this.listeners) {
      const {emitter} = this;
      if (isEmitter(emitter)) emitter[how](event, listener);
      else if (how === 'on') emitter.addEventListener(event as string, listener);
      else emitter.removeEventListener(event as string, listener);
    }
  }
}

function isEmitter(emitter: AnyEmitter | EventTarget): emitter is AnyEmitter {
  const parts = emitter as {on?: unknown; off?: unknown};
  return typeof parts.on === 'function' && typeof parts.off === 'function';
}
