import {
  Application,
  Binding,
  BindingScope,
  Context,
  CoreBindings,
  CoreTags,
  createBindingFromClass,
  inject,
} from '@loopback/core';
import type {Server} from '@loopback/core';
import type {
  BroadcastOperator,
  DefaultEventsMap,
  Namespace,
  RemoteSocket,
} from 'socket.io';
import {FunctionHandler} from '../invocation/handler';
import type {Handler, HandlerDefinition, HandlerKind} from '../invocation/handler';
import {ReferenceHandler} from '../invocation/reference-handler';
import type {Endpoint} from './endpoint';
import {DEFAULT_SERVER_NAME, SocketKeys} from '../options/keys';
import {toUnauthorized} from '../wire/failures';
import {SocketErrors} from '../wire/refusals';
import {isReservedEvent, SocketEvents} from '../wire/protocol';
import {HOST} from './ports';
import type {ServerHost} from './ports';
import type {SocketServerOptions} from '../options/server-options';
import type {
  ConnectionHandler,
  DisconnectHandler,
  EventsMap,
  HandlerReference,
  MethodHandler,
  StartTarget,
} from '../options/types';
import {userRoom} from '../namespace/user-rooms';

/** Arguments of one event. */
type EventArguments<Events extends EventsMap, Event extends keyof Events> =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  Events[Event] extends (...args: any[]) => unknown ? Parameters<Events[Event]> : never;

/** What each socket's `data` is; the application's. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as socket.io has it
type SocketData = any;

/** What emits to several sockets, and is answered by each of them. */
type Broadcast<ServerEvents extends EventsMap> = ReturnType<
  Namespace<DefaultEventsMap, ServerEvents>['to']
>;

/**
 * One named socket server: a socket.io namespace whose sockets authenticate and then call methods.
 *
 * @typeParam ClientEvents - What clients emit.
 * @typeParam ServerEvents - What the server emits.
 *
 * @example
 * ```ts
 * const admin = await app.getServer<SocketServer>('admin');
 * admin.defineMethod('ping', () => 'pong');
 * admin.toUser('42').emit('news', 'Hello');
 * ```
 */
export class SocketServer<
  ClientEvents extends EventsMap = DefaultEventsMap,
  ServerEvents extends EventsMap = DefaultEventsMap,
> implements Server {
  /** The name that decorators and `app.getServer` know it by. */
  readonly name: string;
  /** Parent of its connections' and their calls' contexts; child of the application's. */
  readonly context: Context;
  private readonly endpoint: Endpoint;

  constructor(
    @inject(CoreBindings.APPLICATION_INSTANCE) private readonly app: Application,
    @inject(HOST) private readonly host: ServerHost,
    @inject.binding() binding: Binding<unknown>,
  ) {
    this.name = binding.key.slice(CoreBindings.SERVERS.length + 1);
    this.context = new Context(app, this.name);
    this.context.scope = BindingScope.SERVER;
    this.context.bind(SocketKeys.SERVER).to(this);
    this.endpoint = host.register(this);
  }

  /**
   * Creates or gets the server of that name.
   *
   * @param name - @default the default server's
   * @param options - The server's configuration; of several, the last before start holds.
   * @throws Error without `app.component(SocketComponent)`, or when another class has the name.
   */
  static get<
    ClientEvents extends EventsMap = DefaultEventsMap,
    ServerEvents extends EventsMap = DefaultEventsMap,
  >(
    app: Application,
    name: string = DEFAULT_SERVER_NAME,
    options?: SocketServerOptions,
  ): SocketServer<ClientEvents, ServerEvents> {
    if (!app.isBound(HOST)) {
      throw new Error('SocketServer.get: call app.component(SocketComponent) first.');
    }
    const key = SocketKeys.server(name);
    if (options) app.configure(key).to(options);
    if (!app.isBound(key)) app.add(SocketServer.bindingFor(name));
    const server: unknown = app.getSync(key);
    if (server instanceof SocketServer) {
      return server as SocketServer<ClientEvents, ServerEvents>;
    }
    throw new Error(
      `SocketServer.get: ${key.toString()} is another kind of server. Choose another name.`,
    );
  }

  /** A binding that creates the server of that name when it is first asked for. */
  static bindingFor(name: string): Binding<SocketServer> {
    return createBindingFromClass(SocketServer, {
      key: SocketKeys.server(name),
      type: CoreTags.SERVER,
      defaultScope: BindingScope.SINGLETON,
    });
  }

  /**
   * The socket.io namespace, or the parent namespace for a pattern.
   *
   * @throws Error before `app.init()` or `start(io)`, or when another server has the namespace.
   */
  get io(): Namespace<ClientEvents, ServerEvents> {
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
   * Emits to all authenticated sockets.
   *
   * @throws Error where `io` does.
   */
  emit<Event extends keyof ServerEvents & string>(
    event: Event,
    ...args: EventArguments<ServerEvents, Event>
  ): void {
    (this.io as Namespace).emit(event, ...(args as unknown[]));
  }

  /**
   * Chooses the sockets in a room, or in any of several.
   *
   * @throws Error where `io` does.
   */
  to(room: string | string[]): Broadcast<ServerEvents> {
    return this.io.to(room);
  }

  /**
   * Chooses the sockets that are in none of these rooms.
   *
   * @throws Error where `io` does.
   */
  except(room: string | string[]): Broadcast<ServerEvents> {
    return this.io.except(room);
  }

  /**
   * Chooses all sockets of a user, also those connected to other nodes.
   *
   * @param id - `securityId` of the user's profile, or what the option `userId` says it is.
   * @throws Error where `io` does.
   */
  toUser(id: string | number): Broadcast<ServerEvents> {
    return this.to(userRoom(id));
  }

  /**
   * All sockets of a user, also those connected to other nodes.
   *
   * @throws Error where `io` does, before there is a promise.
   */
  fetchUserSockets(
    id: string | number,
  ): Promise<RemoteSocket<ServerEvents, SocketData>[]> {
    // Each is one socket, whose answer is no array.
    return this.toUser(id).fetchSockets() as Promise<
      RemoteSocket<ServerEvents, SocketData>[]
    >;
  }

  /**
   * Disconnects all sockets of a user, also those connected to other nodes: they get `unauthorized` (401,
   * `AUTHENTICATION_REVOKED`), which what they have in flight is answered with too. They do not come back
   * by themselves. That the user cannot authenticate again is the authentication's to see to.
   *
   * @throws Error where `io` does.
   */
  disconnectUser(id: string | number): void {
    // Those of this node first: an adapter may go by way of another process even for them.
    this.endpoint.revoke(userRoom(id));
    const others = this.toUser(id) as BroadcastOperator<DefaultEventsMap, unknown>;
    others.emit(SocketEvents.UNAUTHORIZED, toUnauthorized(SocketErrors.revoked()));
    others.disconnectSockets();
  }

  /**
   * Serves a socket.io server or namespace that the application made. It stays there: `app.start()`
   * leaves it alone, and `app.stop()` drains it without closing what it was given.
   *
   * @throws Error when the server runs already, when its handlers or its configuration are wrong, or when
   * another server has the namespace.
   */
  start(io: StartTarget): void;
  /**
   * Starts this server alone; `app.start()` starts all. It rejects when handlers or configuration are
   * wrong, those of other servers included, or when it cannot listen.
   */
  start(): Promise<void>;
  start(io?: StartTarget): Promise<void> | void {
    if (!io) return this.host.startOne(this.endpoint);
    this.host.startOn(this.endpoint, io);
  }

  /**
   * Drains this server alone; `app.stop()` drains all. A client whose connection carries other servers
   * too keeps it, and has to connect to this one again by itself. It takes up to
   * twice `drainTimeout`, and a second.
   */
  stop(): Promise<void> {
    return this.host.stopOne(this.endpoint);
  }

  /**
   * Sets what authenticates the sockets, in place of what did, decorated or not. A falsy answer, a
   * throw or a rejection refuses the socket. What is then wrong with the server's handlers and options
   * fails its start, or is logged when it runs already.
   *
   * @throws Error when the handler is missing.
   */
  auth(handler: ConnectionHandler<ClientEvents, ServerEvents> | HandlerReference): void {
    this.endpoint.handlers.setAuth(this.handlerOf(handler, 'auth'));
    this.host.changed(this.endpoint);
  }

  /**
   * Adds a handler that runs once for each socket, between authentication and `authenticated`. What is
   * wrong then is told as with `auth`.
   *
   * @throws Error when the handler is missing.
   */
  onConnected(
    handler: ConnectionHandler<ClientEvents, ServerEvents> | HandlerReference,
  ): void {
    this.endpoint.handlers.add('connected', this.handlerOf(handler, 'connected'));
    this.host.changed(this.endpoint);
  }

  /** Removes a handler, given as it was to `onConnected`; an unknown one is left alone. */
  removeOnConnected(
    handler: ConnectionHandler<ClientEvents, ServerEvents> | HandlerReference,
  ): void {
    this.endpoint.handlers.remove('connected', handler);
  }

  /**
   * Adds a handler that runs once for each authenticated socket that is gone. What is wrong then is
   * told as with `auth`.
   *
   * @throws Error when the handler is missing.
   */
  onDisconnected(
    handler: DisconnectHandler<ClientEvents, ServerEvents> | HandlerReference,
  ): void {
    this.endpoint.handlers.add('disconnected', this.handlerOf(handler, 'disconnected'));
    this.host.changed(this.endpoint);
  }

  /** Removes a handler, given as it was to `onDisconnected`; an unknown one is left alone. */
  removeOnDisconnected(
    handler: DisconnectHandler<ClientEvents, ServerEvents> | HandlerReference,
  ): void {
    this.endpoint.handlers.remove('disconnected', handler);
  }

  /**
   * Defines a method, in place of one of that name, decorated or not. Sockets that are connected
   * already can call it at once. What is wrong then is told as with `auth`.
   *
   * @throws Error when the name is reserved or empty, or the handler is missing.
   */
  defineMethod(
    name: string,
    handler: MethodHandler<ClientEvents, ServerEvents> | HandlerReference,
  ): void {
    if (typeof name !== 'string' || name === '' || isReservedEvent(name)) {
      throw new Error(
        `defineMethod: the event name "${name}" is reserved. Choose another.`,
      );
    }
    this.endpoint.handlers.defineMethod(name, this.handlerOf(handler, 'method'));
    this.host.changed(this.endpoint);
  }

  /** Removes a method, decorated or not; an unknown one is left alone. */
  removeMethod(name: string): void {
    this.endpoint.handlers.removeMethod(name);
  }

  private handlerOf(
    definition: HandlerDefinition | null | undefined,
    kind: HandlerKind,
  ): Handler {
    if (definition === null || definition === undefined) {
      throw new Error(`A handler is a function or {model, method}, not ${definition}.`);
    }
    return typeof definition === 'function'
      ? new FunctionHandler(definition)
      : new ReferenceHandler(definition, this.app, kind);
  }
}
