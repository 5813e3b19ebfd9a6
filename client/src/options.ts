import type {ManagerOptions, SocketOptions} from 'socket.io-client';

/**
 * Why credentials are asked for: a connection has been made, or the last ones have expired or soon will, so that new
 * ones are needed.
 */
export type CredentialsReason = 'connect' | 'expiring';

/** Makes the credentials of a connection. */
export type CredentialsSource = (reason: CredentialsReason) => unknown;

/** Credentials of any shape, or a function that makes them. */
export type ClientCredentials =
  CredentialsSource | object | string | number | boolean | null;

/** Options of a `SocketClient`. */
export interface SocketClientOptions {
  /**
   * The credentials that the server's authentication handler gets: a value, or a function that returns or resolves to it. The function
   * is called once for each connection, and again when the authentication expires. When it fails with an error whose
   * `statusCode` is a 4xx status, the client is `unauthorized`; after any other failure the client tries again later.
   *
   * @default undefined
   */
  credentials?: ClientCredentials;
  /**
   * ms that a call may take, waiting included, when it has no `timeout` of its own.
   *
   * @default 30000
   */
  timeout?: number;
  /**
   * Options of socket.io-client, such as `path`, `transports` and `reconnectionDelay`. With `auth`, which a server
   * configured with `credentials: 'handshake'` needs, `credentials` are sent only to renew the authentication.
   */
  io?: Omit<
    Partial<ManagerOptions & SocketOptions>,
    | 'ackTimeout'
    | 'autoConnect'
    | 'randomizationFactor'
    | 'reconnection'
    | 'reconnectionAttempts'
    | 'retries'
  >;
}

/**
 * The values that a call can upload. A `Blob`, bytes and a `ReadableStream` are sent in parts of at most 32 KiB; the values of an
 * iterable, such as a Node stream, are sent as they are.
 */
export type UploadSource =
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | ReadableStream
  | Iterable<unknown>
  | AsyncIterable<unknown>;

/** Options of one call. */
export interface CallOptions {
  /**
   * ms that the call may take, waiting included. The server ends the call then too, unless it has an `id`. Keep the
   * timeout of a call with an `id` below the server's `retryWindow`. Of a stream it is the time until it is open.
   *
   * @default the client's `timeout`; of an upload, that many ms without progress
   */
  timeout?: number;
  /** Cancels the call or the stream, on the server too. */
  signal?: AbortSignal;
  /**
   * Runs the call once, also when its connection is lost and the client sends it again. A stream and an upload go on
   * over the next connection. `true` makes an id; a string is an id of your own, for example one that outlives a reload of the page. The user needs an id on the server, such as
   * `securityId`: the call of a user without one runs again on a new connection.
   */
  id?: string | true;
  /** Starts a stream after the item with that id, which the method must support: it injects `SocketBindings.AFTER`. */
  after?: string;
  /** Sends this to the method, which reads it as `SocketBindings.UPLOAD`. */
  upload?: UploadSource;
  /**
   * Called when the method has taken more of the upload: with the number of bytes, or of the values of an iterable, and
   * with the number of all where it is known.
   */
  onProgress?: (sent: number, total: number | undefined) => void;
}
