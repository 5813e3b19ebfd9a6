// Programs that run beside the installed packages: a server, and front ends that call it.

/** Sends its URL to the parent process, and stops when the parent disconnects. */
export const SERVER = `
const {Application} = require('@loopback/core');
const {SocketBindings, SocketComponent, SocketServer} = require('loopback4-socket');

const app = new Application();
app.component(SocketComponent);
app.configure(SocketBindings.COMPONENT).to({http: {port: 0, host: '127.0.0.1'}});
const server = SocketServer.get(app, 'chat');
server.auth((socket, credentials) => credentials?.token === 'ok');
server.defineMethod('twice', (socket, credentials, {value}) => {
  socket.emit('doubled', value);
  return value * 2;
});
server.defineMethod('fail', () => {
  throw Object.assign(new Error('Taken.'), {statusCode: 409, code: 'TAKEN'});
});
process.once('disconnect', () => app.stop());
app.start().then(() => process.send(server.url));
`;

/** Prints the AsyncAPI document of a server. */
export const DOCUMENT = `
const {Application} = require('@loopback/core');
const {getAsyncApiSpec, SocketComponent, socketEvent, socketMethod} = require('loopback4-socket');

class StockController {
  find() {}
  count() {}
  async *arrivals() {}
}
const item = {
  type: 'object',
  required: ['name'],
  properties: {name: {type: 'string'}, photo: {type: 'string', format: 'binary'}},
};
const search = {type: 'object', required: ['text'], properties: {text: {type: 'string'}}};
const all = {
  find: {args: search, result: {type: 'array', items: item}},
  count: {result: {type: 'integer'}},
  arrivals: {item},
};
for (const [name, options] of Object.entries(all)) {
  const descriptor = Object.getOwnPropertyDescriptor(StockController.prototype, name);
  socketMethod(options)(StockController.prototype, name, descriptor);
}
socketEvent('sold', {payload: item})(StockController);
socketEvent('confirm', {payload: {type: 'string'}, answer: {type: 'boolean'}})(StockController);

const app = new Application();
app.component(SocketComponent);
app.controller(StockController);
getAsyncApiSpec(app).then(spec => console.log(JSON.stringify(spec)));
`;

/** A front end that uses the types which the command has written of that document. */
export const TYPED_BY_DOCUMENT = `
import {SocketClient} from 'loopback4-socket-client';
import type {Agrees} from 'loopback4-socket-client';
import type {Api, Events} from './generated.js';

interface Item {
  name: string;
  photo?: ArrayBuffer | Uint8Array;
}
interface Written {
  find(args: {text: string}): Item[];
  count(): number;
  arrivals(): AsyncIterable<Item>;
}
interface Sent {
  sold(item: Item): void;
  confirm(question: string): boolean;
}
export const agree: [Agrees<Written, Api>, Agrees<Sent, Events>] = [true, true];

const client = new SocketClient<Api, Events>('/');
export const found: Promise<Item[]> = client.call.find({text: 'bolt'});
client.on('sold', ({name}) => name.trim());
// @ts-expect-error the args have no title
client.call.find({title: 'bolt'}).catch(() => undefined);
`;

const CALLS = `
const [, , url] = process.argv;

async function main() {
  const client = new SocketClient(url, {credentials: async () => ({token: 'ok'})});
  const event = new Promise(resolve => client.once('doubled', resolve));
  const result = await client.call.twice({value: 21}, {id: true, timeout: 10000});
  const error = await client.call.fail().catch(reason => reason);
  const heard = await event;
  await client.close();
  const stranger = new SocketClient(url, {credentials: {token: 'wrong'}});
  const refusal = await stranger.connect().catch(reason => reason);
  const {state} = stranger;
  await stranger.close();
  console.log(JSON.stringify({
    result,
    heard,
    error: error instanceof CallError && [error.statusCode, error.code, error.sent],
    refusal: refusal instanceof CallError && [refusal.statusCode, refusal.code],
    states: [client.state, state],
  }));
}

main();
`;

/** Front ends by the name of their file. Each ends by itself. */
export const FRONT_ENDS = {
  'imports.mjs': `import {CallError, SocketClient} from 'loopback4-socket-client';${CALLS}`,
  'requires.cjs': `const {CallError, SocketClient} = require('loopback4-socket-client');${CALLS}`,
};

/** The last line that a front end prints. */
export const OUTCOME = {
  result: 42,
  heard: 21,
  error: [409, 'TAKEN', true],
  refusal: [401, 'AUTHENTICATION_FAILED'],
  states: ['closed', 'unauthorized'],
};
