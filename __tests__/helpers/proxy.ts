import {once} from 'node:events';
import {connect, createServer} from 'node:net';
import type {AddressInfo, Socket} from 'node:net';

/** The fate of one connection: it is cut after a number of bytes in a direction, or of ms. */
export interface Fate {
  /** Bytes that get through, to the server or from it, before the connection is cut in the middle. */
  readonly bytes?: number;
  readonly direction: 'up' | 'down';
  readonly ms?: number;
  /** True when both ends get a reset, false when they get the end of the stream. */
  readonly reset: boolean;
}

/** A TCP proxy that cuts its connections. */
export class Proxy implements AsyncDisposable {
  /** The number of connections that it has cut. */
  cuts = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer(client => this.pass(client));

  private constructor(
    private target: URL,
    private readonly fateOf: () => Fate | undefined,
  ) {}

  /** @param fateOf - Asked for each connection; `undefined` lets it be. */
  static async to(
    url: string | undefined,
    fateOf: () => Fate | undefined,
  ): Promise<Proxy> {
    if (url === undefined) throw new Error('The server has no url.');
    const proxy = new Proxy(new URL(url), fateOf);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Passes the next connections to another server. */
  passTo(url: string): void {
    this.target = new URL(url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  private pass(client: Socket): void {
    const {hostname, port} = this.target;
    const server = connect({host: hostname, port: Number(port)});
    const fate = this.fateOf();
    const ends = [client, server];
    for (const [one, other] of [
      [client, server],
      [server, client],
    ]) {
      this.sockets.add(one);
      one.setNoDelay();
      one.on('error', () => undefined);
      one.once('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
    const cut = () => {
      if (client.destroyed || server.destroyed) return;
      this.cuts++;
      for (const end of ends) {
        if (fate?.reset) end.resetAndDestroy();
        else end.destroy();
      }
    };
    const limit = (from: Socket, to: Socket, bytes = Infinity) => {
      let left = bytes;
      from.on('data', chunk => {
        if (chunk.length < left) {
          left -= chunk.length;
          to.write(chunk);
          return;
        }
        // Bytes that came before the cut are delivered.
        from.pause();
        to.write(chunk.subarray(0, left), cut);
        left = 0;
      });
    };
    limit(client, server, fate?.direction === 'up' ? fate.bytes : undefined);
    limit(server, client, fate?.direction === 'down' ? fate.bytes : undefined);
    if (fate?.ms !== undefined) {
      const timer = setTimeout(cut, fate.ms);
      client.once('close', () => clearTimeout(timer));
    }
  }
}
