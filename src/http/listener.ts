import {HttpServer} from '@loopback/http-server';
import type {HttpServerOptions} from '@loopback/http-server';
import {createServer} from 'node:http';
import type {ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {Server as IoServer} from 'socket.io';
import type {ServerOptions as IoServerOptions, Socket} from 'socket.io';
import {coalesceFlush, coalescingServer} from '../engine/coalescing';
import {ConnectionLimits} from './connection-limits';
import type {ConnectionLimitOptions} from './connection-limits';
import {debugConnection} from '../engine/debug-lines';
import {guardDecoders} from '../engine/decoder';
import type {ExpressApp} from '../context/express-request';
import type {Report} from '../common/guarded';
import {mountOn} from './mounts';
import {isHttpServer} from './target';
import {guardAllowRequest, guardCors, refuseForeignOrigins} from './origin';
import {limitJoins} from '../engine/join-limits';
import {OutgoingQueues} from '../engine/slow-readers';
import {limitRequests, MAX_MESSAGE_BYTES} from '../engine/request-limits';
import {PongingServer} from '../engine/pongs';
import {RecoveryAdapter} from '../namespace/recovery-adapter';
import {guardEngine, guardHandshakes} from './request-guard';
import {holdResponses} from '../engine/unread-responses';
import {
  CLOSE_GRACE,
  cutConnection,
  cutUnfinished,
  manageTransports,
  releaseWhenClosed,
  terminate,
  watchUpgrade,
} from '../engine/closing';
import type {ReadyHttpServer} from '../options/types';
import {releaseConnection, watchConnection} from '../engine/deadlines';

function destroy(this: Duplex): void {
  this.destroy();
}

/** What the listener needs of the application. */
interface ListenerService {
  /** Whether to write what is sent to a client in one tick at once. */
  readonly coalesce: boolean;
  /** Whether clients may poll by JSONP. */
  readonly jsonp: boolean;
  limits(): ConnectionLimitOptions & {
    readonly maxQueuedBytes: number | false;
    readonly maxSockets: number | false;
  };
  /** ms that a client has until a socket of its is authenticated; `undefined` for no limit. */
  timeout(): number | undefined;
  /** Settings of HTTP, such as which proxies are trusted. */
  express(): ExpressApp;
  report: Report;
}

/**
 * The socket.io server, and its place on an HTTP server. socket.io is attached to an HTTP server of
 * its own that never listens; requests for its path are handed on to that one. So it exists before
 * anything listens, survives restarts of the HTTP server, and leaves no listener behind.
 */
export class SocketListener {
  readonly io: IoServer;
  /** Of new connections. */
  readonly limits: ConnectionLimits;
  private readonly router = createServer((_request, response) => {
    response.writeHead(404).end();
  });
  private own?: HttpServer;
  private mounted?: ReadyHttpServer;
  private detach?: () => void;
  /** TCP connections in use by socket.io, each under what it is used for. */
  private readonly inUse = new Map<Duplex | ServerResponse, Duplex>();
  private unused?: () => void;
  private readonly untrack = this.makeUntrack();
  private closing?: Promise<void>;
  /** All TCP connections of an HTTP server of its own, also those that have sent nothing yet. */
  private readonly accepted = new Set<Duplex>();

  constructor(
    readonly options: Partial<IoServerOptions>,
    service: ListenerService,
  ) {
    const {coalesce, jsonp, report} = service;
    const {allowRequest} = options;
    const cors = guardCors(options.cors, report);
    const express = () => service.express();
    this.limits = new ConnectionLimits(() => service.limits(), express, report);
    const rules = {
      jsonp,
      limits: this.limits,
      checkOrigin: refuseForeignOrigins(cors, express, report),
      allow: allowRequest && guardAllowRequest(allowRequest, report),
    };
    const queues = new OutgoingQueues(
      () => service.limits().maxQueuedBytes || Infinity,
      connection => {
        report(new Error('A client that reads too slowly was disconnected.'), 'socket');
        terminate(connection);
      },
    );
    this.io = new IoServer({
      cleanupEmptyChildNamespaces: true,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      wsEngine: coalesce ? coalescingServer(this.untrack) : PongingServer,
      ...(options.connectionStateRecovery && {adapter: RecoveryAdapter}),
      ...options,
      ...(cors && {cors}),
      allowRequest: guardHandshakes(rules),
    });
    manageTransports(this.io);
    const followDecoders = guardDecoders(this.io, releaseConnection);
    // Called again where the application attaches the server to an HTTP server by itself.
    const bind = this.io.bind.bind(this.io);
    this.io.bind = (engine: IoServer['engine']) => {
      bind(engine);
      followDecoders(engine);
      limitRequests(this.io);
      guardEngine(engine, rules);
      this.watch(engine, service, queues);
      return this.io;
    };
    this.io.attach(this.router);
    limitJoins(this.io, () => service.limits().maxSockets);
  }

  /** Looks after the connections of an engine. */
  private watch(
    engine: IoServer['engine'],
    service: ListenerService,
    queues: OutgoingQueues,
  ): void {
    const {coalesce} = service;
    // One listener, because Node copies a list of them for each event.
    engine.on('flush', (connection: Socket['conn'], packets: unknown[]) => {
      queues.flushed(connection);
      if (coalesce) coalesceFlush(connection, packets);
    });
    engine.on('connection', (connection: Socket['conn']) => {
      this.limits.release(connection.request);
      debugConnection(connection);
      // From here on the websocket looks after it.
      if (connection.transport.name === 'websocket')
        connection.request.socket.off('error', destroy);
      releaseWhenClosed(connection);
      // A listener of the application's may have closed it at once.
      if (connection.readyState === 'closed') return;
      watchConnection(connection, service.timeout(), this.limits);
      this.limits.count(connection);
      queues.watch(connection);
      holdResponses(connection);
    });
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

  /** Forgets what is closed; one function for all, because each connection keeps it. */
  private makeUntrack() {
    const {inUse} = this;
    const done = () => this.unused?.();
    return function (this: Duplex | ServerResponse): void {
      inUse.delete(this);
      if (inUse.size === 0) done();
    };
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
        response.on('finish', cutUnfinished);
        this.router.emit('request', request, response);
      },
      upgrade: (request, socket, head) => {
        this.track(socket);
        // Nobody listens while the application decides whether to allow it.
        socket.on('error', destroy);
        this.router.emit('upgrade', request, socket, head);
        const {_query} = request as {_query?: {sid?: unknown}};
        watchUpgrade(this.io, _query?.sid, socket);
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
    use.on('close', this.untrack);
  }
}
