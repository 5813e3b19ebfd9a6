import {Agent} from 'node:http';
import {Duplex} from 'node:stream';

type Done = (error?: Error | null) => void;

/** Runs functions in order, each after its delay. */
class Delayed {
  private readonly waiting: {readonly due: number; run(): void}[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** @param ms - Time until the function runs; 0 for at once, unless others wait. */
  run(ms: number, run: () => void): void {
    if (ms === 0 && this.waiting.length === 0) {
      run();
      return;
    }
    this.waiting.push({due: performance.now() + ms, run});
    this.timer ??= setTimeout(() => this.runDue(), ms);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.waiting.length = 0;
  }

  private runDue(): void {
    this.timer = undefined;
    const now = performance.now();
    // Node's timers may be a part of a millisecond early.
    while (this.waiting.length > 0 && this.waiting[0].due <= now + 1) {
      this.waiting.shift()?.run();
    }
    const [next] = this.waiting;
    if (this.waiting.length > 0) {
      this.timer ??= setTimeout(() => this.runDue(), next.due - now);
    }
  }
}

/** A connection whose bytes arrive later, in both directions. */
class DelayedConnection extends Duplex {
  private readonly incoming = new Delayed();
  private readonly outgoing = new Delayed();

  constructor(
    private readonly connection: Duplex,
    private readonly delay: () => number,
  ) {
    super({allowHalfOpen: false});
    const {incoming} = this;
    connection.on('data', (chunk: Buffer) => {
      incoming.run(delay(), () => {
        if (!this.push(chunk)) connection.pause();
      });
    });
    connection.on('end', () => incoming.run(delay(), () => this.push(null)));
    connection.on('error', error => this.destroy(error));
    connection.on('close', () => incoming.run(delay(), () => this.destroy()));
  }

  override _read(): void {
    this.connection.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.outgoing.run(this.delay(), () => this.connection.write(chunk));
    done();
  }

  override _final(done: Done): void {
    this.outgoing.run(this.delay(), () => this.connection.end());
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.incoming.clear();
    this.outgoing.clear();
    this.connection.destroy();
    done(error);
  }
}

/** The network of one client: makes its connections, cuts them and delays them. */
export class Line extends Agent {
  /** ms that each byte takes, in each direction. */
  delay = 0;
  private readonly connections = new Set<Duplex>();
  private broken = false;

  /**
   * @param protocol - `http:` or `https:`.
   * @param connect - Makes a connection to the server.
   */
  constructor(
    readonly protocol: string,
    private readonly connect: () => Duplex,
  ) {
    super();
  }

  /** Called by Node for each request of the client. */
  override createConnection(): Duplex {
    const connection = new DelayedConnection(this.connect(), () => this.delay);
    this.connections.add(connection);
    connection.once('close', () => this.connections.delete(connection));
    // Node listens to the connection in the next tick.
    if (this.broken) setImmediate(() => connection.destroy());
    return connection;
  }

  /** Cuts all connections, and those to come until {@link repair}: a polling client may have none now. */
  cut(): void {
    this.broken = true;
    for (const connection of this.connections) connection.destroy();
  }

  repair(): void {
    this.broken = false;
  }

  /** Resolves when all connections are closed; cuts those that are open after `grace` ms. */
  async closed(grace: number): Promise<void> {
    const cut = setTimeout(() => this.cut(), grace);
    await Promise.all(
      [...this.connections].map(
        connection => new Promise(resolve => connection.once('close', resolve)),
      ),
    );
    clearTimeout(cut);
  }
}
