import {SocketClient} from 'loopback4-socket-client';
import type {CallOptions, Loose, SocketClientOptions} from 'loopback4-socket-client';
import type {SocketPayload} from '../options/types';
import {isRecord} from '../common/objects';
import type {
  DrainingBody,
  ExpiringBody,
  FailedBody,
  UnauthorizedBody,
} from '../wire/protocol';
import {withCallSite} from './call-site';
import {ComingEvents} from './coming-events';
import type {Identity} from './given-users';
import type {Line} from './line';

/** ms that a test waits for an event, unless it says otherwise: less than the time of a test in mocha. */
const EVENT_TIMEOUT = 1500;

/** ms until a client must be connected. */
const CONNECT_TIMEOUT = 5000;

/** ms until the connections of a closed client are cut. */
const CLOSE_GRACE = 500;

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

/** Options of a client of a test, and those of any `SocketClient`. */
export interface TestClientOptions extends SocketClientOptions {
  /**
   * The user that the client is authenticated as: the value that the server's authentication would return for it.
   * The client needs no token, and the server's authentication does not run.
   * @default the server's authentication decides on `credentials`
   */
  user?: unknown;
  /** Name of the server. @default the default server */
  server?: string;
  /** The namespace, for a server whose `namespace` is a pattern. @default the server's */
  namespace?: string;
  /** Options of `socket.io-client`, such as `transports`. @default a websocket that reconnects after some 10 ms */
  io?: SocketClientOptions['io'];
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
 * A client of a test: a `SocketClient` that knows the events that have arrived. It reconnects and authenticates again
 * after a lost connection. `await using` closes it.
 *
 * @typeParam Api - The methods of the server: a map of functions `(args) => result`.
 * @typeParam Events - The events of the server: a map of functions `(payload) => void`.
 */
export class TestClient<Api = Loose, Events extends object = Loose>
  extends SocketClient<Api, Events>
  implements AsyncDisposable
{
  /**
   * All events that have arrived, in order: `[name, ...payloads]`, questions without their acks. Those of connected
   * handlers come first.
   */
  readonly received: (readonly [event: string, ...payloads: SocketPayload[]])[] = [];
  private readonly coming = new ComingEvents();
  private readonly identity: Identity;

  constructor(
    private readonly line: Line,
    {io: options, ...others}: SocketClientOptions,
    {url, path, identity, inHandshake}: ClientTarget,
  ) {
    const {credentials} = others;
    const io = {
      path,
      transports: ['websocket'],
      timeout: CONNECT_TIMEOUT,
      reconnectionDelay: 10,
      reconnectionDelayMax: 100,
      ...(inHandshake && {auth: isRecord(credentials) ? credentials : {}}),
      ...options,
      extraHeaders: {...options?.extraHeaders, ...identity.headers},
      // Its type is that of browsers, which have no agents.
      agent: line as unknown as string,
      // Clients of one URL would share a connection.
      forceNew: true,
    };
    super(url, {...others, io});
    this.identity = identity;
    const {coming, socket} = this;
    socket.onAny((event: string, ...values: unknown[]) => {
      const payloads = values.filter(value => typeof value !== 'function');
      this.received.push([event, ...payloads]);
      coming.arrive(event, payloads[0]);
    });
    socket.on('connect', () => coming.arrive('connect', undefined));
    socket.on('disconnect', reason => coming.arrive('disconnect', reason));
    this.failFast();
  }

  /** Calls a method by its name. */
  override request<Result = unknown>(
    name: string,
    args?: unknown,
    options?: CallOptions,
  ): Promise<Result> {
    return withCallSite(super.request<Result>(name, args, options));
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
  override async close(): Promise<void> {
    const {coming, identity, line} = this;
    line.delay = 0;
    const closed = super.close();
    coming.end('arrived before the client was closed');
    await Promise.all([closed, line.closed(CLOSE_GRACE)]);
    identity.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Gives up when the first connection fails: a test does not wait for a second attempt. */
  private failFast(): void {
    const stop = this.subscribe(() => {
      if (this.state === 'authenticated') stop();
      else if (this.state === 'disconnected') this.disconnect();
    });
  }
}
