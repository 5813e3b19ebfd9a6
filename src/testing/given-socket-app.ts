import type {Application, Constructor} from '@loopback/core';
import type {Loose, Remote} from 'loopback4-socket-client';
import {connect} from 'node:net';
import {connect as connectSecurely} from 'node:tls';
import {TestClient} from './client';
import type {ClientTarget, TestClientOptions} from './client';
import {GivenUsers, STRANGER} from './given-users';
import {Line} from './line';
import {memoryConnection} from './memory';
import {TestNetwork} from './network';
import {endpointOf, existingServer} from './servers';
import {LOCALHOST, startApplication, urlOf} from './start-application';
import type {GivenSocketAppOptions} from './start-application';

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
  options: GivenSocketAppOptions<App> = {},
): Promise<GivenSocketApp<App>> {
  const app = await startApplication(type, options);
  return new GivenSocketApp(app, await urlOf(app));
}

/** A started application, and the clients of a test. */
export class GivenSocketApp<
  App extends Application = Application,
> implements AsyncDisposable {
  /** Makes faults of the clients' connections. */
  readonly network = new TestNetwork();
  private readonly users = new GivenUsers();
  private readonly clients = new Set<Pick<TestClient, 'close'>>();
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
   * Connects a client, and waits until it is authenticated. Rejects with a `CallError` when it is refused.
   *
   * @typeParam Api - The methods of the server: a map of functions `(args) => result`.
   * @typeParam Events - The events of the server: a map of functions `(payload) => void`.
   */
  async client<Api = Loose, Events extends object = Loose>(
    options: TestClientOptions = {},
  ): Promise<TestClient<Api, Events>> {
    const {protocol, hostname, port} = new URL(this.url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const to = {host, port: Number(port), noDelay: true};
    const line = new Line(protocol, () =>
      protocol === 'https:'
        ? connectSecurely({...to, rejectUnauthorized: false})
        : connect(to),
    );
    const client = this.make<Api, Events>(line, options, this.url);
    this.network.add(client, line);
    try {
      await client.connect();
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  /**
   * Returns the methods of a server, to be called without a network. Calls are dispatched as those of any client,
   * and their handlers receive a socket that can join rooms and emit. The socket connects at the first call, and
   * stays until the application stops.
   *
   * @typeParam Api - The methods of the server: a map of functions `(args) => result`.
   */
  caller<Api = Loose>(options: TestCallerOptions = {}): Remote<Api> {
    const {http} = this.serverOf(options.server);
    const line = new Line('http:', () => {
      const [client, server] = memoryConnection();
      http.emit('connection', server);
      return client;
    });
    return this.make<Api, Loose>(line, options, `http://${LOCALHOST}`).call;
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
    await Promise.all([...this.clients].map(client => client.close()));
    await this.application.stop();
  }

  private make<Api, Events extends object>(
    line: Line,
    {server, namespace, user, ...options}: TestClientOptions,
    url: string,
  ): TestClient<Api, Events> {
    const target = this.targetOf({server, namespace, user}, url);
    const client = new TestClient<Api, Events>(line, options, target);
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
