import {Application, CoreBindings, inject} from '@loopback/core';
import type {LifeCycleObserver, Subscription} from '@loopback/core';
import type {Server as IoServer, Namespace} from 'socket.io';
import {AuthenticationQueue} from '../session/authentication-queue';
import {ControllerScanner, isSocketController} from '../invocation/controller-scanner';
import {Endpoint} from './endpoint';
import {readFailurePolicy} from '../options/failure-policy';
import {expressOf} from '../context/express-request';
import {findHttpTarget, NOTHING_LISTENS} from '../http/target';
import {DEFAULT_SERVER_NAME, SocketTags} from '../options/keys';
import {putGroupLast} from './life-cycle-order';
import {SocketListener} from '../http/listener';
import {leaveUnclaimed, refuseUnclaimed} from '../namespace/claims';
import {Namespaces} from './namespaces';
import {
  readComponentOptions,
  readProhibitedKeys,
  readServerOptions,
} from '../options/read-options';
import type {ComponentOptions} from '../options/component-options';
import {checkSocketIo} from '../engine/version-check';
import {messageOf, ProblemLog, throwProblems} from './problem-log';
import {childrenOf} from '../engine/internals';
import type {ServerHost} from './ports';
import {SocketServer} from './socket.server';
import {DEFAULT_SOCKET_COMPONENT_OPTIONS} from '../options/component-options';
import type {StartTarget} from '../options/types';

/**
 * What all named servers of an application share: the socket.io server, its life cycle, and the
 * decorated controllers. It starts after the REST server listens and stops before anything else.
 */
export class SocketHost implements LifeCycleObserver, ServerHost {
  private readonly endpoints = new Map<string, Endpoint>();
  private readonly namespaces = new Namespaces();
  private readonly authentications = new AuthenticationQueue();
  private readonly scanner: ControllerScanner;
  private readonly problems: ProblemLog;
  private listener?: SocketListener;
  private initialized = false;
  private subscription?: Subscription;
  private attaching?: Promise<void>;
  private started = false;
  /** The component's, as they were when it last started. */
  private options: ComponentOptions = DEFAULT_SOCKET_COMPONENT_OPTIONS;

  constructor(
    @inject(CoreBindings.APPLICATION_INSTANCE) private readonly app: Application,
  ) {
    this.scanner = new ControllerScanner(app);
    this.problems = new ProblemLog(app);
  }

  /** Makes a server known; one that comes after start is started at once. */
  register(server: Pick<SocketServer, 'name' | 'context'>): Endpoint {
    const endpoint = new Endpoint(server.name, server.context, this.authentications);
    if (this.started) {
      this.configure(endpoint);
      endpoint.open();
    }
    this.endpoints.set(server.name, endpoint);
    return endpoint;
  }

  /** Checks everything before anything listens, and creates the socket.io server. */
  async init(): Promise<void> {
    if (this.initialized) return;
    await checkSocketIo();
    await putGroupLast(this.app, SocketTags.LIFE_CYCLE_GROUP);
    for (const {key, valueConstructor} of this.app.findByTag('server')) {
      if (valueConstructor === SocketServer) await this.app.get(key);
    }
    await this.check();
    this.listener ??= this.makeListener();
    this.initialized = true;
  }

  /**
   * The socket.io server that all named servers share.
   *
   * @throws Error before `app.init()`.
   */
  get io(): IoServer {
    const listener = this.useListener();
    if (!listener) throw new Error('SocketBindings.IO exists from app.init() on.');
    return listener.io;
  }

  /** Makes the listener where it is asked for before `init()`, as the constructor of an observer may. */
  private useListener(): SocketListener | undefined {
    if (this.app.state !== 'created') this.listener ??= this.makeListener();
    return this.listener;
  }

  private makeListener(): SocketListener {
    const {io, coalesceWrites: coalesce, jsonp} = readComponentOptions(this.app);
    const listener = new SocketListener(io, {
      coalesce,
      jsonp,
      limits: () => this.options,
      timeout: () => this.longestTimeout,
      express: () => expressOf(this.app),
      report: this.problems.log,
    });
    refuseUnclaimed(listener.io.of('/'));
    leaveUnclaimed(listener.io);
    return listener;
  }

  async start(): Promise<void> {
    await this.check();
    this.problems.warn(this.scanner.warning);
    for (const endpoint of this.endpoints.values()) endpoint.open();
    this.started = true;
    this.watch();
    try {
      await this.serve();
    } catch (error) {
      // LoopBack does not stop what failed to start.
      await this.stop();
      throw error;
    }
  }

  /** Drains all servers, then closes the socket.io server's connections. */
  async stop(): Promise<void> {
    this.started = false;
    this.subscription?.unsubscribe();
    this.subscription = undefined;
    if (this.listener) this.listener.limits.closed = true;
    await this.drain([...this.endpoints.values()]);
  }

  /** Starts one server ahead of the application, or again after `stopOne`. */
  async startOne(endpoint: Endpoint): Promise<void> {
    if (this.app.state === 'starting' || endpoint.isOpen) return;
    await this.init();
    await this.check();
    endpoint.open();
    this.watch();
    try {
      await this.serve();
    } catch (error) {
      endpoint.close(true);
      throw error;
    }
  }

  async stopOne(endpoint: Endpoint): Promise<void> {
    if (this.app.state !== 'stopping') await this.drain([endpoint]);
  }

  /**
   * Serves a namespace of a socket.io server that the application made. A schema of args that cannot be
   * compiled is logged.
   *
   * @throws Error when the server runs already, or when its handlers or configuration are wrong.
   */
  startOn(endpoint: Endpoint, target: StartTarget): void {
    const unused = endpoint.idle && !this.namespaces.has(endpoint);
    if (!endpoint.isClosed && !(endpoint.isOpen && unused)) {
      throw new Error(`Server "${endpoint.name}" is running already; stop it first.`);
    }
    this.applyControllers();
    this.configure(endpoint);
    throwProblems(endpoint.problems());
    const served = this.namespaces.give(endpoint, target);
    endpoint.open();
    this.watch();
    for (const namespace of childrenOf(served) ?? [served]) {
      for (const socket of namespace.sockets.values()) endpoint.connect(socket);
    }
    this.scanner.schemaProblems().then(
      problems => this.problems.report(problems),
      (error: unknown) => this.problems.report([messageOf(error)]),
    );
  }

  /** Takes over a change of handlers made by hand. */
  changed(endpoint: Endpoint): void {
    if (!endpoint.isOpen) return;
    this.problems.report(endpoint.problems());
    this.serve().catch((error: unknown) => this.problems.report([messageOf(error)]));
  }

  /** @throws Error before `init()`. */
  namespaceOf(endpoint: Endpoint): Namespace {
    if (endpoint.isClosed && !this.namespaces.has(endpoint)) this.configure(endpoint);
    return this.namespaces.get(endpoint, this.useListener());
  }

  isListening(endpoint: Endpoint): boolean {
    return this.namespaces.isListening(endpoint, this.listener);
  }

  urlOf(endpoint: Endpoint): string | undefined {
    return this.namespaces.urlOf(endpoint, this.listener);
  }

  /** @throws Error that lists all that is wrong with handlers and configuration. */
  private async check(): Promise<void> {
    const {io} = readComponentOptions(this.app);
    SocketServer.get(this.app, DEFAULT_SERVER_NAME);
    const problems = [
      ...this.applyControllers(),
      ...(await this.scanner.schemaProblems()),
    ];
    if (this.listener && io !== this.listener.options) {
      problems.push('SocketComponent: configure `io` before app.init(), not after it.');
    }
    for (const endpoint of this.endpoints.values()) {
      if (endpoint.isOpen) continue;
      this.configure(endpoint);
      problems.push(...endpoint.problems());
    }
    problems.push(...this.namespaces.problems(this.endpoints.values()));
    throwProblems(problems);
  }

  /** How long, in ms, a connection may go without an authenticated socket; `undefined` for no limit. */
  private get longestTimeout(): number | undefined {
    let longest = 0;
    for (const {idle, options} of this.endpoints.values()) {
      if (idle) continue;
      if (options.timeout === false) return undefined;
      longest = Math.max(longest, options.timeout);
    }
    return longest;
  }

  private configure(endpoint: Endpoint): void {
    const {authentications} = readComponentOptions(this.app);
    const {concurrent = DEFAULT_SOCKET_COMPONENT_OPTIONS.authentications.concurrent} =
      authentications;
    this.authentications.limit = concurrent;
    endpoint.configure(readServerOptions(this.app, endpoint.name));
    endpoint.failures = readFailurePolicy(this.app);
    endpoint.prohibitedKeys = readProhibitedKeys(this.app);
  }

  /** Hands each server its decorated handlers, creating the servers that they name. */
  private applyControllers(): readonly string[] {
    const {servers, problems} = this.scanner.scan();
    const refused: string[] = [];
    for (const [name, {namedBy}] of servers) {
      try {
        SocketServer.get(this.app, name);
      } catch (error) {
        refused.push(`${namedBy} names server "${name}". ${messageOf(error)}`);
      }
    }
    for (const [name, endpoint] of this.endpoints) {
      endpoint.handlers.replaceDecorated(servers.get(name));
    }
    return [...problems, ...refused];
  }

  /** Follows controllers that are added and removed while running. */
  private watch(): void {
    this.subscription ??= this.app.subscribe({
      filter: isSocketController,
      observe: async () => {
        try {
          const problems = [...this.applyControllers()];
          for (const endpoint of this.endpoints.values()) {
            problems.push(...endpoint.problems());
          }
          this.problems.report(problems);
          await this.serve();
          this.problems.report(await this.scanner.schemaProblems());
          this.problems.warn(this.scanner.warning);
        } catch (error) {
          this.problems.report([messageOf(error)]);
        }
      },
    });
  }

  /** Claims the namespaces of the servers that have something to serve, and listens. */
  private async serve(): Promise<void> {
    const active = [...this.endpoints.values()].filter(
      endpoint => endpoint.isOpen && !endpoint.idle && !this.namespaces.isGiven(endpoint),
    );
    if (active.length === 0 || !this.listener) return;
    // A name of its own must be claimed before a pattern that matches it too.
    const isPattern = ({options: {namespace = ''}}: Endpoint) =>
      Number(typeof namespace !== 'string');
    active.sort((one, other) => isPattern(one) - isPattern(other));
    const refused: string[] = [];
    for (const endpoint of active) {
      try {
        this.namespaceOf(endpoint);
      } catch (error) {
        refused.push(messageOf(error));
      }
    }
    this.attaching ??= this.attach(this.listener);
    try {
      await this.attaching;
    } catch (error) {
      this.attaching = undefined;
      throw error;
    }
    // The others are served all the same.
    throwProblems(refused);
  }

  private async attach(listener: SocketListener): Promise<void> {
    this.options = readComponentOptions(this.app);
    const {http} = this.options;
    listener.limits.closed = false;
    const target = await findHttpTarget(this.app, http);
    if (target) await listener.attach(target);
    else if (!listener.server) this.problems.warn(NOTHING_LISTENS);
  }

  /** Stops servers: their calls first, all together, then their connections, then the listening. */
  private async drain(endpoints: Endpoint[]): Promise<void> {
    const {drainTimeout, reconnectWindow} = readComponentOptions(this.app);
    const stopping = endpoints.filter(endpoint => !endpoint.isClosed);
    for (const one of stopping) one.announce(reconnectWindow);
    await Promise.all(stopping.map(one => one.drain(drainTimeout)));
    const serving = () =>
      [...this.endpoints.values()].some(
        one => !one.isClosed && !stopping.includes(one) && !this.namespaces.isGiven(one),
      );
    const shared = serving();
    const keepTransports = (one: Endpoint) => shared || this.namespaces.isGiven(one);
    await Promise.all(
      stopping.map(one => one.disconnect(drainTimeout, keepTransports(one))),
    );
    if (!serving()) {
      this.attaching = undefined;
      await this.listener?.close();
    }
    for (const endpoint of stopping) endpoint.close(keepTransports(endpoint));
  }
}
