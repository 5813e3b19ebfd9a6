import type {Call} from '../context/call';
import {watchPromises, watchUnsent} from '../common/watch-promises';
import type {EncodedItem} from '../engine/item-codec';
import {SocketErrors} from '../wire/refusals';
import type {SocketError} from '../wire/refusals';
import {Tracked} from '../wire/tracked';
import type {StreamSession} from './ports';
import {isAbortError, resultOf} from './source';
import type {ItemSource} from './source';

/** The call of a method that streams. */
export interface StreamingCall {
  /** The session of the call; it encodes items, and logs errors. */
  readonly origin: StreamSession;
  readonly call: Call;
  /** The method's name in logs. */
  readonly label: string;
  readonly source: ItemSource;
  /** The client's name for the call. */
  readonly ref: string | undefined;
  /** True when a later connection of the user can take the stream over. */
  readonly isResumable: boolean;
}

/** How the items end: with an error, or without items that follow. */
export interface End {
  /** The body for the client. */
  readonly error?: unknown;
}

/** Takes the items of a pump. */
export interface ItemSink {
  /** Returns true while it takes one more item. */
  wantsItem(): boolean;
  push(item: EncodedItem): void;
  /** Called when no more items come. */
  onEnd(): void;
  /** Called when the iterable has ended, also after its `return()`. */
  onSettled(): void;
}

/** Pulls the items of one method as long as they are wanted, encodes them, and ends the iterable. */
export class ItemPump {
  /** Set when no more items come. */
  end: End | undefined;
  /** True from when the iterable has ended, its `return()` included. */
  settled = false;
  /** True while the iterable makes an item. */
  private pulling = false;

  constructor(
    private readonly streaming: StreamingCall,
    private readonly sink: ItemSink,
  ) {}

  /** Pulls items, unless it does so already. */
  run(): void {
    if (!this.pulling) void this.pull();
  }

  /** Ends the iterable, unless it has ended. An error takes the place of an earlier end. */
  stop(error?: SocketError): void {
    const {end: before, streaming} = this;
    const {label, origin} = streaming;
    const end = error ? {error: origin.fail(error, label).error} : (before ?? {});
    if (before) this.end = end;
    else this.close(end, error ?? SocketErrors.callCancelled());
  }

  /** Never rejects. */
  private async pull(): Promise<void> {
    const {sink, streaming} = this;
    this.pulling = true;
    while (!this.end && sink.wantsItem()) {
      let result: IteratorResult<unknown, unknown>;
      try {
        result = resultOf(await streaming.source.next());
      } catch (error) {
        this.onError(error);
        break;
      }
      this.onResult(result);
    }
    this.pulling = false;
  }

  private onResult(result: IteratorResult<unknown, unknown>): void {
    const {label, origin} = this.streaming;
    if (this.end) {
      watchUnsent(result, origin, label);
      return;
    }
    let item: EncodedItem | undefined;
    try {
      item = this.encode(result);
    } catch (error) {
      watchUnsent(result, origin, label);
      this.close({error: origin.fail(error, label).error}, SocketErrors.callCancelled());
      this.sink.onEnd();
      return;
    }
    if (item) this.sink.push(item);
    else this.finish({});
  }

  /**
   * Returns `undefined` at the end.
   *
   * @throws Error when the item cannot be encoded, and what getters of the result throw.
   */
  private encode(result: IteratorResult<unknown, unknown>): EncodedItem | undefined {
    const {label, origin} = this.streaming;
    const {done, value} = result;
    if (done) {
      // A promise that an iterator returns at its end is not sent.
      watchUnsent(value, origin, label);
      return undefined;
    }
    const tracked = value instanceof Tracked ? (value as Tracked<unknown>) : undefined;
    const item = tracked ? tracked.value : value;
    const encoded = origin.encodeItem(item, tracked?.id ?? null);
    // JSON shows a promise as an empty object.
    if (!encoded.isPlain && (encoded.text?.includes('{}') ?? true))
      watchPromises(item, origin, label);
    return encoded;
  }

  private onError(error: unknown): void {
    const {label, origin} = this.streaming;
    if (!this.end) this.finish({error: origin.fail(error, label).error});
    else if (!this.isStopped(error)) origin.report(error, label);
  }

  /** Called when the iterable has ended by itself. */
  private finish(end: End): void {
    this.end = end;
    this.settle();
    this.sink.onEnd();
  }

  /** Ends an iterable that has not ended by itself. */
  private close(end: End, reason: SocketError): void {
    const {call, label, origin, source} = this.streaming;
    this.end = end;
    call.abort(reason);
    void source
      .stop(origin, label, thrown => this.isStopped(thrown))
      .then(() => this.settle());
  }

  private settle(): void {
    this.settled = true;
    this.streaming.call.close();
    this.sink.onSettled();
  }

  /** Returns true for an error of an iterable that was told to end. */
  private isStopped(error: unknown): boolean {
    return this.streaming.call.isStoppedBy(error) || isAbortError(error);
  }
}
