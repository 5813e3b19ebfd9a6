import {Agent} from 'node:http';
import {awaited} from './awaited';
import {Wire} from './wire';

/** Answer to a call of a stream's protocol. */
export interface WireAnswer {
  readonly result?: any;
  readonly error?: any;
  readonly stream?: string;
}

const agent = new Agent();

/** A light client of `/` by websocket that calls with acks, to have a thousand of them. */
export class WireClient {
  private calls = 0;
  private readonly waiting = new Map<string, (answer: WireAnswer) => void>();

  private constructor(readonly wire: Wire) {
    wire.keepsFrames = false;
    wire.onFrame = frame => {
      const [head, id] = /^43(\d+)/.exec(frame) ?? [];
      if (head === undefined) return;
      const [answer] = JSON.parse(frame.slice(head.length)) as [WireAnswer];
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    };
  }

  /** A client that is connected and authenticated. */
  static async enter(url: string, credentials: object = {}): Promise<WireClient> {
    const wire = await Wire.open('websocket', Number(new URL(url).port), agent);
    await wire.send('40');
    await awaited(
      wire.until(one => one.startsWith('40')),
      'the namespace',
    );
    await wire.send(`42["authentication",${JSON.stringify(credentials)}]`);
    const frame = await awaited(
      wire.until(one => /authenticated"|unauthorized"/.test(one)),
      'the authentication',
    );
    if (!frame?.includes('"authenticated"')) throw new Error(`Refused: ${frame}`);
    return new WireClient(wire);
  }

  /** Number of calls that are not answered. */
  get unanswered(): number {
    return this.waiting.size;
  }

  /** Calls, and waits for the answer; for ever when the connection ends. */
  call(name: string, ...args: unknown[]): Promise<WireAnswer> {
    const id = String(this.calls++);
    return new Promise(resolve => {
      this.waiting.set(id, resolve);
      void this.wire.send(`42${id}${JSON.stringify([name, ...args])}`);
    });
  }

  async open(name: string, ...args: unknown[]): Promise<string> {
    const {stream, error} = await this.call(name, ...args);
    if (stream === undefined) throw new Error(JSON.stringify(error));
    return stream;
  }

  read(stream: string, got: number, options: object = {}): Promise<WireAnswer> {
    return this.call('$next', {stream, got, ...options});
  }

  stop(stream: string): Promise<WireAnswer> {
    return this.call('$stop', {stream});
  }

  async close(): Promise<void> {
    this.wire.close();
    await this.wire.closed;
  }

  async cut(): Promise<void> {
    this.wire.cut();
    await this.wire.closed;
  }
}
