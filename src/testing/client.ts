import {io} from 'socket.io-client';
import type {ManagerOptions, Socket, SocketOptions} from 'socket.io-client';
import type {SocketPayload} from '../options/types';
import {isRecord} from '../common/objects';
import {SocketEvents} from '../wire/protocol';
import type {
  DrainingBody,
  ExpiringBody,
  FailedBody,
  UnauthorizedBody,
} from '../wire/protocol';
import {CallError} from './call-error';
import {callsOf} from './calls';
import type {AnyApi, TestCalls} from './calls';
import {ComingEvents} from './coming-events';
import type {Identity} from './given-users';
import type {Line} from './line';
import {PendingCalls} from './pending-calls';

/** ms that a test waits for an event, unless it says otherwise: less than the time of a test in mocha. */
const EVENT_TIMEOUT = 1500;

/** ms until a client must be authenticated. */
const CONNECT_TIMEOUT = 5000;

/** ms until the connections of a closed client are cut. */
const CLOSE_GRACE = 500;

/** Events of any name, with any payload: the type of events that are not given. */
export interface AnyEvents {
  [event: string]: (...payloads: SocketPayload[]) => void;
}

interface ProtocolEvents {
  connect(): void;
  disconnect(reason: string): void;
  authenticated(value: true): void;
  unauthorized(body: UnauthorizedBody): void;
  expiring(body: ExpiringBody): void;
  draining(body: DrainingBody): void;
  failed(body: FailedBody): void;
}

/** The events that a client can wait for: those of the server, of this package and of the connection. */
export type TestEvents<Events> = Events & Omit<ProtocolEvents, keyof Events>;

type PayloadOf<Listener> = Listener extends (...payloads: infer Payloads) => unknown
  ? Payloads[0]
  : never;

/** Options of a client of a test. */
export interface TestClientOptions {
  /**
   * The user that the client is authenticated as: the value that the server's authentication would return for it.
   * The client needs no token, and the server's authentication does not run.
   * @default the server's authentication decides on `credentials`
   */
  user?: unknown;
  /** The credentials, which methods see too. @default none */
  credentials?: unknown;
  /** Name of the server. @default the default server */
  server?: string;
  /** The namespace, for a server whose `namespace` is a pattern. @default the server's */
  namespace?: string;
  /** Options of `socket.io-client`, such as `transports`. @default a websocket that reconnects after 10 ms */
  io?: Partial<ManagerOptions & SocketOptions>;
}

/** The place that a client connects to, and the way. */
export interface ClientTarget {
  readonly url: string;
  /** socket.io's path. */
  readonly path: string;
  readonly identity: Identity;
  /** True when the server reads credentials in the handshake only. */
  readonly inHandshake: boolean;
}

/**
 * A client of a test: a `socket.io-client` that is connected and authenticated. It authenticates again after each
 * reconnection. `await using` closes it.
 *
 * @typeParam Api - The methods of the server: a map of functions `(args) => result`.
 * @typeParam Events - The events of the server: a map of functions `(payload) => void`.
 */
export class TestClient<Api = AnyApi, Events = AnyEvents> implements AsyncDisposable {
  /** The methods of the server: `await client.call.say({text: 'Hello'})`. */
  readonly call: TestCalls<Api>;
  /** All events that have arrived, in order: `[name, ...payloads]`. Those of connected handlers come first. */
  readonly received: (readonly [event: string, ...payloads: SocketPayload[]])[] = [];
  /** The client of `socket.io-client`. */
  readonly socket: Socket;
  private readonly coming = new ComingEvents();
  private readonly identity: Identity;
  private readonly pending: PendingCalls;

  private constructor(
    private readonly line: Line,
    {credentials, io: options}: TestClientOptions,
    {url, path, identity, inHandshake}: ClientTarget,
  ) {
    this.socket = io(url, {
      path,
      transports: ['websocket'],
      reconnectionDelay: 10,
      reconnectionDelayMax: 100,
      ...(inHandshake && isRecord(credentials) && {auth: credentials}),
      ...options,
      extraHeaders: {...options?.extraHeaders, ...identity.headers},
      // Its type is that of browsers, which have no agents.
      agent: line as unknown as string,
      // Clients of one URL would share a connection.
      forceNew: true,
      autoConnect: false,
    });
    const {socket} = this;
    socket.onAny((...event: [string, ...unknown[]]) => {
      this.received.push(event);
      this.coming.arrive(event[0], event[1]);
    });
    socket.on('connect', () => this.coming.arrive('connect', undefined));
    socket.on('disconnect', reason => this.coming.arrive('disconnect', reason));
    if (!inHandshake) {
      const values = credentials === undefined ? [] : [credentials];
      socket.on('connect', () => socket.emit(SocketEvents.AUTHENTICATION, ...values));
    }
    this.identity = identity;
    this.pending = new PendingCalls(socket);
    this.call = callsOf<Api>((...call) => this.pending.send(...call));
  }

  /** Connects a client. Rejects with a {@link CallError} when it is refused. */
  static async connect<Api, Events>(
    line: Line,
    options: TestClientOptions,
    target: ClientTarget,
  ): Promise<TestClient<Api, Events>> {
    const client = new TestClient<Api, Events>(line, options, target);
    try {
      await client.open();
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  /**
   * Returns the first payload of the next event of that name. Ask before the act that causes the event. Several
   * that are asked for at once get one event each, in order. Rejects when the event does not come in time, or when
   * the client is closed.
   *
   * @param options - `within` is the time to wait, in ms: 1500 by default.
   * @example
   * ```ts
   * const said = ben.next('said');
   * await ana.call.say({text: 'Hello'});
   * assert.equal(await said, 'Hello');
   * ```
   */
  next<Event extends keyof TestEvents<Events> & string>(
    event: Event,
    {within = EVENT_TIMEOUT}: {within?: number} = {},
  ): Promise<PayloadOf<TestEvents<Events>[Event]>> {
    type Payload = PayloadOf<TestEvents<Events>[Event]>;
    return this.coming.next(event, within) as Promise<Payload>;
  }

  /** Closes the connection, and waits until it is closed. */
  async close(): Promise<void> {
    const {identity, line, socket} = this;
    line.delay = 0;
    this.pending.close();
    socket.io.reconnection(false);
    socket.disconnect();
    this.coming.end('arrived before the client was closed');
    await line.closed(CLOSE_GRACE);
    identity.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Waits until the client is authenticated. */
  private async open(): Promise<void> {
    const {socket} = this;
    let stop: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const refuse = (body: unknown) => reject(new CallError(body));
        const fail = (error: Error & {data?: unknown}) => reject(connectionError(error));
        const message = `The client was not authenticated within ${CONNECT_TIMEOUT} ms.`;
        const timer = setTimeout(() => reject(new Error(message)), CONNECT_TIMEOUT);
        socket.once(SocketEvents.AUTHENTICATED, resolve);
        socket.once(SocketEvents.UNAUTHORIZED, refuse);
        socket.once('connect_error', fail);
        stop = () => {
          clearTimeout(timer);
          socket.off(SocketEvents.AUTHENTICATED, resolve);
          socket.off(SocketEvents.UNAUTHORIZED, refuse);
          socket.off('connect_error', fail);
        };
        socket.connect();
      });
    } finally {
      stop?.();
    }
  }
}

/** Returns the error of a client that could not connect; a refusal of this package has an error's body. */
function connectionError(error: Error & {data?: unknown}): Error {
  return isRecord(error.data) && 'statusCode' in error.data
    ? new CallError(error.data)
    : new Error(`The client could not connect: ${error.message}`, {cause: error});
}
