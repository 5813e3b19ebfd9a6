import {inject} from '@loopback/context';
import type {Subscription} from '@loopback/context';
import {Application, CoreBindings} from '@loopback/core';
import type {LifeCycleObserver} from '@loopback/core';
import type {Namespace} from 'socket.io';
import {ControllerScanner, isSocketController} from './dispatch/controllers';
import {Endpoint, refuseUnclaimed} from './endpoint';
import {readFailurePolicy} from './failure-policy';
import {findHttpTarget, rootUrlOf} from './http-target';
import {SocketBindings, SocketTags} from './keys';
import {SocketListener} from './listener';
import {readComponentOptions, readServerOptions} from './options';
import {childrenOf} from './socket-io-internals';
import {countMatching} from './transport';
import {SocketServer} from './socket.server';
import {DEFAULT_SERVER_NAME} from './types';
import type {ReadyHttpServer, StartTarget} from './types';

/**
 * What all named servers of an application share: the socket.io server, its life cycle, and the
 * decorated controllers. It starts after the REST server listens and stops before anything else.
 */
export class SocketHost implements LifeCycleObserver {
  private readonly endpoints = new Map<string, Endpoint>();
  private readonly namespaces = new Map<Endpoint, Namespace>();
  /** Endpoints that were started by hand, on a socket.io server that is not ours. */
  private readonly given = new Set<Endpoint>();
  private readonly scanner: ControllerScanner;
  private readonly reported = new Set<string>();
  private listener?: SocketListener;
  private subscription?: Subscription;
  private attaching?: Promise<void>;
  private started = false;

  constructor(
    @inject(CoreBindings.APPLICATION_INSTANCE) private readonly app: Application,
  ) {
    this.scanner = new ControllerScanner(app);
  }

  /** Makes a server known; one that comes after start is started at once. */
  register(server: SocketServer): Endpoint {
    const endpoint = new Endpoint(server.name, server);
    if (this.started) {
      this.configure(endpoint);
      endpoint.open();
    }
    this.endpoints.set(server.name, endpoint);
    return endpoint;
  }

  /** Checks everything before anything listens, and creates the socket.io server. */
  async init(): Promise<void> {
    if (this.listener) return;
    const registry = await this.app.get(CoreBindings.LIFE_CYCLE_OBSERVER_REGISTRY);
    const groups = registry['options'].orderedGroups;
    registry.setOrderedGroups([
      ...groups.filter(group => group !== SocketTags.LIFE_CYCLE_GROUP),
      SocketTags.LIFE_CYCLE_GROUP,
    ]);
    // The registry pairs bindings in the new order with observers it cached in the old.
    registry['observersView'].refresh();
    for (const {key, valueConstructor} of this.app.findByTag('server')) {
      if (valueConstructor === SocketServer) await this.app.get(key);
    }
    this.check();
    this.listener = new SocketListener(readComponentOptions(this.app).io);
    this.app.bind(SocketBindings.IO).to(this.listener.io);
    refuseUnclaimed(this.listener.io.of('/'));
  }

  async start(): Promise<void> {
    this.check();
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
    await this.drain([...this.endpoints.values()]);
  }

  /** Starts one server ahead of the application, or again after `stopOne`. */
  async startOne(endpoint: Endpoint): Promise<void> {
    if (this.app.state === 'starting' || endpoint.isOpen) return;
    await this.init();
    this.check();
    endpoint.open();
    this.watch();
    await this.serve();
  }

  async stopOne(endpoint: Endpoint): Promise<void> {
    if (this.app.state !== 'stopping') await this.drain([endpoint]);
  }

  /**
   * Serves a namespace of a socket.io server that the application made.
   *
   * @throws Error when the server runs already, or when its handlers or configuration are wrong.
   */
  startOn(endpoint: Endpoint, target: StartTarget): void {
    if (endpoint.isOpen || endpoint.draining) {
      throw new Error(`Server "${endpoint.name}" is running already; stop it first.`);
    }
    this.applyControllers();
    this.configure(endpoint);
    throwAny(endpoint.problems());
    const io = 'server' in target ? target.server : target;
    const own = 'server' in target ? target : target.of('/');
    const {namespace} = endpoint.options;
    const served = namespace === undefined ? own : io.of(namespace);
    endpoint.claim(served);
    this.namespaces.set(endpoint, served);
    this.given.add(endpoint);
    endpoint.open();
    this.watch();
    for (const namespace of childrenOf(served) ?? [served]) {
      for (const socket of namespace.sockets.values()) endpoint.connect(socket);
    }
  }

  /** Takes over a change of handlers made by hand. */
  changed(endpoint: Endpoint): void {
    if (!endpoint.isOpen) return;
    this.report(endpoint.problems());
    this.serve().catch((error: unknown) => this.report([messageOf(error)]));
  }

  /** @throws Error before `init()`. */
  namespaceOf(endpoint: Endpoint): Namespace {
    let namespace = this.namespaces.get(endpoint);
    if (!namespace) {
      if (!this.listener) {
        throw new Error(
          `Server "${endpoint.name}" has no socket.io namespace yet: it exists from app.init() on.`,
        );
      }
      const name = endpoint.options.namespace ?? defaultNamespace(endpoint.name);
      const {io} = this.listener;
      namespace = io.of(typeof name === 'function' ? countMatching(io, name) : name);
      endpoint.claim(namespace);
      this.namespaces.set(endpoint, namespace);
    }
    return namespace;
  }

  isListening(endpoint: Endpoint): boolean {
    return (
      endpoint.isOpen &&
      !endpoint.idle &&
      this.namespaces.has(endpoint) &&
      (this.httpServerOf(endpoint)?.listening ?? false)
    );
  }

  urlOf(endpoint: Endpoint): string | undefined {
    const namespace = this.namespaces.get(endpoint);
    if (!namespace || !this.isListening(endpoint)) return undefined;
    const root = rootUrlOf(this.httpServerOf(endpoint));
    if (root === undefined || childrenOf(namespace)) return undefined;
    return namespace.name === '/' ? root : root + namespace.name;
  }

  private httpServerOf(endpoint: Endpoint): ReadyHttpServer | undefined {
    if (!this.given.has(endpoint)) return this.listener?.server;
    return this.namespaces.get(endpoint)?.server.httpServer as
      ReadyHttpServer | undefined;
  }

  /** @throws Error that lists all that is wrong with handlers and configuration. */
  private check(): void {
    readComponentOptions(this.app);
    SocketServer.get(this.app, DEFAULT_SERVER_NAME);
    const problems = [...this.applyControllers()];
    const owners = new Map<unknown, string>();
    for (const endpoint of this.endpoints.values()) {
      if (endpoint.isOpen) continue;
      this.configure(endpoint);
      problems.push(...endpoint.problems());
      if (endpoint.idle || this.given.has(endpoint)) continue;
      const {namespace = defaultNamespace(endpoint.name)} = endpoint.options;
      const key = namespace instanceof RegExp ? String(namespace) : namespace;
      const owner = owners.get(key);
      owners.set(key, endpoint.name);
      if (owner !== undefined) {
        problems.push(
          `Servers "${owner}" and "${endpoint.name}" have the same namespace. ` +
            'Configure another `namespace` for one of them.',
        );
      }
    }
    throwAny(problems);
  }

  private configure(endpoint: Endpoint): void {
    endpoint.configure(readServerOptions(this.app, endpoint.name));
    endpoint.failures = readFailurePolicy(this.app);
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
          this.report(problems);
          await this.serve();
        } catch (error) {
          this.report([messageOf(error)]);
        }
      },
    });
  }

  /** Claims the namespaces of the servers that have something to serve, and listens. */
  private async serve(): Promise<void> {
    const active = [...this.endpoints.values()].filter(
      endpoint => endpoint.isOpen && !endpoint.idle && !this.given.has(endpoint),
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
    throwAny(refused);
  }

  private async attach(listener: SocketListener): Promise<void> {
    const {http} = readComponentOptions(this.app);
    const target = await findHttpTarget(this.app, http);
    if (target) await listener.attach(target);
  }

  /** Stops servers: their calls first, all together, then their connections, then the listening. */
  private async drain(endpoints: Endpoint[]): Promise<void> {
    const {drainTimeout} = readComponentOptions(this.app);
    const stopping = endpoints.filter(endpoint => !endpoint.isClosed);
    await Promise.all(stopping.map(one => one.drain(drainTimeout)));
    const others = [...this.endpoints.values()].some(
      one => !one.isClosed && !stopping.includes(one) && !this.given.has(one),
    );
    await Promise.all(
      stopping.map(one => one.disconnect(drainTimeout, others || this.given.has(one))),
    );
    if (!others) {
      this.attaching = undefined;
      await this.listener?.close();
    }
    for (const endpoint of stopping) endpoint.close();
  }

  /** Logs problems that arise at run time, each once. */
  private report(problems: readonly string[]): void {
    for (const problem of problems) {
      if (this.reported.has(problem)) continue;
      this.reported.add(problem);
      const source = {server: '(all)', handler: 'configuration'};
      readFailurePolicy(this.app).log(new Error(problem), 500, source);
    }
  }
}

function defaultNamespace(name: string): string {
  return name === DEFAULT_SERVER_NAME ? '/' : `/${name}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function throwAny(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join('\n'));
}
