import {HttpServer} from '@loopback/http-server';
import type {HttpServerOptions} from '@loopback/http-server';
import {createServer} from 'node:http';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {Server as IoServer} from 'socket.io';
import type {ServerOptions as IoServerOptions} from 'socket.io';
import {isHttpServer} from './http-target';
import {CLOSE_GRACE, cutConnection} from './transport';
import type {ReadyHttpServer} from './types';

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** Paths in use on each HTTP server: socket.io crashes the process when one lies within another. */
const pathsInUse = new WeakMap<ReadyHttpServer, Set<string>>();

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

  constructor(options: Partial<IoServerOptions>) {
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
    const path = this.io.path();
    const release = reservePath(server, path);

    const matches = ({url = ''}: IncomingMessage) =>
      url.startsWith(path) && [undefined, '/', '?'].includes(url.at(path.length));
    const others = server.listeners('request') as RequestListener[];
    const onRequest: RequestListener = (request, response) => {
      if (matches(request)) {
        this.track(request.socket, response);
        this.router.emit('request', request, response);
      } else {
        for (const listener of others) listener.call(server, request, response);
      }
    };
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (matches(request)) {
        this.track(socket);
        this.router.emit('upgrade', request, socket, head);
      } else if (server.listenerCount('upgrade') === 1) {
        socket.once('error', () => socket.destroy());
        socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n', () =>
          socket.destroy(),
        );
      }
    };
    server.removeAllListeners('request').on('request', onRequest);
    server.on('upgrade', onUpgrade);
    this.mounted = server;
    this.detach = () => {
      release();
      server.off('upgrade', onUpgrade);
      if (!server.listeners('request').includes(onRequest)) return;
      server.off('request', onRequest);
      for (const listener of others) server.on('request', listener);
    };
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

function reservePath(server: ReadyHttpServer, path: string): () => void {
  const paths = pathsInUse.get(server) ?? new Set<string>();
  pathsInUse.set(server, paths);
  for (const other of paths) {
    if (`${path}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${path}/`)) {
      throw new Error(
        `SocketComponent: the socket.io path "${path}" overlaps with "${other}" on the same ` +
          'HTTP server. Give one of them another `io.path`, not within the other.',
      );
    }
  }
  paths.add(path);
  return () => paths.delete(path);
}
