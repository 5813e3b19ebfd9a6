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
  Socket,
} from 'socket.io';
import {readAsked} from '../asks/options';
import {targetsInRooms, targetsOfSocket} from '../asks/targets';
import type {AskedSocket} from '../asks/targets';
import type {AskAnswer, AskArguments, AskEvent, RoomAnswer} from '../asks/types';
import {FunctionHandler} from '../invocation/handler';
import type {HandlerKind} from '../decorators/metadata';
import type {Handler, HandlerDefinition} from '../invocation/handler';
import {ReferenceHandler} from '../invocation/reference-handler';
import type {Endpoint} from './endpoint';
import {DEFAULT_SERVER_NAME, SocketKeys} from '../options/keys';
import {toUnauthorized} from '../wire/failures';
import {SocketErrors} from '../wire/refusals';
import {isReservedEvent, SocketEvents} from '../wire/protocol';
import {HOST} from './ports';
import {checkEvent} from './publishing';
import type {PublishTarget} from './publishing';
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

type EventArguments<Events extends EventsMap, Event extends keyof Events> =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- `unknown` would reject listeners with parameters
  Events[Event] extends (...args: any[]) => unknown ? Parameters<Events[Event]> : never;

/** The type of a socket's `data`, which the application chooses. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- socket.io's own default
type SocketData = any;

/** socket.io's operator that emits to several sockets. */
type Broadcast<ServerEvents extends EventsMap> = ReturnType<
  Namespace<DefaultEventsMap, ServerEvents>['to']
>;

/**
 * One named socket server: a socket.io namespace whose sockets authenticate and then call methods.
 *
 * @typeParam ClientEvents - Events that clients emit.
 * @typeParam ServerEvents - Events that the server emits.
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
  /** Its name in decorators and in `app.getServer`. */
  readonly name: string;
  /** Child of the application's context, and parent of the contexts of connections and calls. */
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
   * Returns the server with that name, and creates it at first.
   *
   * @param name - @default the default server
   * @param options - The server's configuration. The last one before the start is used.
   * @throws Error without `app.component(SocketComponent)`, or when the name belongs to a server of another class.
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
      throw new Error(
        'SocketServer.get: the application has no SocketComponent. Call app.component(SocketComponent) first.',
      );
    }
    const key = SocketKeys.server(name);
    if (options) app.configure(key).to(options);
    if (!app.isBound(key)) app.add(SocketServer.bindingFor(name));
    const server: unknown = app.getSync(key);
    if (server instanceof SocketServer) {
      return server as SocketServer<ClientEvents, ServerEvents>;
    }
    throw new Error(
      `SocketServer.get: ${key.toString()} is bound to a server of another class. Choose another name.`,
    );
  }

  /** Returns a binding that creates the server with that name at its first use. */
  static bindingFor(name: string): Binding<SocketServer> {
    return createBindingFromClass(SocketServer, {
      key: SocketKeys.server(name),
      type: CoreTags.SERVER,
      defaultScope: BindingScope.SINGLETON,
    });
  }

  /**
   * The socket.io namespace; for a pattern, its parent namespace.
   *
   * @throws Error before `app.init()` or `start(io)`, or when another server has the namespace.
   */
  get io(): Namespace<ClientEvents, ServerEvents> {
    return this.host.namespaceOf(this.endpoint);
  }

  /** True while clients can connect. */
  get listening(): boolean {
    return this.host.namespaces.isListening(this.endpoint);
  }

  /** The URL that a client passes to `io(url)`; `undefined` while the server does not listen, and for a pattern. */
  get url(): string | undefined {
    return this.host.namespaces.urlOf(this.endpoint);
  }

  /**
   * Emits to all authenticated sockets.
   *
   * @throws Error when {@link io} throws.
   */
  emit<Event extends keyof ServerEvents & string>(
    event: Event,
    ...args: EventArguments<ServerEvents, Event>
  ): void {
    (this.io as Namespace).emit(event, ...(args as unknown[]));
  }

  /**
   * Emits an event that `@socketEvent` declares, after a check of its payload. Nothing is sent when it fails.
   *
   * @param to - `'all'`, `{room}`, `{user}` or a socket.
   * @throws Error when the event is not declared, when the payload does not match its schema, or when {@link io}
   * throws.
   *
   * @example
   * ```ts
   * await server.publish({room: 'lobby'}, 'said', {text: 'Hello'});
   * ```
   */
  async publish<Event extends keyof ServerEvents & string>(
    to: PublishTarget,
    event: Event,
    payload?: EventArguments<ServerEvents, Event>[0],
  ): Promise<void> {
    const declared = this.endpoint.handlers.events.get(event);
    await checkEvent(declared, event, payload, this.context);
    const target = this.targetOf(to) as {emit(name: string, value: unknown): unknown};
    target.emit(event, payload);
  }

  private targetOf(to: PublishTarget): object {
    if (to === 'all') return this.io;
    if ('room' in to) return this.to(to.room);
    return 'user' in to ? this.toUser(to.user) : to;
  }

  /**
   * Selects the sockets in a room, or in at least one of several rooms.
   *
   * @throws Error when {@link io} throws.
   */
  to(room: string | string[]): Broadcast<ServerEvents> {
    return this.io.to(room);
  }

  /**
   * Selects the sockets that are in none of these rooms.
   *
   * @throws Error when {@link io} throws.
   */
  except(room: string | string[]): Broadcast<ServerEvents> {
    return this.io.except(room);
  }

  /**
   * Selects all sockets of a user, on all nodes.
   *
   * @param id - The `securityId` of the user's profile, or the result of the option `userId`.
   * @throws Error when {@link io} throws.
   */
  toUser(id: string | number): Broadcast<ServerEvents> {
    return this.to(userRoom(id));
  }

  /**
   * Returns all sockets of a user, on all nodes.
   *
   * @throws Error when {@link io} throws. It does not reject then.
   */
  fetchUserSockets(
    id: string | number,
  ): Promise<RemoteSocket<ServerEvents, SocketData>[]> {
    return this.toUser(id).fetchSockets() as Promise<
      RemoteSocket<ServerEvents, SocketData>[]
    >;
  }

  /**
   * Disconnects all sockets of a user, on all nodes. They get `unauthorized` (401, `AUTHENTICATION_REVOKED`),
   * and their calls in flight are answered with the same error. They do not reconnect automatically. To keep
   * the user out, let the authentication refuse the user from now on.
   *
   * @throws Error when {@link io} throws.
   */
  disconnectUser(id: string | number): void {
    // This node's sockets first: an adapter may pass even through another process to reach them.
    this.endpoint.revoke(userRoom(id));
    const others = this.toUser(id) as BroadcastOperator<DefaultEventsMap, unknown>;
    others.emit(SocketEvents.UNAUTHORIZED, toUnauthorized(SocketErrors.revoked()));
    others.disconnectSockets();
  }

  /**
   * Asks the client of one socket, and returns the result that it answers.
   *
   * @param socket - An authenticated socket of this server, or one of {@link fetchUserSockets}.
   * @throws AskError with the client's error; 404 `NOBODY_THERE` when the socket is not authenticated or has left,
   * 410 `CLIENT_GONE` when it leaves, 502 `BAD_ANSWER` for an answer that is no `Reply`, 504 `CALL_TIMEOUT`, and 503
   * `SHUTTING_DOWN` when the server stops.
   * @throws The signal's reason when it is aborted.
   *
   * @example
   * ```ts
   * const sure = await server.ask(socket, 'confirm', {question: 'Delete all?'}, {timeout: 10_000});
   * ```
   */
  async ask<Event extends AskEvent<ServerEvents>>(
    socket: AskedSocket,
    event: Event,
    ...rest: AskArguments<ServerEvents, Event>
  ): Promise<AskAnswer<ServerEvents, Event>> {
    const asked = readAsked(event, rest);
    const targets = targetsOfSocket(this.io as Namespace, socket);
    return this.endpoint.asks.first(asked, targets);
  }

  /**
   * Asks all authenticated sockets of a user, on all nodes, and returns the first result. An answer that is 404 or no
   * `Reply` leaves the question to the other sockets.
   *
   * @param id - The `securityId` of the user's profile, or the result of the option `userId`.
   * @throws See {@link ask}. Sockets of other nodes that leave only time out.
   */
  async askUser<Event extends AskEvent<ServerEvents>>(
    id: string | number,
    event: Event,
    ...rest: AskArguments<ServerEvents, Event>
  ): Promise<AskAnswer<ServerEvents, Event>> {
    const asked = readAsked(event, rest);
    const targets = targetsInRooms(this.io as Namespace, userRoom(id));
    return this.endpoint.asks.first(asked, targets);
  }

  /**
   * Asks all authenticated sockets in a room, or in at least one of several rooms, on all nodes. The iteration gives
   * each answer when it comes, and an error for each socket of this node without an answer. It asks when it begins,
   * and ends at once for a room without sockets.
   *
   * @throws Error at the call for a reserved event or a wrong option.
   * @throws See {@link ask}, for what ends the whole iteration: a stop, an aborted signal, args that cannot be sent.
   *
   * @example
   * ```ts
   * for await (const {socket, result, error} of server.askRoom('pilots', 'position')) {
   *   if (!error) show(socket?.id, result);
   * }
   * ```
   */
  askRoom<Event extends AskEvent<ServerEvents>>(
    room: string | string[],
    event: Event,
    ...rest: AskArguments<ServerEvents, Event>
  ): AsyncIterable<
    RoomAnswer<AskAnswer<ServerEvents, Event>, Socket<ClientEvents, ServerEvents>>
  > {
    const asked = readAsked(event, rest);
    const targets = () => targetsInRooms(this.io as Namespace, room);
    return this.endpoint.asks.all(asked, targets) as AsyncIterable<
      RoomAnswer<AskAnswer<ServerEvents, Event>, Socket<ClientEvents, ServerEvents>>
    >;
  }

  /**
   * Serves a socket.io server or namespace that the application made. `app.start()` does not move it, and
   * `app.stop()` drains it without closing the given socket.io server. Its private parts, and those of joining
   * sockets, are only looked for: `app.init()` tries those of the socket.io that this package uses.
   *
   * @throws Error when the server is running, when its handlers or options are wrong, when another server
   * has the namespace, or when `io` lacks a private part that this package uses.
   */
  start(io: StartTarget): void;
  /**
   * Starts this server alone; `app.start()` starts all. It rejects when handlers or options of any server
   * are wrong, or when it cannot listen.
   */
  start(): Promise<void>;
  start(io?: StartTarget): Promise<void> | void {
    if (!io) return this.host.startOne(this.endpoint);
    this.host.startOn(this.endpoint, io);
  }

  /**
   * Drains this server alone; `app.stop()` drains all. A connection that carries other servers too stays
   * open: its client does not reconnect to this server automatically. It takes at most twice `drainTimeout`
   * and a second.
   */
  stop(): Promise<void> {
    return this.host.stopOne(this.endpoint);
  }

  /**
   * Sets the authentication handler, in place of an earlier or a decorated one. If it returns a falsy value,
   * throws or rejects, the socket is refused. Handlers and options that are wrong together fail the start of
   * the server; they are logged when it is already running.
   *
   * @throws Error when the handler is missing.
   */
  auth(handler: ConnectionHandler<ClientEvents, ServerEvents> | HandlerReference): void {
    this.endpoint.handlers.setAuth(this.handlerOf(handler, 'auth'));
    this.host.changed(this.endpoint);
  }

  /**
   * Adds a handler that runs once for each socket, between authentication and `authenticated`.
   *
   * @throws Error when the handler is missing.
   */
  onConnected(
    handler: ConnectionHandler<ClientEvents, ServerEvents> | HandlerReference,
  ): void {
    this.endpoint.handlers.add('connected', this.handlerOf(handler, 'connected'));
    this.host.changed(this.endpoint);
  }

  /** Removes a handler that was passed to `onConnected`; does nothing for an unknown one. */
  removeOnConnected(
    handler: ConnectionHandler<ClientEvents, ServerEvents> | HandlerReference,
  ): void {
    this.endpoint.handlers.remove('connected', handler);
  }

  /**
   * Adds a handler that runs once for each authenticated socket after it has disconnected.
   *
   * @throws Error when the handler is missing.
   */
  onDisconnected(
    handler: DisconnectHandler<ClientEvents, ServerEvents> | HandlerReference,
  ): void {
    this.endpoint.handlers.add('disconnected', this.handlerOf(handler, 'disconnected'));
    this.host.changed(this.endpoint);
  }

  /** Removes a handler that was passed to `onDisconnected`; does nothing for an unknown one. */
  removeOnDisconnected(
    handler: DisconnectHandler<ClientEvents, ServerEvents> | HandlerReference,
  ): void {
    this.endpoint.handlers.remove('disconnected', handler);
  }

  /**
   * Defines a method, in place of an earlier or a decorated one with that name. Connected sockets can call it
   * at once.
   *
   * @throws Error when the name is reserved or empty, or the handler is missing.
   */
  defineMethod(
    name: string,
    handler: MethodHandler<ClientEvents, ServerEvents> | HandlerReference,
  ): void {
    if (typeof name !== 'string' || name === '' || isReservedEvent(name)) {
      throw new Error(
        `defineMethod: the event name "${name}" is reserved or empty. Choose another.`,
      );
    }
    this.endpoint.handlers.defineMethod(name, this.handlerOf(handler, 'method'));
    this.host.changed(this.endpoint);
  }

  /** Removes a method, decorated or not; does nothing for an unknown one. */
  removeMethod(name: string): void {
    this.endpoint.handlers.removeMethod(name);
  }

  private handlerOf(
    definition: HandlerDefinition | null | undefined,
    kind: HandlerKind,
  ): Handler {
    if (definition === null || definition === undefined) {
      throw new Error(
        `A handler must be a function or {model, method}, not ${definition}.`,
      );
    }
    return typeof definition === 'function'
      ? new FunctionHandler(definition)
      : new ReferenceHandler(definition, this.app, kind);
  }
}
