import type {SocketServer} from 'loopback4-socket';
import type {Socket} from 'socket.io';
import {webSocketOf} from '../../dist/engine/engine-internals';
import {bufferedBytes} from './stream-remains';

/** The values at the end of each turn of the event loop. */
export interface Watched {
  readonly turns: number;
  /** Most bytes that waited: in Engine.IO, in the TCP socket of Node, and in streams. */
  readonly waiting: number;
  readonly engine: number;
  readonly tcp: number;
  readonly streams: number;
  /** The longest turn, in ms: by the clock, and as CPU of the process. */
  readonly turn: number;
  readonly cpu: number;
}

const NOTHING: Watched = {
  turns: 0,
  waiting: 0,
  engine: 0,
  tcp: 0,
  streams: 0,
  turn: 0,
  cpu: 0,
};

/** Looks at what waits for one client, in each turn of the event loop. */
export class Watch {
  private seen = {...NOTHING};
  private running = false;
  private began = 0;
  private cpu = process.cpuUsage();

  /** @param socket - Gives the socket to look at. */
  constructor(
    private readonly server: SocketServer,
    private readonly socket: () => Socket | undefined,
  ) {}

  start(): Watched {
    this.seen = {...NOTHING};
    this.running = true;
    this.begin();
    setImmediate(this.look);
    return this.seen;
  }

  stop(): Watched {
    this.running = false;
    return this.seen;
  }

  private begin(): void {
    this.began = performance.now();
    this.cpu = process.cpuUsage();
  }

  private readonly look = (): void => {
    if (!this.running) return;
    const {seen} = this;
    const turn = performance.now() - this.began;
    const {user, system} = process.cpuUsage(this.cpu);
    const connection = this.socket()?.conn;
    const engine = connection ? queuedBytes(connection) : 0;
    const tcp = (connection && webSocketOf(connection)?.bufferedAmount) ?? 0;
    const streams = bufferedBytes(this.server);
    this.seen = {
      turns: seen.turns + 1,
      waiting: Math.max(seen.waiting, engine + tcp + streams),
      engine: Math.max(seen.engine, engine),
      tcp: Math.max(seen.tcp, tcp),
      streams: Math.max(seen.streams, streams),
      turn: Math.max(seen.turn, turn),
      cpu: Math.max(seen.cpu, (user + system) / 1000),
    };
    this.begin();
    setImmediate(this.look);
  };
}

function queuedBytes(connection: Socket['conn']): number {
  const {writeBuffer} = connection as unknown as {writeBuffer: {data?: string}[]};
  return writeBuffer.reduce((sum, {data}) => sum + (data?.length ?? 0), 0);
}
