import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import type {ReadyHttpServer} from '../options/types';
import {asksForWebSocket, servePlainly} from './plain-request';

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves the requests under one path. */
export interface Mount {
  readonly path: string;
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

const mountsOf = new WeakMap<ReadyHttpServer, HttpMounts>();

/**
 * Serves requests under some paths of an HTTP server before the server's own listeners. All applications that
 * share a server share one pair of listeners, which the last application removes.
 */
class HttpMounts {
  private readonly mounts = new Set<Mount>();
  private others: RequestListener[] = [];

  constructor(private readonly server: ReadyHttpServer) {}

  add(mount: Mount): void {
    for (const {path} of this.mounts) {
      if (
        `${mount.path}/`.startsWith(`${path}/`) ||
        `${path}/`.startsWith(`${mount.path}/`)
      ) {
        throw new Error(
          `SocketComponent: the socket.io path "${mount.path}" overlaps with "${path}" on the same ` +
            'HTTP server. Give one of them another `io.path`, not within the other.',
        );
      }
    }
    if (this.mounts.size === 0) this.listen();
    this.mounts.add(mount);
  }

  remove(mount: Mount): void {
    this.mounts.delete(mount);
    if (this.mounts.size > 0) return;
    this.server.off('upgrade', this.onUpgrade);
    // A function that wraps the listener still calls it after its removal; it then only passes on.
    if (!this.server.listeners('request').includes(this.onRequest)) return;
    this.server.off('request', this.onRequest);
    for (const listener of this.others) this.server.on('request', listener);
    mountsOf.delete(this.server);
  }

  private listen(): void {
    this.server.on('upgrade', this.onUpgrade);
    if (this.server.listeners('request').includes(this.onRequest)) return;
    this.others = this.server.listeners('request') as RequestListener[];
    this.server.removeAllListeners('request').on('request', this.onRequest);
  }

  private readonly onRequest: RequestListener = (request, response) => {
    const mount = this.find(request);
    if (mount) mount.request(request, response);
    else
      for (const listener of this.others) listener.call(this.server, request, response);
  };

  private readonly onUpgrade = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ) => {
    const mount = this.find(request);
    const alone = this.server.listenerCount('upgrade') === 1;
    if (!asksForWebSocket(request)) {
      // Other listeners may handle the requested upgrade.
      if (mount || alone) servePlainly(this.server, request, socket, head);
    } else if (mount) {
      mount.upgrade(request, socket, head);
    } else if (alone) {
      socket.once('error', () => socket.destroy());
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n', () =>
        socket.destroy(),
      );
    }
  };

  private find({url = ''}: IncomingMessage): Mount | undefined {
    // Engine.IO reads the next part as a host, and throws when it is not one.
    if (url.startsWith('//')) return undefined;
    for (const mount of this.mounts) {
      const next = url.at(mount.path.length);
      if (url.startsWith(mount.path) && (next === undefined || '/?'.includes(next))) {
        return mount;
      }
    }
    return undefined;
  }
}

/**
 * Serves a path of an HTTP server until the returned function is called.
 *
 * @throws Error when the path overlaps another one in use: socket.io would end the process.
 */
export function mountOn(server: ReadyHttpServer, mount: Mount): () => void {
  const mounts = mountsOf.get(server) ?? new HttpMounts(server);
  mounts.add(mount);
  mountsOf.set(server, mounts);
  return () => mounts.remove(mount);
}
