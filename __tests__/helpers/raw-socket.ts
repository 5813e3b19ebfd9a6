import {connect} from 'node:net';
import type {Socket} from 'node:net';
import {awaited, once} from './awaited';

const TEXT_FRAME = 0x81;
const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';

/**
 * A TCP connection by hand, to stop half way or to stay silent where a client would answer. It never
 * closes by itself: neither a close frame nor the end of the other side is answered. Closed by
 * `await using`.
 */
export class RawSocket implements AsyncDisposable {
  /** Settles when the other side has ended or cut the connection. */
  readonly ended: Promise<unknown>;
  private buffer = Buffer.alloc(0);
  private wake?: () => void;

  private constructor(private readonly socket: Socket) {
    this.ended = new Promise(resolve =>
      socket.once('end', resolve).once('close', resolve),
    );
    socket.on('error', () => undefined);
    socket.on('data', data => {
      this.buffer = Buffer.concat([this.buffer, data]);
      this.wake?.();
    });
  }

  static async connect(url: string | undefined): Promise<RawSocket> {
    if (url === undefined) throw new Error('The server has no url.');
    const {hostname, port} = new URL(url);
    const socket = connect({host: hostname, port: Number(port), allowHalfOpen: true});
    await once(socket, 'connect');
    return new RawSocket(socket);
  }

  /** Asks for a websocket and reads the answer's head. */
  static async upgrade(url: string | undefined, path = WEBSOCKET): Promise<RawSocket> {
    const raw = await RawSocket.connect(url);
    raw.write(upgradeRequest(path));
    await raw.head();
    return raw;
  }

  /** A websocket that has joined `/` and is authenticated. */
  static async authenticated(url: string | undefined): Promise<RawSocket> {
    const raw = await RawSocket.upgrade(url);
    await raw.next('0');
    raw.send('40');
    await raw.next('40');
    raw.send('42["authentication",{"token":"ok"}]');
    await raw.next('42["authenticated"');
    return raw;
  }

  write(text: string): void {
    this.socket.write(text);
  }

  /** Reads nothing any more. */
  stopReading(): void {
    this.socket.pause();
  }

  /** Cuts the connection, so that the other side sees an error and no end. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Head of the next HTTP answer. */
  async head(): Promise<string> {
    const end = () => this.buffer.indexOf('\r\n\r\n');
    await this.until(() => end() >= 0);
    return this.take(end() + 4).toString();
  }

  /** Sends a text frame. */
  send(text: string): void {
    const body = Buffer.from(text);
    const mask = Buffer.alloc(4);
    const head = Buffer.from([TEXT_FRAME, 0x80 | body.length]);
    this.socket.write(Buffer.concat([head, mask, body]));
  }

  /** The next text frame that starts so; others are passed over. */
  async next(start: string): Promise<string> {
    for (;;) {
      await this.until(() => this.buffer.length >= 4);
      const short = this.buffer[1] & 0x7f;
      const length = short === 126 ? this.buffer.readUInt16BE(2) : short;
      const head = short === 126 ? 4 : 2;
      await this.until(() => this.buffer.length >= head + length);
      const frame = this.take(head + length);
      const text = frame.subarray(head).toString();
      if (frame[0] === TEXT_FRAME && text.startsWith(start)) return text;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.ended;
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const more = new Promise<void>(resolve => (this.wake = resolve));
      await awaited(more, 'more bytes');
    }
  }

  private take(length: number): Buffer {
    const taken = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return taken;
  }
}

export function upgradeRequest(path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '',
    '',
  ].join('\r\n');
}
