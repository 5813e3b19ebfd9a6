import {HttpServer} from '@loopback/http-server';
import type {HttpServerOptions} from '@loopback/http-server';
import {createServer} from 'node:http';
import type {ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {Server as IoServer} from 'socket.io';
import type {Socket} from 'socket.io';
import {coalesceFlush, coalescingServer} from '../engine/coalescing';
import {ConnectionLimits} from './connection-limits';
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
import type {ComponentOptions} from '../options/component-options';
import type {ReadyHttpServer} from '../options/types';
import {releaseConnection, watchConnection} from '../engine/deadlines';

function destroy(this: Duplex): void {
  this.destroy();
}

/** The services that the listener needs from the application. */
interface ListenerService {
  /** The component's options at the last start. */
  options(): ComponentOptions;
  /** Time, in ms, until a socket of a connection must be authenticated; `undefined` for no limit. */
  timeout(): number | undefined;
  /** HTTP settings, such as `trust proxy`. */
  express(): ExpressApp;
  report: Report;
}

/**
 * The socket.io server on an HTTP server. socket.io is attached to an HTTP server of its own that never
 * listens, and requests for its path are passed on to that one. So it exists before anything listens,
 * survives restarts of the HTTP server, and leaves no listener behind.
 */
export class SocketListener {
  readonly io: IoServer;
  readonly limits: ConnectionLimits;
  private readonly router = createServer((_request, response) => {
    response.writeHead(404).end();
  });
  private own?: HttpServer;
  private mounted?: ReadyHttpServer;
  private detach?: () => void;
  /** TCP connections that socket.io uses, by the request or response that uses them. */
  private readonly inUse = new Map<Duplex | ServerResponse, Duplex>();
  private unused?: () => void;
  private readonly untrack = this.makeUntrack();
  private closing?: Promise<void>;
  /** All TCP connections of the component's own HTTP server, also those without a request. */
  private readonly accepted = new Set<Duplex>();

  /** @param initial - The component's options at `app.init()`. */
  constructor(
    readonly initial: ComponentOptions,
    service: ListenerService,
  ) {
    const {coalesceWrites, io: options, jsonp} = initial;
    const {report} = service;
    const {allowRequest} = options;
    const cors = guardCors(options.cors, report);
    const express = () => service.express();
    this.limits = new ConnectionLimits(() => service.options(), express, report);
    const rules = {
      jsonp,
      limits: this.limits,
      checkOrigin: refuseForeignOrigins(cors, express, report),
      allow: allowRequest && guardAllowRequest(allowRequest, report),
    };
    const queues = new OutgoingQueues(
      () => service.options().maxQueuedBytes || Infinity,
      connection => {
        report(new Error('A client that reads too slowly was disconnected.'), 'socket');
        terminate(connection);
      },
    );
    this.io = new IoServer({
      cleanupEmptyChildNamespaces: true,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      wsEngine: coalesceWrites ? coalescingServer(this.untrack) : PongingServer,
      ...(options.connectionStateRecovery && {adapter: RecoveryAdapter}),
      ...options,
      ...(cors && {cors}),
      allowRequest: guardHandshakes(rules),
    });
    manageTransports(this.io);
    const followDecoders = guardDecoders(this.io, releaseConnection);
    // Called again when the application attaches the server to an HTTP server itself.
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
    limitJoins(this.io, () => service.options().maxSockets);
  }

  private watch(
    engine: IoServer['engine'],
    service: ListenerService,
    queues: OutgoingQueues,
  ): void {
    const {coalesceWrites} = this.initial;
    // One listener, because Node copies the list of listeners for each event.
    engine.on('flush', (connection: Socket['conn'], packets: unknown[]) => {
      queues.flushed(connection);
      if (coalesceWrites) coalesceFlush(connection, packets);
    });
    engine.on('connection', (connection: Socket['conn']) => {
      this.limits.release(connection.request);
      debugConnection(connection);
      // The websocket closes its TCP connection from here on.
      if (connection.transport.name === 'websocket')
        connection.request.socket.off('error', destroy);
      releaseWhenClosed(connection);
      // A listener of the application may have closed it already.
      if (connection.readyState === 'closed') return;
      watchConnection(connection, service.timeout(), this.limits);
      this.limits.count(connection);
      queues.watch(connection);
      holdResponses(connection);
    });
  }

  /** Returns the HTTP server in use, also one to which the application attached `io` itself. */
  get server(): ReadyHttpServer | undefined {
    if (this.mounted) return this.mounted;
    const attached = this.io.httpServer as ReadyHttpServer;
    return attached === this.router ? undefined : attached;
  }

  /**
   * Serves on an HTTP server, or on a new one with these options.
   *
   * @throws Error when the new one cannot listen, or when the path overlaps another one on the given server.
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

  /**
   * Forgets a closed TCP connection; one function for all, because each connection keeps a reference to it.
   */
  private makeUntrack() {
    const {inUse} = this;
    const done = () => this.unused?.();
    return function (this: Duplex | ServerResponse): void {
      inUse.delete(this);
      if (inUse.size === 0) done();
    };
  }

  /** Closes all connections, first by the closing handshake and then by force, and leaves the HTTP server. */
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
        // The TCP connection has no error listener while the application decides whether to allow it.
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

  /** Tracks a TCP connection until it closes, or until the one response that uses it is finished. */
  private track(socket: Duplex, response?: ServerResponse): void {
    const use = response ?? socket;
    this.inUse.set(use, socket);
    use.on('close', this.untrack);
  }
}
