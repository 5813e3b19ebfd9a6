import {Application, CoreBindings, CoreTags, inject} from '@loopback/core';
import type {LifeCycleObserver} from '@loopback/core';
import type {Namespace, Server as IoServer} from 'socket.io';
import {checkLoopBack} from '../context/private-parts';
import {childrenOf} from '../engine/internals';
import {checkSocketIo} from '../engine/version-check';
import {SocketTags} from '../options/keys';
import {readComponentOptions} from '../options/read-options';
import type {StartTarget} from '../options/types';
import {AuthenticationQueue} from '../session/authentication-queue';
import {checkRest} from '../validation/private-parts';
import {Controllers} from './controllers';
import {debugServer} from './debug-lines';
import {Endpoint} from './endpoint';
import {problemsOf} from './endpoint-problems';
import {putGroupLast} from './life-cycle-order';
import {Namespaces} from './namespaces';
import type {ServerHost} from './ports';
import {messageOf, ProblemLog, throwProblems} from './problem-log';
import {SharedIo} from './shared-io';
import {SocketServer} from './socket.server';

/**
 * The life cycle of all named servers of an application. It starts after the REST server listens, and stops
 * before anything else.
 */
export class SocketHost implements LifeCycleObserver, ServerHost {
  private readonly endpoints = new Map<string, Endpoint>();
  private readonly authentications = new AuthenticationQueue();
  private readonly problems: ProblemLog;
  private readonly controllers: Controllers;
  private readonly shared: SharedIo;
  readonly namespaces: Namespaces;
  private initialized = false;
  private started = false;

  constructor(
    @inject(CoreBindings.APPLICATION_INSTANCE) private readonly app: Application,
  ) {
    this.problems = new ProblemLog(app);
    this.controllers = new Controllers(app, this.endpoints);
    this.shared = new SharedIo(app, this.problems, () => this.longestTimeout);
    this.namespaces = new Namespaces(this.shared);
  }

  get io(): IoServer {
    return this.shared.io;
  }

  /** Adds a server. It is open at once when the application has started. */
  register(server: Pick<SocketServer, 'name' | 'context'>): Endpoint {
    const endpoint = new Endpoint(server.name, server.context, this.authentications);
    if (this.started) {
      endpoint.configure(this.app);
      endpoint.open();
    }
    this.endpoints.set(server.name, endpoint);
    return endpoint;
  }

  /** Checks everything before anything listens, and makes the socket.io server. */
  async init(): Promise<void> {
    if (this.initialized) return;
    await checkSocketIo();
    checkLoopBack();
    await checkRest();
    await putGroupLast(this.app, SocketTags.LIFE_CYCLE_GROUP);
    for (const {key, valueConstructor} of this.app.findByTag(CoreTags.SERVER)) {
      if (valueConstructor === SocketServer) await this.app.get(key);
    }
    await this.check();
    this.shared.make();
    this.initialized = true;
    for (const endpoint of this.endpoints.values())
      debugServer(endpoint, 'is initialized');
  }

  async start(): Promise<void> {
    await this.check();
    this.problems.warn(this.controllers.scanner.warning);
    this.started = true;
    // LoopBack does not stop an observer that failed to start.
    await this.open([...this.endpoints.values()], () => this.stop());
  }

  /** Stops all servers, then closes the connections of the shared socket.io server. */
  async stop(): Promise<void> {
    this.started = false;
    this.controllers.unwatch();
    this.shared.refuseConnections();
    await this.drain([...this.endpoints.values()]);
  }

  /** Starts one server ahead of the application, or again after {@link stopOne}. */
  async startOne(endpoint: Endpoint): Promise<void> {
    if (this.app.state === 'starting' || endpoint.isOpen) return;
    await this.init();
    await this.check();
    await this.open([endpoint], () => endpoint.close(true));
  }

  async stopOne(endpoint: Endpoint): Promise<void> {
    if (this.app.state !== 'stopping') await this.drain([endpoint]);
  }

  /**
   * Serves a namespace of a socket.io server that the application made. A schema of args that cannot be
   * compiled is logged.
   *
   * @throws Error when the server is running, or when its handlers or options are wrong.
   */
  startOn(endpoint: Endpoint, target: StartTarget): void {
    const isUnused = endpoint.isEmpty && !this.namespaces.has(endpoint);
    if (!endpoint.isClosed && !(endpoint.isOpen && isUnused)) {
      throw new Error(`Server "${endpoint.name}" is already running. Stop it first.`);
    }
    this.controllers.apply();
    endpoint.configure(this.app);
    throwProblems(problemsOf([endpoint]));
    const served = this.namespaces.give(endpoint, target);
    endpoint.open();
    debugServer(endpoint, 'starts');
    this.watch();
    for (const namespace of childrenOf(served) ?? [served]) {
      for (const socket of namespace.sockets.values()) endpoint.connect(socket);
    }
    this.controllers.scanner
      .schemaProblems()
      .then(problems => this.problems.report(problems))
      .catch(this.problems.reportError);
  }

  changed(endpoint: Endpoint): void {
    if (!endpoint.isOpen) return;
    this.problems.report(problemsOf([endpoint]));
    this.serve().catch(this.problems.reportError);
  }

  readEndpoints(): Endpoint[] {
    SocketServer.get(this.app);
    const all = () => [...this.endpoints.values()];
    if (all().every(({isClosed}) => isClosed)) {
      this.controllers.apply();
      for (const endpoint of all()) endpoint.configure(this.app);
    }
    return all();
  }

  namespaceOf(endpoint: Endpoint): Namespace {
    if (endpoint.isClosed && !this.namespaces.has(endpoint)) endpoint.configure(this.app);
    return this.namespaces.get(endpoint);
  }

  /** @throws Error that lists everything that is wrong with handlers and options. */
  private async check(): Promise<void> {
    SocketServer.get(this.app);
    const controllers = this.controllers.apply();
    const schemas = await this.controllers.scanner.schemaProblems();
    const closed = [...this.endpoints.values()].filter(({isOpen}) => !isOpen);
    for (const endpoint of closed) endpoint.configure(this.app);
    throwProblems([
      ...controllers,
      ...schemas,
      ...this.shared.problems(),
      ...problemsOf(closed),
      ...this.namespaces.problems(this.endpoints.values()),
    ]);
  }

  /** Returns how many ms a connection may have no authenticated socket; `undefined` for no limit. */
  private get longestTimeout(): number | undefined {
    let longest = 0;
    for (const {isEmpty, options} of this.endpoints.values()) {
      if (isEmpty) continue;
      if (options.timeout === false) return undefined;
      longest = Math.max(longest, options.timeout);
    }
    return longest;
  }

  /** Opens servers that were checked, and calls `undo` when they cannot be served. */
  private async open(
    endpoints: readonly Endpoint[],
    undo: () => Promise<void> | void,
  ): Promise<void> {
    for (const endpoint of endpoints) {
      endpoint.open();
      debugServer(endpoint, 'starts');
    }
    this.watch();
    try {
      await this.serve();
    } catch (error) {
      await undo();
      throw error;
    }
  }

  /** Follows controllers that are bound or unbound while servers run. */
  private watch(): void {
    const {controllers, problems} = this;
    controllers.watch(async () => {
      try {
        problems.report([...controllers.apply(), ...problemsOf(this.endpoints.values())]);
        await this.serve();
        problems.report(await controllers.scanner.schemaProblems());
        problems.warn(controllers.scanner.warning);
      } catch (error) {
        problems.reportError(error);
      }
    });
  }

  /** Claims the namespaces of the open servers that are not empty, and listens. */
  private async serve(): Promise<void> {
    const {listener} = this.shared;
    const active = [...this.endpoints.values()].filter(
      one => one.isOpen && !one.isEmpty && !this.namespaces.isGiven(one),
    );
    if (active.length === 0 || !listener) return;
    // A namespace with a name must be claimed before a pattern that matches the name.
    const isPattern = ({options: {namespace = ''}}: Endpoint) =>
      Number(typeof namespace !== 'string');
    active.sort((one, other) => isPattern(one) - isPattern(other));
    const refused: string[] = [];
    for (const endpoint of active) {
      try {
        this.namespaces.get(endpoint);
      } catch (error) {
        refused.push(messageOf(error));
      }
    }
    await this.shared.attach(listener);
    // The other servers run all the same.
    throwProblems(refused);
  }

  /** Stops servers: first the calls of all of them, then their connections, then the listening. */
  private async drain(endpoints: Endpoint[]): Promise<void> {
    const {drainTimeout, reconnectWindow} = readComponentOptions(this.app);
    const stopping = endpoints.filter(endpoint => !endpoint.isClosed);
    for (const one of stopping) {
      debugServer(one, 'drains');
      one.announce(reconnectWindow);
    }
    await Promise.all(stopping.map(one => one.drain(drainTimeout)));
    const isServing = () =>
      [...this.endpoints.values()].some(
        one => !one.isClosed && !stopping.includes(one) && !this.namespaces.isGiven(one),
      );
    const isShared = isServing();
    const keepTransports = (one: Endpoint) => isShared || this.namespaces.isGiven(one);
    await Promise.all(
      stopping.map(one => one.disconnect(drainTimeout, keepTransports(one))),
    );
    if (!isServing()) await this.shared.close();
    for (const endpoint of stopping) {
      endpoint.close(keepTransports(endpoint));
      debugServer(endpoint, 'is stopped');
    }
  }
}
