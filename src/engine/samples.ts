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

/** How long, in ms, each sample may take; without I/O it takes a few turns. */
const PATIENCE = 2000;

/** Says what is expected of a sample that has not come in time. */
export type Missing = (part: string, cause?: unknown) => never;

/** Has just enough of a connection for socket.io to make a client and a socket for it. */
class SampleConnection extends EventEmitter {
  // Its clients join `/` without being asked.
  readonly protocol = 3;
  readonly id = 'sample';
  readonly readyState = 'open';
  readonly transport = {name: 'polling'};
  readonly request = {headers: {}, connection: {}, url: '/', _query: {}};

  write(): void {
    // Nobody reads it.
  }

  close(): void {
    // There is nothing to close.
  }
}

/** Makes a socket of a socket.io server, on a connection that only emits `data`. */
export async function sampleSocket(
  io: Server,
): Promise<[socket: Socket, connection: EventEmitter]> {
  const connection = new SampleConnection();
  const engine = new EventEmitter();
  const signal = AbortSignal.timeout(PATIENCE);
  io.bind(engine as Parameters<Server['bind']>[0]);
  const connected = once(io.of('/'), 'connection', {signal}) as Promise<[Socket]>;
  engine.emit('connection', connection);
  const [socket] = await connected;
  return [socket, connection];
}

/** Is an Engine.IO server that listens nowhere, and that no socket.io server uses. */
export function sampleEngine(): Server['engine'] {
  const io = new Server({serveClient: false, wsEngine: PongingServer});
  io.attach(createServer());
  io.engine.removeAllListeners('connection');
  return io.engine;
}

/** Stands for the TCP connection of a websocket. */
class SampleStream extends Duplex {
  override _read(): void {
    // What it reads is pushed.
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

/** Hands a request of the polling transport to an Engine.IO server. */
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
  // Bodies are read in turns of their own.
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  return request;
}

export async function samplePolling(engine: Server['engine']): Promise<Connection> {
  return sampleConnection(engine, () => void sendRequest(engine, 'GET', ''));
}

/** Makes a connection of the websocket transport; what its client sends is pushed to the stream. */
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
  const signal = AbortSignal.timeout(PATIENCE);
  const connected = once(engine, 'connection', {signal}) as Promise<[Connection]>;
  connect();
  const [connection] = await connected;
  return connection;
}

/** Closes a sample, so that none of its timers is left. */
export function closeSample(connection: Connection): void {
  connection.close(true);
  closingOf(connection.transport)?.();
  webSocketOf(connection)?.terminate();
}
