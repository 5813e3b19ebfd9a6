import {setImmediate as nextTurn} from 'node:timers/promises';
import type {Server} from 'socket.io';
import {refuseVersion} from '../common/private-parts';
import {receiverOf, requestLimitOf, webSocketOf} from './engine-internals';
import {attempt, check, expectCalls, PRIVATE_PARTS} from './private-parts';
import {
  closeSample,
  sampleEngine,
  samplePolling,
  sampleWebSocket,
  sendRequest,
} from './samples';

type Engine = Server['engine'];

/** A text message of five characters and a PING, as a client sends them. */
const TEXT = Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from('4text')]);
const PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);

/** @throws Error when the installed Engine.IO or ws lacks a private part, or does not call it. */
export async function tryEngine(): Promise<void> {
  const engine = await attempt('engine.io', 'Server', sampleEngine);
  check('engine.io', 'Server', engine);
  await checkPolling(engine);
  await checkLimitOfRequests(engine);
  await checkWebSocket(engine);
  if (Object.keys(engine['clients']).length > 0)
    refuseVersion('engine.io', 'Server.clients');
}

/** Requests must be verified, and their payloads must pass the functions that this package replaces. */
async function checkPolling(engine: Engine): Promise<void> {
  const isVerified = expectCalls('engine.io', 'Server', engine, ['verify']);
  const connection = await attempt('engine.io', 'Polling', () => samplePolling(engine));
  try {
    isVerified();
    const {request, transport} = connection;
    check('engine.io', 'IncomingMessage', request);
    check('engine.io', 'Socket', connection);
    check('engine.io', 'Polling', transport);
    const [sid] = Object.keys(engine['clients']);
    if (!sid) refuseVersion('engine.io', 'Server.clients');
    const methods = Object.keys(PRIVATE_PARTS['engine.io'].Polling);
    const isCarried = expectCalls('engine.io', 'Polling', transport, methods);
    const isSent = expectCalls('engine.io', 'Socket', connection, ['sendPacket']);
    await sendRequest(engine, 'POST', `sid=${sid}`, '4text');
    await sendRequest(engine, 'GET', `sid=${sid}`);
    check('engine.io', 'Polling that has a request', transport);
    connection.write('text');
    isSent();
    isCarried();
    // Its client has no open request that could be answered.
    connection.close();
    check('engine.io', 'Polling that is closing', transport);
  } finally {
    closeSample(connection);
  }
}

/** A request over the limit must close its connection. */
async function checkLimitOfRequests(engine: Engine): Promise<void> {
  const connection = await attempt('engine.io', 'Polling', () => samplePolling(engine));
  try {
    const limit = requestLimitOf(connection);
    check('engine.io', 'Polling or its options', limit);
    limit.maxHttpBufferSize = 1;
    const [sid] = Object.keys(engine['clients']);
    await sendRequest(engine, 'POST', `sid=${sid}`, '4text');
    if (connection.readyState === 'open')
      refuseVersion('engine.io', 'Polling.maxHttpBufferSize');
  } finally {
    closeSample(connection);
  }
}

/** A PING must be answered by `pong`, and a message over the limit must close its connection. */
async function checkWebSocket(engine: Engine): Promise<void> {
  const [connection, stream] = await attempt('engine.io', 'WebSocket', () =>
    sampleWebSocket(engine),
  );
  try {
    check('engine.io', 'WebSocket', connection.transport);
    check('engine.io', 'IncomingMessage of a websocket', connection.request);
    const client =
      webSocketOf(connection) ?? refuseVersion('engine.io', 'WebSocket.socket');
    check('ws', 'WebSocket', client);
    const receiver = receiverOf(connection) ?? refuseVersion('ws', 'WebSocket._receiver');
    check('ws', 'Receiver', receiver);
    const isAnswered = expectCalls('ws', 'WebSocket', client, ['pong']);
    receiver._maxPayload = 1;
    stream.push(Buffer.concat([PING, TEXT]));
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    isAnswered();
    if (connection.readyState === 'open') refuseVersion('ws', 'Receiver._maxPayload');
  } finally {
    closeSample(connection);
  }
}
