import {Duplex} from 'node:stream';

type Done = (error?: Error | null) => void;

/** One end of a connection in memory. */
class End extends Duplex {
  other!: End;
  /** Read where addresses are limited or logged. */
  readonly remoteAddress = '127.0.0.1';
  private taken: Done | undefined;

  override _read(): void {
    const {taken} = this;
    this.taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    if (chunk.length === 0) {
      done();
      return;
    }
    this.other.taken = done;
    this.other.push(chunk);
  }

  override _final(done: Done): void {
    this.other.push(null);
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    process.nextTick(() => this.other.destroy());
    done(error);
  }
}

/** Returns the two ends of a connection in memory. */
export function memoryConnection(): [client: Duplex, server: Duplex] {
  const [client, server] = [new End(), new End()];
  client.other = server;
  server.other = client;
  return [client, server];
}
