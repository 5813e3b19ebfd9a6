import {
  Binding,
  BindingScope,
  Context,
  createBindingFromClass,
  inject,
} from '@loopback/context';
import {Application, CoreBindings, CoreTags} from '@loopback/core';
import type {Server} from '@loopback/core';
import type {Namespace} from 'socket.io';
import {VALUES} from './dispatch/controllers';
import {FunctionHandler} from './dispatch/handler';
import type {Handler, HandlerDefinition} from './dispatch/handler';
import {ReferenceHandler} from './dispatch/reference-handler';
import type {Endpoint} from './endpoint';
import {SocketBindings} from './keys';
import {RESERVED_EVENTS} from './protocol';
import type {SocketHost} from './socket.host';
import {DEFAULT_SERVER_NAME} from './types';
import type {
  ConnectionHandler,
  DisconnectHandler,
  HandlerReference,
  MethodHandler,
  SocketServerOptions,
  StartTarget,
} from './types';

/**
 * One named socket server: a socket.io namespace whose sockets authenticate and then call methods.
 * Its context is the parent of its connections' and calls' contexts.
 *
 * @example
 * ```ts
 * const admin = await app.getServer<SocketServer>('admin');
 * admin.defineMethod('ping', () => 'pong');
 * ```
 */
export class SocketServer extends Context implements Server {
  /** The name that decorators and `app.getServer` know it by. */
  declare readonly name: string;
  private readonly endpoint: Endpoint;

  constructor(
    @inject(CoreBindings.APPLICATION_INSTANCE) private readonly app: Application,
    @inject(SocketBindings.HOST) private readonly host: SocketHost,
    @inject.binding() binding: Binding<SocketServer>,
  ) {
    super(app, binding.key.slice(CoreBindings.SERVERS.length + 1));
    this.scope = BindingScope.SERVER;
    this.bind(SocketBindings.SERVER).to(this);
    this.endpoint = host.register(this);
  }

  /**
   * Creates or gets the server of that name.
   *
   * @param name - @default the default server's
   * @param options - The server's configuration; of several, the last before start holds.
   * @throws Error without `app.component(SocketComponent)`, or when another class has the name.
   */
  static get(
    app: Application,
    name: string = DEFAULT_SERVER_NAME,
    options?: SocketServerOptions,
  ): SocketServer {
    if (!app.isBound(SocketBindings.HOST)) {
      throw new Error('SocketServer.get: call app.component(SocketComponent) first.');
    }
    const key = SocketBindings.server(name);
    if (options) app.configure(key).to(options);
    if (!app.isBound(key)) app.add(SocketServer.bindingFor(name));
    const server: unknown = app.getSync(key);
    if (server instanceof SocketServer) return server;
    throw new Error(
      `SocketServer.get: ${key.toString()} is another kind of server. Choose another name.`,
    );
  }

  /** A binding that creates the server of that name when it is first asked for. */
  static bindingFor(name: string): Binding<SocketServer> {
    return createBindingFromClass(SocketServer, {
      key: SocketBindings.server(name),
      type: CoreTags.SERVER,
      defaultScope: BindingScope.SINGLETON,
    });
  }

  /**
   * The socket.io namespace, or the parent namespace for a pattern.
   *
   * @throws Error before `app.init()`.
   */
  get io(): Namespace {
    return this.host.namespaceOf(this.endpoint);
  }

  /** Whether clients can connect. */
  get listening(): boolean {
    return this.host.isListening(this.endpoint);
  }

  /** What a client gives to `io(url)`; `undefined` while not listening, and for a pattern. */
  get url(): string | undefined {
    return this.host.urlOf(this.endpoint);
  }

  /**
   * Serves a socket.io server or namespace that the application made. It stays there: `app.start()`
   * leaves it alone, and `app.stop()` drains it without closing what it was given.
   *
   * @throws Error when the server runs already.
   */
  start(io: StartTarget): void;
  /** Starts this server alone; `app.start()` starts all. */
  start(): Promise<void>;
  start(io?: StartTarget): Promise<void> | void {
    if (!io) return this.host.startOne(this.endpoint);
    this.host.startOn(this.endpoint, io);
  }

  /**
   * Drains this server alone; `app.stop()` drains all. A client whose connection carries other servers
   * too keeps it, and has to connect to this one again by itself.
   */
  stop(): Promise<void> {
    return this.host.stopOne(this.endpoint);
  }

  /**
   * Sets what authenticates the sockets, in place of what did, decorated or not. A falsy answer, a
   * throw or a rejection refuses the socket.
   */
  auth(handler: ConnectionHandler | HandlerReference): void {
    this.endpoint.handlers.setAuth(this.handlerOf(handler, VALUES.auth));
    this.host.changed(this.endpoint);
  }

  /** Adds a handler that runs once for each socket, between authentication and `authenticated`. */
  onConnected(handler: ConnectionHandler | HandlerReference): void {
    this.endpoint.handlers.add('connected', this.handlerOf(handler, VALUES.connected));
    this.host.changed(this.endpoint);
  }

  /** Removes a handler, given as it was to `onConnected`; an unknown one is left alone. */
  removeOnConnected(handler: ConnectionHandler | HandlerReference): void {
    this.endpoint.handlers.remove('connected', handler);
  }

  /** Adds a handler that runs once for each authenticated socket that is gone. */
  onDisconnected(handler: DisconnectHandler | HandlerReference): void {
    this.endpoint.handlers.add(
      'disconnected',
      this.handlerOf(handler, VALUES.disconnected),
    );
    this.host.changed(this.endpoint);
  }

  /** Removes a handler, given as it was to `onDisconnected`; an unknown one is left alone. */
  removeOnDisconnected(handler: DisconnectHandler | HandlerReference): void {
    this.endpoint.handlers.remove('disconnected', handler);
  }

  /**
   * Defines a method, in place of one of that name, decorated or not. Sockets that are connected
   * already can call it at once.
   *
   * @throws Error when the name is reserved.
   */
  defineMethod(name: string, handler: MethodHandler | HandlerReference): void {
    if (typeof name !== 'string' || name === '' || RESERVED_EVENTS.has(name)) {
      throw new Error(
        `defineMethod: the event name "${name}" is reserved. Choose another.`,
      );
    }
    this.endpoint.handlers.defineMethod(name, this.handlerOf(handler, VALUES.method));
    this.host.changed(this.endpoint);
  }

  /** Removes a method, decorated or not; an unknown one is left alone. */
  removeMethod(name: string): void {
    this.endpoint.handlers.removeMethod(name);
  }

  private handlerOf(
    definition: HandlerDefinition | null | undefined,
    values: number,
  ): Handler {
    if (definition === null || definition === undefined) {
      throw new Error(`A handler is a function or {model, method}, not ${definition}.`);
    }
    return typeof definition === 'function'
      ? new FunctionHandler(definition)
      : new ReferenceHandler(definition, this.app, values);
  }
}
