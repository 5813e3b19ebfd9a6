import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import type {Socket as IoSocket} from 'socket.io';
import {WebSocket, WebSocketServer} from 'ws';
import type {ServerOptions} from 'ws';
import {PongingWebSocket} from './pongs';
import {webSocketOf} from './engine-internals';
import {textFrame} from './text-frame';

const RESOLVED = Promise.resolve();

type Callback = (error?: Error) => void;
type SendOptions = Exclude<Parameters<WebSocket['send']>[1], Callback | undefined>;

const NO_OPTIONS: SendOptions = {};

/**
 * Writes the messages of one tick in one system call. `ws` makes one for each message, which is half of the
 * cost of a small answer. A tick ends before Node's next event, after all promises that can settle.
 */
class CoalescingWebSocket extends PongingWebSocket {
  /** The TCP connection, from the handshake on. */
  stream?: Duplex;
  private held = false;
  /** Called at the end of the tick, to report the messages as sent. */
  private callbacks: Callback[] | undefined;

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
    // Engine.IO waits for one message before it sends more.
    if (done && this.callbacks) this.callbacks.push(done);
    else if (done) this.callbacks = [done];
    const isPlainText = typeof data === 'string' && how === NO_OPTIONS;
    const frame = isPlainText ? textFrame(data) : undefined;
    if (frame === undefined) super.send(data, how);
    else this.stream?.write(frame, 'latin1');
  }

  override terminate(): void {
    this.release();
    super.terminate();
  }

  /**
   * Corks the TCP connection until the end of the tick, and returns true. Returns false for compressed
   * messages, which are written later, and for a client that reads too slowly, where each message waits for
   * its turn.
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
      // One microtask for each connection, so that listeners run in the asynchronous context of their
      // connection.
      atEndOfTick(() => this.release());
    }
    return true;
  }

  /** Writes at once what is held back. */
  release(): void {
    if (!this.held) return;
    // Engine.IO sends its buffered messages when it is called back.
    while (this.callbacks) {
      const {callbacks} = this;
      this.callbacks = undefined;
      for (const callback of callbacks) {
        try {
          callback();
        } catch (error) {
          // A listener of the application has thrown: that stays fatal, but must not stop other messages.
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

/** A microtask that the Node queue's own tick adds runs after all other microtasks. */
function atEndOfTick(run: () => void): void {
  void RESOLVED.then(() => process.nextTick(run));
}

/**
 * The class for socket.io's option `wsEngine`: writes the messages of one tick together.
 *
 * @param closed - Listens to `close` of each TCP connection. The websocket calls it instead: with a third
 * listener Node's list of two would grow to nineteen entries.
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
      // The answer to the handshake leaves with the first message, which Engine.IO sends in the same tick.
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

/** Corks what Engine.IO sends at once: broadcasts reach `ws` by another method. */
export function coalesceFlush(connection: IoSocket['conn'], packets: unknown[]): void {
  const client = packets.length > 1 ? webSocketOf(connection) : undefined;
  if (client instanceof CoalescingWebSocket) client.hold();
}
