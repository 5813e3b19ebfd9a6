import assert from 'node:assert/strict';
import type {TestClient} from './client';

/** A user's client that authenticates at each connection. */
export class ReturningClient {
  authenticated = false;

  constructor(
    readonly client: TestClient,
    credentials: object,
  ) {
    const {socket} = client;
    socket.on('connect', () => socket.emit('authentication', credentials));
    socket.on('authenticated', () => (this.authenticated = true));
    socket.on('disconnect', () => (this.authenticated = false));
  }
}

interface Answer {
  readonly stream?: string;
  readonly result?: {at: number; items: unknown[]; ids?: string[]; done: boolean};
  readonly error?: {statusCode?: number; code?: string};
}

/** How a stream is read. */
export interface Reading {
  readonly name: string;
  readonly args: unknown;
  /** Options of the call. */
  readonly $call: {readonly id: string; readonly after?: string};
  /** Most items of an answer. */
  readonly max: number;
  /** Reads that wait at a time. */
  readonly credit: number;
}

/** Reads a stream over lost connections, as docs/protocol.md tells clients to do. */
export class StreamReader {
  readonly items: unknown[] = [];
  /** The application's id of the last item. */
  lastId: string | undefined;
  /** Times that the call was sent, and connections on which it was read. */
  calls = 0;
  connections = 0;
  private stream: string | undefined;
  private settle!: (error: Answer['error']) => void;

  constructor(
    private readonly returning: ReturningClient,
    private readonly reading: Reading,
  ) {}

  /** Resolves at the end, to the error if there is one. */
  async readAll(): Promise<Answer['error']> {
    const {socket} = this.returning.client;
    const ended = new Promise<Answer['error']>(resolve => (this.settle = resolve));
    socket.on('authenticated', this.goOn);
    if (this.returning.authenticated) this.goOn();
    try {
      return await ended;
    } finally {
      socket.off('authenticated', this.goOn);
    }
  }

  private readonly goOn = (): void => {
    if (this.stream === undefined) this.call();
    else this.read(this.stream);
  };

  private call(): void {
    const {name, args, $call} = this.reading;
    this.calls++;
    this.returning.client.socket.emit(name, args, {$call}, ({stream, error}: Answer) => {
      if (stream === undefined) {
        this.settle(error);
        return;
      }
      this.stream = stream;
      this.read(stream);
    });
  }

  /** Answers to the reads of a lost connection never come. */
  private read(stream: string): void {
    this.connections++;
    for (let reads = 0; reads < this.reading.credit; reads++) this.readOnce(stream);
  }

  private readOnce(stream: string): void {
    const {max} = this.reading;
    const body = {stream, got: this.items.length, max};
    this.returning.client.socket.emit('$next', body, ({result, error}: Answer) => {
      if (!result) {
        this.settle(error);
        return;
      }
      assert.equal(result.at, this.items.length);
      this.items.push(...result.items);
      this.lastId = result.ids?.at(-1) ?? this.lastId;
      if (result.done) this.settle(undefined);
      else this.readOnce(stream);
    });
  }
}
