import {EventEmitter, once} from 'node:events';
import {createServer, IncomingMessage, ServerResponse} from 'node:http';
import {Socket as TcpSocket} from 'node:net';
import {Duplex} from 'node:stream';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {Server} from 'socket.io';
import type {Socket} from 'socket.io';
import {PongingServer} from './pongs';
import {closingOf, webSocketOf} from './engine-internals';

type Connection = Socket['conn'];

/** Longest time, in ms, for each sample; without I/O it takes a few turns. */
const SAMPLE_TIMEOUT = 2000;

/** The parts of a connection that socket.io needs to make a client and a socket. */
class SampleConnection extends EventEmitter {
  // With protocol 3 a client joins `/` by itself.
  readonly protocol = 3;
  readonly id = 'sample';
  readonly readyState = 'open';
  readonly transport = {name: 'polling'};
  readonly request = {headers: {}, connection: {}, url: '/', _query: {}};

  write(): void {}

  close(): void {}
}

/** Makes a socket of a socket.io server on a connection that only emits `data`. */
export async function sampleSocket(
  io: Server,
): Promise<[socket: Socket, connection: EventEmitter]> {
  const connection = new SampleConnection();
  const engine = new EventEmitter();
  const signal = AbortSignal.timeout(SAMPLE_TIMEOUT);
  io.bind(engine as Parameters<Server['bind']>[0]);
  const connected = once(io.of('/'), 'connection', {signal}) as Promise<[Socket]>;
  engine.emit('connection', connection);
  const [socket] = await connected;
  return [socket, connection];
}

/** Makes an Engine.IO server that does not listen, and that no socket.io server uses. */
export function sampleEngine(): Server['engine'] {
  const io = new Server({serveClient: false, wsEngine: PongingServer});
  io.attach(createServer());
  io.engine.removeAllListeners('connection');
  return io.engine;
}

/** Replaces the TCP connection of a websocket. */
class SampleStream extends Duplex {
  override _read(): void {
    // The input is pushed.
  }

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

function sampleRequest(method: string, query: string): IncomingMessage {
  const request = new IncomingMessage(new TcpSocket());
  const url = `/socket.io/?EIO=4&${query}`;
  return Object.assign(request, {method, url, headers: {host: 'sample'}});
}

/** Passes a polling request to an Engine.IO server. */
export async function sendRequest(
  engine: Server['engine'],
  method: string,
  query: string,
  body = '',
): Promise<IncomingMessage> {
  const request = sampleRequest(method, `transport=polling&${query}`);
  engine.handleRequest(request, new ServerResponse(request));
  request.push(body);
  request.push(null);
  // The body is read in later turns.
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  return request;
}

export async function samplePolling(engine: Server['engine']): Promise<Connection> {
  return sampleConnection(engine, () => void sendRequest(engine, 'GET', ''));
}

export async function sampleWebSocket(
  engine: Server['engine'],
): Promise<[Connection, Duplex]> {
  const request = sampleRequest('GET', 'transport=websocket');
  Object.assign(request.headers, {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'c2FtcGxlIHNhbXBsZSBzYQ==',
    'sec-websocket-version': '13',
  });
  const stream = new SampleStream();
  const connection = await sampleConnection(engine, () =>
    engine.handleUpgrade(request, stream, Buffer.alloc(0)),
  );
  return [connection, stream];
}

async function sampleConnection(
  engine: Server['engine'],
  connect: () => void,
): Promise<Connection> {
  const signal = AbortSignal.timeout(SAMPLE_TIMEOUT);
  const connected = once(engine, 'connection', {signal}) as Promise<[Connection]>;
  connect();
  const [connection] = await connected;
  return connection;
}

/** Closes a sample, and ends its timers. */
export function closeSample(connection: Connection): void {
  connection.close(true);
  closingOf(connection.transport)?.();
  webSocketOf(connection)?.terminate();
}
