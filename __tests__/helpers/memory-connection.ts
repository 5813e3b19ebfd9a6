import {Socket as EngineSocket, Transport} from 'engine.io';
import type {IncomingMessage} from 'node:http';
import {PassThrough} from 'node:stream';
import type {Server} from 'socket.io';

type Packet = Parameters<Transport['send']>[0][number];

/** A websocket without a network: what the server writes is taken at once, or when `drain` is called. */
class MemoryTransport extends Transport {
  constructor(private readonly slow: boolean) {
    super({_query: {}});
    this.writable = true;
  }

  get name(): string {
    return 'websocket';
  }

  send(_packets: Packet[]): void {
    this.writable = false;
    if (!this.slow) process.nextTick(() => this.drain());
  }

  doClose(fn?: () => void): void {
    fn?.();
  }

  drain(): void {
    if (this.writable) return;
    this.emit('drain');
    this.writable = true;
    this.emit('ready');
  }

  receive(data: string): void {
    this.onPacket({type: 'message', data});
  }

  cut(): void {
    this.onClose();
  }
}

let made = 0;

/**
 * A client of a socket.io server in the same process: a real Engine.IO socket over a transport that
 * is no network, so that each frame comes exactly when a test says so.
 */
export class MemoryConnection {
  readonly engine: EngineSocket;
  private readonly transport: MemoryTransport;

  /**
   * @param written - Told of each frame when the server writes it.
   * @param slow - Whether the server's writes wait until `drain` is called.
   */
  constructor(io: Server, written: (frame: string) => void, slow = false) {
    this.transport = new MemoryTransport(slow);
    const request = {
      headers: {},
      url: '/socket.io/',
      connection: {},
      socket: new PassThrough(),
      _query: {},
    };
    const id = `memory-${made++}`;
    const server = io.engine as ConstructorParameters<typeof EngineSocket>[1];
    this.engine = new EngineSocket(
      id,
      server,
      this.transport,
      request as unknown as ConstructorParameters<typeof EngineSocket>[3] &
        IncomingMessage,
      4,
    );
    this.engine.on('packetCreate', ({type, data}: {type: string; data: string}) => {
      if (type === 'message') written(data);
    });
    // As Engine.IO's server does after a handshake.
    const {clients} = server as unknown as {clients: Record<string, EngineSocket>};
    clients[id] = this.engine;
    server.clientsCount++;
    this.engine.once('close', () => {
      Reflect.deleteProperty(clients, id);
      server.clientsCount--;
    });
    server.emit('connection', this.engine);
  }

  get open(): boolean {
    return this.engine.readyState === 'open';
  }

  /** Sends a socket.io frame, such as `0` to join `/`. */
  send(frame: string): void {
    this.transport.receive(frame);
  }

  /** Takes what the server has written. */
  drain(): void {
    this.transport.drain();
  }

  /** Goes without a word. */
  cut(): void {
    this.transport.cut();
  }
}
