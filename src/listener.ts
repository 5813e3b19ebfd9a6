import {HttpServer} from '@loopback/http-server';
import type {HttpServerOptions} from '@loopback/http-server';
import {createServer} from 'node:http';
import type {ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {Server as IoServer} from 'socket.io';
import type {ServerOptions as IoServerOptions} from 'socket.io';
import {mountOn} from './http-mounts';
import {isHttpServer} from './http-target';
import {CLOSE_GRACE, cutConnection} from './transport';
import type {ReadyHttpServer} from './types';

/**
 * The socket.io server, and its place on an HTTP server. socket.io is attached to an HTTP server of
 * its own that never listens; requests for its path are handed on to that one. So it exists before
 * anything listens, survives restarts of the HTTP server, and leaves no listener behind.
 */
export class SocketListener {
  readonly io: IoServer;
  private readonly router = createServer((_request, response) => {
    response.writeHead(404).end();
  });
  private own?: HttpServer;
  private mounted?: ReadyHttpServer;
  private detach?: () => void;
  /** TCP connections in use by socket.io, each under what it is used for. */
  private readonly inUse = new Map<Duplex | ServerResponse, Duplex>();
  private unused?: () => void;
  private closing?: Promise<void>;
  /** All TCP connections of an HTTP server of its own, also those that have sent nothing yet. */
  private readonly accepted = new Set<Duplex>();

  constructor(readonly options: Partial<IoServerOptions>) {
    this.io = new IoServer({cleanupEmptyChildNamespaces: true, ...options});
    this.io.attach(this.router);
  }

  /** The HTTP server in use, also one that the application attached `io` to by itself. */
  get server(): ReadyHttpServer | undefined {
    if (this.mounted) return this.mounted;
    const attached = this.io.httpServer as ReadyHttpServer;
    return attached === this.router ? undefined : attached;
  }

  /**
   * Starts serving on an HTTP server, or on a new one that these options describe.
   *
   * @throws Error when the new one cannot listen, or when paths on the given one overlap.
   */
  async attach(http: ReadyHttpServer | HttpServerOptions): Promise<void> {
    if (isHttpServer(http)) {
      this.mount(http);
      return;
    }
    const own = new HttpServer((_request, response) => {
      response.writeHead(404).end();
    }, http);
    this.mount(own.server);
    own.server.on('connection', (socket: Duplex) => {
      this.accepted.add(socket);
      socket.once('close', () => this.accepted.delete(socket));
    });
    try {
      await own.start();
      this.own = own;
    } catch (error) {
      this.unmount();
      throw error;
    }
  }

  /** Closes all connections, each by its own handshake and soon by force, and leaves the HTTP server. */
  close(): Promise<void> {
    this.closing ??= this.closeAll().finally(() => (this.closing = undefined));
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    this.unmount();
    for (const connection of Object.values(this.io.engine['clients'])) {
      cutConnection(connection);
    }
    if (this.inUse.size > 0) {
      const cut = setTimeout(() => {
        for (const socket of this.inUse.values()) socket.destroy();
      }, CLOSE_GRACE);
      await new Promise<void>(resolve => (this.unused = resolve));
      clearTimeout(cut);
    }
    if (!this.own) return;
    const stopped = this.own.stop();
    for (const socket of this.accepted) socket.destroy();
    this.own = undefined;
    await stopped;
  }

  private mount(server: ReadyHttpServer): void {
    this.detach = mountOn(server, {
      path: this.io.path(),
      request: (request, response) => {
        this.track(request.socket, response);
        this.router.emit('request', request, response);
      },
      upgrade: (request, socket, head) => {
        this.track(socket);
        this.router.emit('upgrade', request, socket, head);
      },
    });
    this.mounted = server;
  }

  private unmount(): void {
    this.detach?.();
    this.detach = undefined;
    this.mounted = undefined;
  }

  /** Keeps a TCP connection in sight until it, or the one response it is used for, is done. */
  private track(socket: Duplex, response?: ServerResponse): void {
    const use = response ?? socket;
    this.inUse.set(use, socket);
    use.once('close', () => {
      this.inUse.delete(use);
      if (this.inUse.size === 0) this.unused?.();
    });
  }
}
