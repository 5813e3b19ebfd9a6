import {CoreTags} from '@loopback/core';
import type {Application, ApplicationConfig, Constructor, Server} from '@loopback/core';
import {RestBindings} from '@loopback/rest';
import {connect} from 'node:net';
import {connect as connectSecurely} from 'node:tls';
import {isHttpServer} from '../http/target';
import type {SocketComponentOptions} from '../options/component-options';
import {SocketKeys} from '../options/keys';
import {SocketServer} from '../server/socket.server';
import {callsOf} from './calls';
import type {AnyApi, TestCalls} from './calls';
import {TestClient} from './client';
import type {AnyEvents, ClientTarget, TestClientOptions} from './client';
import {GivenUsers, STRANGER} from './given-users';
import {Line} from './line';
import {memoryConnection} from './memory';
import {TestNetwork} from './network';
import {endpointOf, existingServer} from './servers';

const LOCALHOST = '127.0.0.1';

/** Options of {@link givenSocketApp}. */
export interface GivenSocketAppOptions<App extends Application = Application> {
  /** Values that replace bindings of the application, by key. They are bound after the application has booted. */
  bind?: Record<string, unknown>;
  /** Configuration of the application, for its constructor. @default REST on port 0 of 127.0.0.1 */
  options?: ApplicationConfig;
  /** Changes the application further, after `bind` and before the start. */
  setup?: (app: App) => void | Promise<void>;
}

/** An application with `BootMixin` has `boot`. */
interface Bootable {
  boot?(): Promise<unknown>;
}

/** Options of {@link GivenSocketApp.caller}. */
export type TestCallerOptions = Omit<TestClientOptions, 'io'>;

/**
 * Makes an application and starts it on a free port. It boots if it can boot. `await using` stops it, and closes
 * its clients.
 *
 * @throws Error when the application does not start.
 * @example
 * ```ts
 * await using app = await givenSocketApp(MyApp, {bind: {'services.Mail': mail}});
 * await using ana = await app.client({user: {id: 1}});
 * assert.equal(await ana.call.hello({name: 'world'}), 'Hello world');
 * ```
 */
export async function givenSocketApp<App extends Application>(
  type: Constructor<App>,
  {bind = {}, options = {}, setup}: GivenSocketAppOptions<App> = {},
): Promise<GivenSocketApp<App>> {
  const rest: unknown = options.rest;
  // A test that fails may leave requests open, which REST would wait for.
  const free = {port: 0, host: LOCALHOST, gracePeriodForClose: 1000};
  const app = new type({...options, rest: {...free, ...(rest as object | undefined)}});
  await (app as Bootable).boot?.();
  freePort(app);
  for (const [key, value] of Object.entries(bind)) rebind(app, key, value);
  await setup?.(app);
  try {
    await app.start();
  } catch (error) {
    await stopServers(app);
    throw error;
  }
  return new GivenSocketApp(app, await urlOf(app));
}

/** A started application, and the clients of a test. */
export class GivenSocketApp<
  App extends Application = Application,
> implements AsyncDisposable {
  /** Makes faults of the clients' connections. */
  readonly network = new TestNetwork();
  private readonly users = new GivenUsers();
  private readonly clients = new Set<Promise<Pick<TestClient, 'close'>>>();
  private stopped: Promise<void> | undefined;

  constructor(
    readonly application: App,
    private readonly rootUrl: string | undefined,
  ) {}

  /** Root URL, of REST and of the default server. @throws Error when the application does not listen. */
  get url(): string {
    if (this.rootUrl !== undefined) return this.rootUrl;
    throw new Error('The application does not listen, so it has no URL.');
  }

  /**
   * Connects a client, and waits until it is authenticated. Rejects with a {@link CallError} when it is refused.
   *
   * @typeParam Api - The methods of the server: a map of functions `(args) => result`.
   * @typeParam Events - The events of the server: a map of functions `(payload) => void`.
   */
  async client<Api = AnyApi, Events = AnyEvents>(
    options: TestClientOptions = {},
  ): Promise<TestClient<Api, Events>> {
    const {protocol, hostname: host, port} = new URL(this.url);
    const to = {host, port: Number(port), noDelay: true};
    const line = new Line(protocol, () =>
      protocol === 'https:'
        ? connectSecurely({...to, rejectUnauthorized: false})
        : connect(to),
    );
    const client = await this.open<Api, Events>(line, options, this.url);
    this.network.add(client, line);
    return client;
  }

  /**
   * Returns the methods of a server, to be called without a network. Calls are dispatched as those of any client,
   * and their handlers receive a socket that can join rooms and emit. The socket connects at the first call, and
   * stays until the application stops.
   *
   * @typeParam Api - The methods of the server: a map of functions `(args) => result`.
   */
  caller<Api = AnyApi>(options: TestCallerOptions = {}): TestCalls<Api> {
    const {http} = this.serverOf(options.server);
    const line = new Line('http:', () => {
      const [client, server] = memoryConnection();
      http.emit('connection', server);
      return client;
    });
    let opened: Promise<TestClient> | undefined;
    return callsOf<Api>(async (method, args, callOptions) => {
      opened ??= this.open(line, options, `http://${LOCALHOST}`);
      const {call} = await opened;
      return call[method](args, callOptions);
    });
  }

  /** Closes the clients, and stops the application. */
  stop(): Promise<void> {
    this.stopped ??= this.stopAll();
    return this.stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private async stopAll(): Promise<void> {
    const closing = [...this.clients].map(async client => (await client).close());
    await Promise.allSettled(closing);
    await this.application.stop();
  }

  private open<Api, Events>(
    line: Line,
    options: TestClientOptions,
    url: string,
  ): Promise<TestClient<Api, Events>> {
    const target = this.targetOf(options, url);
    const client = TestClient.connect<Api, Events>(line, options, target);
    this.clients.add(client);
    return client;
  }

  private targetOf(
    {server: name, namespace, user}: TestClientOptions,
    url: string,
  ): ClientTarget {
    const {server, endpoint} = this.serverOf(name);
    const isPattern = typeof (endpoint.options.namespace ?? '') !== 'string';
    if (isPattern && namespace === undefined) {
      throw new Error(
        `Server "${server.name}" serves a pattern of namespaces. Give one of them as \`namespace\`.`,
      );
    }
    return {
      url: url + (namespace ?? server.io.name),
      path: server.io.server.path(),
      identity: user === undefined ? STRANGER : this.users.add(endpoint, user),
      inHandshake: endpoint.options.credentials === 'handshake',
    };
  }

  /** @throws Error when the application has no server with that name. */
  private serverOf(name?: string) {
    const server = existingServer(this.application, name);
    return {server, endpoint: endpointOf(server), http: server.io.server.httpServer};
  }
}

/** Binds a value in place of an earlier binding; its tags stay, by which `@service` and others find it. */
function rebind(app: Application, key: string, value: unknown): void {
  const earlier = app.getBinding(key, {optional: true});
  const binding = app.bind(key).to(value);
  if (earlier) binding.tag(earlier.tagMap);
}

/** Moves the component's own HTTP server, if it has one, to a free port. */
function freePort(app: Application): void {
  const options = app.getConfigSync<SocketComponentOptions>(SocketKeys.COMPONENT);
  const {http} = options ?? {};
  if (typeof http !== 'object' || isHttpServer(http) || 'path' in http) return;
  const free = {...http, port: 0, host: LOCALHOST};
  app.configure(SocketKeys.COMPONENT).to({...options, http: free});
}

/** Stops the servers of an application that did not start; LoopBack does not. */
async function stopServers(app: Application): Promise<void> {
  for (const {key} of app.findByTag(CoreTags.SERVER)) {
    try {
      await (await app.get<Server>(key)).stop?.();
    } catch {
      // The error of the start says more.
    }
  }
}

/** Returns the root URL of the HTTP server of the sockets, or else of REST. */
async function urlOf(app: Application): Promise<string | undefined> {
  for (const {key} of app.findByTag(CoreTags.SERVER)) {
    const server: unknown = await app.get(key);
    if (server instanceof SocketServer && server.url !== undefined) {
      return new URL(server.url).origin;
    }
  }
  const rest = await app.get(RestBindings.SERVER, {optional: true});
  return rest?.url;
}
