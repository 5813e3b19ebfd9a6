import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import type {Socket as IoSocket} from 'socket.io';
import {WebSocket, WebSocketServer} from 'ws';
import type {ServerOptions} from 'ws';
import {PongingWebSocket} from './pongs';
import {webSocketOf} from './engine-internals';

const RESOLVED = Promise.resolve();

type Callback = (error?: Error) => void;
type SendOptions = Exclude<Parameters<WebSocket['send']>[1], Callback | undefined>;

const NO_OPTIONS: SendOptions = {};

/**
 * Holds back what is sent in one tick, so that it leaves in one system call. By itself `ws` makes one
 * for each message, which is half of what a small answer costs. A tick is what runs before the next
 * event of Node's, promises included.
 */
class CoalescingWebSocket extends PongingWebSocket {
  /** The TCP connection, from the handshake on. */
  stream?: Duplex;
  private held = false;
  /** Told at the end of the tick that their messages are sent. */
  private callbacks: Callback[] | undefined;

  override send(data: Parameters<WebSocket['send']>[0], callback?: Callback): void;
  override send(
    data: Parameters<WebSocket['send']>[0],
    options: SendOptions,
    callback?: Callback,
  ): void;
  override send(
    data: Parameters<WebSocket['send']>[0],
    options?: SendOptions | Callback,
    callback?: Callback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    const how = typeof options === 'object' ? options : NO_OPTIONS;
    if (!this.hold()) {
      super.send(data, how, done);
      return;
    }
    // Engine.IO waits for one before it sends more.
    if (done && this.callbacks) this.callbacks.push(done);
    else if (done) this.callbacks = [done];
    super.send(data, how);
  }

  override terminate(): void {
    this.release();
    super.terminate();
  }

  /**
   * Holds back what is written until the end of the tick; says whether it does. Not what is compressed,
   * which is written later, and not to a client that reads slower than it is sent to: there each
   * message waits for its own turn.
   */
  hold(): boolean {
    const {stream} = this;
    const passing =
      !stream ||
      stream.writableNeedDrain ||
      this.readyState !== WebSocket.OPEN ||
      this.extensions !== '';
    if (passing) return false;
    if (!this.held) {
      this.held = true;
      stream.cork();
      // Each on its own: what listens is told in the asynchronous context of its own connection.
      atEndOfTick(() => this.release());
    }
    return true;
  }

  /** Lets go at once of what is held back. */
  release(): void {
    if (!this.held) return;
    // Engine.IO sends what it has kept meanwhile when it is called back.
    while (this.callbacks) {
      const {callbacks} = this;
      this.callbacks = undefined;
      for (const callback of callbacks) {
        try {
          callback();
        } catch (error) {
          // Of a listener of the application's: as fatal as it is elsewhere, but not to other messages.
          process.nextTick(rethrow, error);
        }
      }
    }
    this.held = false;
    this.stream?.uncork();
  }
}

function rethrow(error: unknown): never {
  throw error;
}

/** What a microtask adds to Node's queue comes after all other microtasks. */
function atEndOfTick(run: () => void): void {
  void RESOLVED.then(() => process.nextTick(run));
}

/**
 * For socket.io's option `wsEngine`: writes what is sent to a client in one tick at once.
 *
 * @param closed - Listens to `close` of each TCP connection. A websocket tells it in its place: a third
 * listener would make Node's list of two grow to nineteen places.
 */
export function coalescingServer(
  closed: (this: Duplex) => void,
): new (options: ServerOptions) => WebSocketServer {
  function onClose(this: WebSocket): void {
    if (this instanceof CoalescingWebSocket && this.stream) closed.call(this.stream);
  }
  return class extends WebSocketServer {
    constructor(options: ServerOptions) {
      super({...options, WebSocket: CoalescingWebSocket});
    }

    override handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      callback: (client: WebSocket, request: IncomingMessage) => void,
    ): void {
      // The answer leaves with the first message, which Engine.IO sends in the same tick.
      socket.cork();
      atEndOfTick(() => socket.uncork());
      socket.off('close', closed);
      let opened = false as boolean;
      super.handleUpgrade(request, socket, head, client => {
        opened = true;
        client.on('close', onClose);
        if (client instanceof CoalescingWebSocket) client.stream = socket;
        callback(client, request);
      });
      if (!opened) socket.on('close', closed);
    }
  };
}

/** Writes at once what Engine.IO sends at once: broadcasts take a way of their own through `ws`. */
export function coalesceFlush(connection: IoSocket['conn'], packets: unknown[]): void {
  const client = packets.length > 1 ? webSocketOf(connection) : undefined;
  if (client instanceof CoalescingWebSocket) client.hold();
}
