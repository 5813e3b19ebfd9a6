import {once} from 'node:events';
import {createServer, IncomingMessage, ServerResponse} from 'node:http';
import {Socket as TcpSocket} from 'node:net';
import {Duplex} from 'node:stream';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {Server} from 'socket.io';
import type {Socket} from 'socket.io';
import {closingOf, receiverOf, requestLimitOf, webSocketOf} from './engine-internals';
import {PongingServer} from './pongs';
import {attempt, check, expectCalls, refuse} from './private-parts';
import type {Owner} from './private-parts';

type Engine = Server['engine'];
type Connection = Socket['conn'];

/** A text message of five characters and a PING, as a client sends them. */
const TEXT = Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from('4text')]);
const PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'c2FtcGxlIHNhbXBsZSBzYQ==',
  'sec-websocket-version': '13',
};

/** @throws Error when the installed Engine.IO or ws lacks a private part, or does not call it. */
export async function tryEngine(): Promise<void> {
  const engine = await attempt('engine.io/Server', makeEngine);
  const isVerified = expectCalls('engine.io/Server', engine);
  const poll = () => void sendRequest(engine, 'GET');
  await tryConnection(engine, 'engine.io/Polling', poll, connection => {
    isVerified();
    return tryPolling(connection, engine);
  });
  await tryConnection(engine, 'engine.io/Polling', poll, connection =>
    tryRequestLimit(connection, engine),
  );
  const stream = new Duplex({read: () => {}, write: (_chunk, _encoding, done) => done()});
  const upgrade = () => {
    const request = makeRequest('GET', 'transport=websocket', UPGRADE);
    engine.handleUpgrade(request, stream, Buffer.alloc(0));
  };
  await tryConnection(engine, 'engine.io/WebSocket', upgrade, connection =>
    tryWebSocket(connection, stream),
  );
  if (Object.keys(engine['clients']).length > 0) refuse('engine.io/Server', 'clients');
}

/** Makes an Engine.IO server that does not listen, and that no socket.io server uses. */
function makeEngine(): Engine {
  const io = new Server({serveClient: false, wsEngine: PongingServer});
  io.attach(createServer());
  io.engine.removeAllListeners('connection');
  return io.engine;
}

function makeRequest(method: string, query: string, headers = {}): IncomingMessage {
  const request = new IncomingMessage(new TcpSocket());
  const url = `/socket.io/?EIO=4&${query}`;
  return Object.assign(request, {method, url, headers: {host: 'sample', ...headers}});
}

/** Passes a polling request to an Engine.IO server. */
async function sendRequest(
  engine: Engine,
  method: string,
  query = '',
  body = '',
): Promise<void> {
  const request = makeRequest(method, `transport=polling&${query}`);
  engine.handleRequest(request, new ServerResponse(request));
  request.push(body);
  request.push(null);
  await nextTurns();
}

/** Input is read in later turns of the event loop. */
async function nextTurns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
}

/** Makes a connection, tries it, and closes it with its timers. */
async function tryConnection(
  engine: Engine,
  owner: Owner,
  connect: () => void,
  run: (connection: Connection) => Promise<void>,
): Promise<void> {
  const [connection] = await attempt(owner, signal => {
    const connected = once(engine, 'connection', {signal}) as Promise<[Connection]>;
    connect();
    return connected;
  });
  try {
    await run(connection);
  } finally {
    connection.close(true);
    closingOf(connection.transport)?.();
    webSocketOf(connection)?.terminate();
  }
}

/** The payloads of requests must pass the functions that this package replaces. */
async function tryPolling(connection: Connection, engine: Engine): Promise<void> {
  const {request, transport} = connection;
  check('engine.io/IncomingMessage', request);
  const [sid] = Object.keys(engine['clients']);
  if (!sid) refuse('engine.io/Server', 'clients');
  const isSent = expectCalls('engine.io/Socket', connection);
  const isCarried = expectCalls('engine.io/Polling', transport);
  await sendRequest(engine, 'POST', `sid=${sid}`, '4text');
  await sendRequest(engine, 'GET', `sid=${sid}`);
  check('engine.io/Polling that has a request', transport);
  connection.write('text');
  isSent();
  isCarried();
  // Its client has no open request that could be answered.
  connection.close();
  check('engine.io/Polling that is closing', transport);
}

/** A request over the limit must close its connection. */
async function tryRequestLimit(connection: Connection, engine: Engine): Promise<void> {
  const limit = requestLimitOf(connection);
  check('engine.io/Polling or its options', limit);
  limit.maxHttpBufferSize = 1;
  const [sid] = Object.keys(engine['clients']);
  await sendRequest(engine, 'POST', `sid=${sid}`, '4text');
  if (connection.readyState === 'open') refuse('engine.io/Polling', 'maxHttpBufferSize');
}

/** A PING must be answered by `pong`, and a message over the limit must close its connection. */
async function tryWebSocket(connection: Connection, stream: Duplex): Promise<void> {
  check('engine.io/WebSocket', connection.transport);
  check('engine.io/IncomingMessage of a websocket', connection.request);
  const client = webSocketOf(connection) ?? refuse('engine.io/WebSocket', 'socket');
  const isAnswered = expectCalls('ws/WebSocket', client);
  const receiver = receiverOf(connection) ?? refuse('ws/WebSocket', '_receiver');
  check('ws/Receiver', receiver);
  receiver._maxPayload = 1;
  stream.push(Buffer.concat([PING, TEXT]));
  await nextTurns();
  isAnswered();
  if (connection.readyState === 'open') refuse('ws/Receiver', '_maxPayload');
}
