import {once} from 'node:events';
import {request} from 'node:http';
import type {ClientRequest, IncomingMessage, Agent} from 'node:http';
import {connect} from 'node:net';
import type {Socket} from 'node:net';

/** Separates packets in a payload of Engine.IO 4. */
const SEPARATOR = '\x1e';

export const TEXT = 1;
export const BINARY = 2;
const CLOSE = 8;
const PING = 9;

/**
 * A light client that costs little to make by the thousand, and sends whatever it is told to. Frames
 * are written as on the wire: `40` joins `/`. It answers Engine.IO's pings by itself.
 */
export abstract class Wire {
  /** Settles when the transport is closed, by whichever side. */
  readonly closed: Promise<void>;
  isClosed = false;
  /** Told of each frame. */
  onFrame: (frame: string) => void = () => undefined;
  /** False when only `onFrame` needs the frames. */
  keepsFrames = true;
  private readonly frames: string[] = [];
  private wake: (() => void)[] = [];
  private end!: () => void;

  protected constructor() {
    this.closed = new Promise(resolve => (this.end = resolve));
  }

  static open(
    transport: 'websocket' | 'polling',
    port: number,
    agent: Agent,
  ): Promise<Wire> {
    return transport === 'websocket'
      ? WebSocketWire.connect(port)
      : PollingWire.connect(port, agent);
  }

  /** Sends frames, in one request where the transport has requests. */
  abstract send(...frames: (string | Buffer)[]): Promise<void>;

  /** Reads nothing of what the server sends meanwhile, and sends that many PINGs where there are any. */
  abstract neglect(pings: number, meanwhile: () => Promise<void>): Promise<void>;

  /** Says goodbye. */
  abstract close(): void;

  /** Goes without a word. */
  abstract cut(): void;

  /** The next frame that is accepted; `undefined` when the transport closes before. */
  async until(accept: (frame: string) => boolean): Promise<string | undefined> {
    for (;;) {
      for (;;) {
        const frame = this.frames.shift();
        if (frame === undefined) break;
        if (accept(frame)) return frame;
      }
      if (this.isClosed) return undefined;
      await new Promise<void>(resolve => this.wake.push(resolve));
    }
  }

  protected take(frame: string): void {
    if (frame === '2') void this.send('3');
    this.onFrame(frame);
    if (this.keepsFrames) this.frames.push(frame);
    this.notify();
  }

  protected done(): void {
    this.isClosed = true;
    this.notify();
    this.end();
  }

  private notify(): void {
    for (const wake of this.wake.splice(0)) wake();
  }
}

class WebSocketWire extends Wire {
  private buffer: Buffer = Buffer.alloc(0);

  private constructor(private readonly socket: Socket) {
    super();
    socket.on('error', () => undefined);
    socket.once('close', () => this.done());
    socket.once('end', () => socket.destroy());
  }

  static async connect(port: number): Promise<Wire> {
    const socket = connect({host: '127.0.0.1', port, noDelay: true});
    const wire = new WebSocketWire(socket);
    socket.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n' +
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    let head = Buffer.alloc(0);
    socket.on('data', data => {
      if (wire.upgraded) {
        wire.read(data);
        return;
      }
      head = Buffer.concat([head, data]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      wire.upgraded = true;
      wire.read(head.subarray(end + 4));
    });
    await wire.until(frame => frame.startsWith('0'));
    return wire;
  }

  private upgraded = false;

  send(...frames: (string | Buffer)[]): Promise<void> {
    if (this.socket.writable) {
      this.socket.write(
        Buffer.concat(
          frames.map(frame =>
            typeof frame === 'string'
              ? encode(TEXT, Buffer.from(frame))
              : encode(BINARY, frame),
          ),
        ),
      );
    }
    return Promise.resolve();
  }

  async neglect(pings: number, meanwhile: () => Promise<void>): Promise<void> {
    this.socket.pause();
    const data = Buffer.alloc(pings % 126);
    for (let sent = 0; sent < pings && this.socket.writable; sent++) {
      this.socket.write(encode(PING, data));
    }
    await meanwhile();
    this.socket.resume();
  }

  close(): void {
    if (this.socket.writable) this.socket.end(encode(CLOSE, Buffer.alloc(0)));
  }

  cut(): void {
    // Node keeps the handle of a socket for ever that is reset while it ends.
    if (this.socket.writableEnded) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  private read(data: Buffer): void {
    this.buffer = this.buffer.length > 0 ? Buffer.concat([this.buffer, data]) : data;
    for (;;) {
      const {buffer} = this;
      if (buffer.length < 2) return;
      const short = buffer[1] & 0x7f;
      const head = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (buffer.length < head) return;
      const length =
        short === 126
          ? buffer.readUInt16BE(2)
          : short === 127
            ? Number(buffer.readBigUInt64BE(2))
            : short;
      if (buffer.length < head + length) return;
      const opcode = buffer[0] & 0xf;
      this.buffer = buffer.subarray(head + length);
      if (opcode === TEXT) this.take(buffer.toString('utf8', head, head + length));
      else if (opcode === CLOSE) this.socket.end(encode(CLOSE, Buffer.alloc(0)));
    }
  }
}

/** A masked websocket frame; the mask changes nothing. */
export function encode(opcode: number, body: Buffer): Buffer {
  const {length} = body;
  const head =
    length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | length])
      : length < 0x10000
        ? Buffer.from([0x80 | opcode, 0x80 | 126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | 127]), longLength(length)]);
  return Buffer.concat([head, Buffer.alloc(4), body]);
}

function longLength(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

class PollingWire extends Wire {
  private polling?: ClientRequest;
  private sid = '';

  private constructor(
    private readonly port: number,
    private readonly agent: Agent,
  ) {
    super();
  }

  static async connect(port: number, agent: Agent): Promise<Wire> {
    const wire = new PollingWire(port, agent);
    const [, body] = await wire.ask('GET');
    const [open] = body.split(SEPARATOR);
    if (!open.startsWith('0')) {
      wire.done();
      return wire;
    }
    wire.sid = (JSON.parse(open.slice(1)) as {sid: string}).sid;
    void wire.poll();
    return wire;
  }

  async send(...frames: (string | Buffer)[]): Promise<void> {
    if (this.isClosed) return;
    const body = frames.map(frame =>
      typeof frame === 'string' ? frame : `b${frame.toString('base64')}`,
    );
    await this.ask('POST', body.join(SEPARATOR));
  }

  /** The response to a poll, on a TCP connection of its own. */
  async neglect(_pings: number, meanwhile: () => Promise<void>): Promise<void> {
    const socket = connect({host: '127.0.0.1', port: this.port});
    socket.on('error', () => undefined);
    socket.pause();
    const path = `/socket.io/?EIO=4&transport=polling&sid=${this.sid}`;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await meanwhile();
    // Without reading what has come.
    void this.closed.then(() => socket.resetAndDestroy());
  }

  close(): void {
    void this.send('1');
  }

  cut(): void {
    this.polling?.destroy();
    this.done();
  }

  private async poll(): Promise<void> {
    while (!this.isClosed) {
      const [status, body] = await this.ask('GET');
      for (const frame of status === 200 ? body.split(SEPARATOR) : ['1']) {
        if (frame === '1') this.done();
        else this.take(frame);
      }
    }
  }

  /** Sends a request; `[0, '']` when the connection breaks. */
  private async ask(method: string, body?: string): Promise<[number, string]> {
    const sid = this.sid && `&sid=${this.sid}`;
    const sent = request({
      host: '127.0.0.1',
      port: this.port,
      agent: this.agent,
      method,
      path: `/socket.io/?EIO=4&transport=polling${sid}`,
      ...(body !== undefined && {headers: {'content-length': Buffer.byteLength(body)}}),
    });
    if (method === 'GET') this.polling = sent;
    sent.end(body);
    try {
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return [response.statusCode ?? 0, Buffer.concat(chunks).toString()];
    } catch {
      return [0, ''];
    }
  }
}
