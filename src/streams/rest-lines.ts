import type {Response} from '@loopback/rest';
import type {Writable} from 'node:stream';
import {setImmediate} from 'node:timers/promises';
import {isStoppedBy} from '../common/aborted';
import {watchUnsent} from '../common/watch-promises';
import type {Reporter} from '../common/watch-promises';
import {Tracked} from '../wire/tracked';
import {isAbortError, resultOf} from './source';
import type {ItemSource} from './source';

/** The content type of JSON values, one a line. */
const NEWLINE_DELIMITED_JSON = 'application/x-ndjson';

/** Most lines of one turn of the event loop, so that an iterable that is always ready does not delay others. */
const MAX_TURN_LINES = 256;

/**
 * The items of a method as the body of a REST response. REST pipes a result that has `pipe`, and so leaves the response
 * to this class.
 */
export class RestLines {
  /** The next line; `undefined` at the end. */
  private line: string | undefined;
  private isEnded = false;
  /** Number of lines that the system has not taken. */
  private unsent = 0;
  private whenSent?: () => void;

  /**
   * @param label - The method's name in logs.
   * @param signal - The signal that the method was given, if any.
   */
  constructor(
    private readonly source: ItemSource,
    private readonly response: Response,
    private readonly label: string,
    private readonly reporter: Reporter,
    private readonly signal: AbortSignal | undefined,
  ) {
    response.once('close', () => this.stop());
    if (response.destroyed) this.stop();
  }

  /** Makes the first line. @throws Error of the iterable before its first item, which REST answers. */
  async begin(): Promise<void> {
    try {
      await this.pull();
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  pipe<Destination extends Writable>(destination: Destination): Destination {
    // REST has set the content type of bytes.
    this.response.setHeader('Content-Type', NEWLINE_DELIMITED_JSON);
    void this.write(destination);
    return destination;
  }

  /** Never rejects. An error cuts the response, which tells the client that items are missing. */
  private async write(destination: Writable): Promise<void> {
    const {label, reporter, response} = this;
    let lines = 0;
    try {
      while (this.line !== undefined) {
        if (response.destroyed) return;
        this.unsent++;
        const isFull = !destination.write(this.line, this.onSent);
        if (isFull) await this.until(proceed => destination.once('drain', proceed));
        // The system may take all at once, and `drain` comes in the same turn then.
        if (isFull || ++lines % MAX_TURN_LINES === 0) await setImmediate();
        await this.pull();
      }
      destination.end();
    } catch (error) {
      this.stop();
      if (!response.destroyed || !this.isStopped(error)) reporter.report(error, label);
      // The client gets the items before the error.
      if (this.unsent > 0) await this.until(proceed => (this.whenSent = proceed));
      response.destroy();
    }
  }

  private async pull(): Promise<void> {
    let result: IteratorResult<unknown>;
    try {
      result = resultOf(await this.source.next());
    } catch (error) {
      this.isEnded = true;
      throw error;
    }
    if (result.done) {
      watchUnsent(result.value, this.reporter, this.label);
      this.isEnded = true;
      this.line = undefined;
      return;
    }
    const item: unknown =
      result.value instanceof Tracked ? result.value.value : result.value;
    // A function or `undefined` has no JSON; in an array it is null.
    this.line = `${(JSON.stringify(item) as string | undefined) ?? 'null'}\n`;
  }

  /** Ends the iterable, unless it has ended by itself. */
  private stop(): void {
    if (this.isEnded) return;
    const {label, reporter, source} = this;
    void source.stop(reporter, label, error => this.isStopped(error));
  }

  private isStopped(error: unknown): boolean {
    return isStoppedBy(this.signal, error) || isAbortError(error);
  }

  private readonly onSent = (): void => {
    if (--this.unsent === 0) this.whenSent?.();
  };

  /** Resolves when `wait` calls its function, or when the response is closed. */
  private until(wait: (proceed: () => void) => void): Promise<void> {
    const {response} = this;
    if (response.destroyed) return Promise.resolve();
    return new Promise(resolve => {
      const proceed = () => {
        response.off('close', proceed);
        resolve();
      };
      response.on('close', proceed);
      wait(proceed);
    });
  }
}
