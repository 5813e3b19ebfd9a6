import {io} from 'socket.io-client';
import type {ManagerOptions, Socket, SocketOptions} from 'socket.io-client';
import {awaited, once, PATIENCE} from './awaited';

export type ClientOptions = Partial<ManagerOptions & SocketOptions>;

/** Answer to a call, as a client sees it. */
export interface Answer {
  result?: any;
  error?: any;
}

/** Answer to the call of a method that streams. */
export interface Opened {
  stream: string;
  error?: any;
}

/**
 * A socket.io client that keeps every event it receives, so that a test can ask for one before or
 * after it came. Closed by `await using`.
 */
export class TestClient implements AsyncDisposable {
  /** Every event received so far, in order: `[name, ...arguments]`. */
  readonly received: [string, ...any[]][] = [];
  private readonly unread = new Map<string, any[][]>();
  private readonly waiting = new Map<string, ((args: any[]) => void)[]>();

  constructor(readonly socket: Socket) {
    socket.onAny((name: string, ...args: any[]) => this.push(name, args));
    for (const name of ['connect', 'connect_error', 'disconnect'] as const) {
      socket.on(name, (...args: any[]) => this.push(name, args));
    }
  }

  /** First argument of the next event of that name that was not asked for yet. */
  next<T = any>(name: string): Promise<T> {
    const arrived = this.unread.get(name)?.shift();
    if (arrived) return Promise.resolve(arrived[0] as T);
    const coming = new Promise<T>(resolve => {
      const take = ([first]: any[]) => resolve(first as T);
      this.waiting.set(name, [...(this.waiting.get(name) ?? []), take]);
    });
    const [last] = this.received.at(-1) ?? ['nothing'];
    return awaited(coming, `"${name}" after "${last}"`);
  }

  /** Names of the events received so far, in order. */
  get names(): string[] {
    return this.received.map(([name]) => name);
  }

  /** Sends `authentication` and waits for `authenticated`. */
  async authenticate(credentials: unknown = {token: 'ok'}): Promise<void> {
    this.socket.emit('authentication', credentials);
    await this.next('authenticated');
  }

  /** Calls a method and waits for its answer. */
  async call(name: string, ...args: unknown[]): Promise<Answer> {
    return this.socket.timeout(PATIENCE).emitWithAck(name, ...args);
  }

  /** Calls a method that streams. */
  async open(name: string, ...args: unknown[]): Promise<Opened> {
    return (await this.call(name, ...args)) as Opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const {engine} = this.socket.io as {engine?: {readyState: string}};
    const open = engine?.readyState === 'open';
    const closed = open ? once(this.socket.io.engine as any, 'close') : undefined;
    this.socket.io.reconnection(false);
    this.socket.disconnect();
    this.socket.io._close();
    await closed;
  }

  private push(name: string, args: any[]): void {
    this.received.push([name, ...args]);
    const waiter = this.waiting.get(name)?.shift();
    if (waiter) waiter(args);
    else this.unread.set(name, [...(this.unread.get(name) ?? []), args]);
  }
}

/** Connects a client of its own transport; does not wait. */
export function givenClient(
  url: string | undefined,
  options: ClientOptions = {},
): TestClient {
  if (url === undefined) throw new Error('The server has no url.');
  return new TestClient(io(url, {forceNew: true, transports: ['websocket'], ...options}));
}

/** A connected and authenticated client. */
export async function givenAuthenticated(
  url: string | undefined,
  credentials: unknown = {token: 'ok'},
  options: ClientOptions = {},
): Promise<TestClient> {
  const client = givenClient(url, options);
  await client.authenticate(credentials);
  return client;
}

/** Several namespaces over one transport: one client for each URL path, sharing a manager. */
export function givenClients(
  url: string | undefined,
  namespaces: readonly string[],
  options: ClientOptions = {},
): TestClient[] {
  if (url === undefined) throw new Error('The server has no url.');
  const first = io(url + namespaces[0], {
    forceNew: true,
    transports: ['websocket'],
    autoConnect: false,
    ...options,
  });
  const sockets = [
    first,
    ...namespaces.slice(1).map(name => first.io.socket(name, options)),
  ];
  const clients = sockets.map(socket => new TestClient(socket));
  for (const socket of sockets) socket.connect();
  return clients;
}
