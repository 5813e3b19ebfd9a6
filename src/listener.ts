import {HttpServer} from '@loopback/http-server';
import {createServer} from 'node:http';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {Server as IoServer} from 'socket.io';
import type {ServerOptions as IoServerOptions} from 'socket.io';
import type {ReadyHttpServer, SocketComponentOptions} from './types';

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** How long a closed connection may take to say goodbye before its TCP connection is cut. */
const CLOSE_GRACE = 500;

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
  server?: ReadyHttpServer;
  private detach?: () => void;
  /** TCP connections in use by socket.io, each under what it is used for. */
  private readonly inUse = new Map<Duplex | ServerResponse, Duplex>();
  private unused?: () => void;

  constructor(options: Partial<IoServerOptions>) {
    this.io = new IoServer({cleanupEmptyChildNamespaces: true, ...options});
    this.io.attach(this.router);
  }

  get attached(): boolean {
    return this.server !== undefined;
  }

  /** Root URL of the HTTP server, while it listens on TCP. */
  get rootUrl(): string | undefined {
    return rootUrlOf(this.server);
  }

  /** Starts serving on an HTTP server, or on a new one that these options describe. */
  async attach(http: Exclude<SocketComponentOptions['http'], undefined>): Promise<void> {
    if (this.server) return;
    if (typeof http === 'function') {
      this.mount(requireHttpServer(await http()));
    } else if (isHttpServer(http)) {
      this.mount(http);
    } else {
      this.own = new HttpServer((_request, response) => {
        response.writeHead(404).end();
      }, http);
      this.mount(this.own.server);
      await this.own.start();
    }
  }

  /** Closes all connections, each by its own handshake and soon by force, and leaves the HTTP server. */
  async close(): Promise<void> {
    if (!this.server) return;
    this.detach?.();
    this.io.engine.close();
    if (this.inUse.size > 0) {
      const cut = setTimeout(() => {
        for (const socket of this.inUse.values()) socket.destroy();
      }, CLOSE_GRACE);
      await new Promise<void>(resolve => (this.unused = resolve));
      clearTimeout(cut);
    }
    if (this.own) {
      const stopped = this.own.stop();
      this.own.server.closeAllConnections();
      await stopped;
    }
    this.own = undefined;
    this.server = undefined;
  }

  private mount(server: ReadyHttpServer): void {
    const path = this.io.path();
    const release = reservePath(server, path);
    // The engine takes this as the sign that its HTTP server is back after a close.
    this.router.emit('listening');

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
        socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      }
    };
    server.removeAllListeners('request').on('request', onRequest);
    server.on('upgrade', onUpgrade);
    this.server = server;
    this.detach = () => {
      release();
      server.off('upgrade', onUpgrade);
      if (!server.listeners('request').includes(onRequest)) return;
      server.off('request', onRequest);
      for (const listener of others) server.on('request', listener);
    };
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

/** Root URL of an HTTP server; `undefined` while it does not listen, and on a pipe. */
export function rootUrlOf(server: ReadyHttpServer | undefined): string | undefined {
  const address = server?.address();
  if (!server || !address || typeof address === 'string') return undefined;
  const protocol = 'setSecureContext' in server ? 'https' : 'http';
  const reachable: Record<string, string | undefined> = {
    '::': '::1',
    '0.0.0.0': '127.0.0.1',
  };
  const host = reachable[address.address] ?? address.address;
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

function isHttpServer(value: object): value is ReadyHttpServer {
  return 'listen' in value && 'on' in value;
}

function requireHttpServer(value: unknown): ReadyHttpServer {
  if (typeof value === 'object' && value !== null && isHttpServer(value)) return value;
  throw new Error(
    'SocketComponent: the function given as `http` returned no http.Server. ' +
      'It is called when the application starts; create the server before.',
  );
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
