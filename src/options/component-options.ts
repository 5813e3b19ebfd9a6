import type {HttpServerOptions} from '@loopback/http-server';
import type {ServerOptions as IoServerOptions} from 'socket.io';
import type {ReadyHttpServer} from './types';

/**
 * Configuration of the component:
 * `app.configure<SocketComponentOptions>(SocketBindings.COMPONENT).to(options)`.
 */
export interface SocketComponentOptions {
  /**
   * Options of socket.io. Set them before `app.init()`. socket.io's defaults apply, except that
   * `maxHttpBufferSize` is 458,752 bytes.
   * @default {}
   */
  io?: Partial<IoServerOptions>;
  /**
   * Where to listen: options for an HTTP server of its own, a ready `http.Server`, or a function
   * that returns one. The function is called at start.
   * @default the REST server's
   */
  http?:
    | HttpServerOptions
    | ReadyHttpServer
    | (() => ReadyHttpServer | Promise<ReadyHttpServer>);
  /**
   * Writes all messages of one tick to a client in one system call. It has no effect with `io.wsEngine`, or
   * on compressed messages.
   * @default true
   */
  coalesceWrites?: boolean;
  /**
   * Lets clients poll by JSONP, as clients of socket.io 2 do in a browser without CORS. Any page can then
   * open connections, and read them in a browser that does not send `Sec-Fetch-Site`. Set it before
   * `app.init()`.
   * @default false
   */
  jsonp?: boolean;
  /**
   * Serves the AsyncAPI document as `/asyncapi.json` and `/asyncapi.yaml` of the REST API, unless its
   * `openApiSpec.disabled` is set. `false` serves none.
   * @default true
   */
  asyncApi?: boolean;
  /**
   * Most bytes that wait for a client that reads too slowly. With more, its connection is closed, and the
   * client reconnects automatically. `false` for no limit.
   * @default 1_048_576
   */
  maxQueuedBytes?: number | false;
  /**
   * Most connections without an authenticated socket, in all. More are refused, and their clients reconnect
   * automatically. `false` for no limit.
   * @default 1000
   */
  maxUnauthenticated?: number | false;
  /**
   * Most connections from one address, by the REST server's `trust proxy`. More are refused. `false` for no
   * limit.
   * @default false
   */
  maxConnectionsPerAddress?: number | false;
  /**
   * `concurrent` is the most authentications that run at once, over all servers. Others wait in order, and
   * their `timeout` starts with their turn. An authentication stops counting after its `timeout`, or after
   * 3000 ms when the server has none. `false` for no limit.
   * @default {concurrent: 50}
   */
  authentications?: {concurrent?: number | false};
  /**
   * Most sockets of one connection, each in a namespace of its own. More are refused with `connect_error`
   * (429). `false` for no limit.
   * @default 100
   */
  maxSockets?: number | false;
  /**
   * ms over which clients are asked, by `draining`, to spread their reconnections when the server stops.
   * @default 5000
   */
  reconnectWindow?: number;
  /** ms that `stop()` waits for calls in flight, and then for disconnected handlers. @default 5000 */
  drainTimeout?: number;
}

/** Defaults of {@link SocketComponentOptions}. */
export const DEFAULT_SOCKET_COMPONENT_OPTIONS = {
  io: {},
  coalesceWrites: true,
  jsonp: false,
  asyncApi: true,
  maxQueuedBytes: 1024 * 1024,
  maxUnauthenticated: 1000,
  maxConnectionsPerAddress: false,
  authentications: {concurrent: 50},
  maxSockets: 100,
  reconnectWindow: 5000,
  drainTimeout: 5000,
} as const satisfies SocketComponentOptions;

/** The component's options with their defaults. */
export type ComponentOptions = SocketComponentOptions &
  Required<Pick<SocketComponentOptions, keyof typeof DEFAULT_SOCKET_COMPONENT_OPTIONS>>;
