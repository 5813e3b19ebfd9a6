/** Code that must compile, and code that must not. The compiler checks it when the tests are built. */
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the compiler compares types so */
import {CallError, SocketClient} from 'loopback4-socket-client';
import type {
  Agrees,
  CallsOf,
  ClientState,
  EmitEvents,
  ListenEvents,
  StreamCall,
  Wire,
} from 'loopback4-socket-client';
import {io} from 'socket.io-client';
import type {Socket} from 'socket.io-client';
import type {ChatApi, ChatEvents} from './chat-api.js';
import type {OrdersController} from './controllers.js';

type Names = 'find' | 'count' | 'whoAmI' | 'page' | 'anything' | 'ticks' | 'nothing';
type Api = CallsOf<OrdersController, Names, {close: 'closeOrder'}> & ChatApi;

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_ extends true>() => undefined;

export async function calls(client: SocketClient<Api, ChatEvents>) {
  const {signal} = new AbortController();
  const [first] = await client.call.find({limit: 3, since: 'a date is a string'});
  same<Equal<typeof first.placed, string>>();
  const deep: string | undefined = first.parent?.parent?.placed;
  const count: number = await client.call.count();
  const again: number = await client.call.count(undefined, {timeout: 500, signal});
  await client.call.whoAmI();
  const page = await client.call.page();
  same<Equal<typeof page.limit, number | undefined>>();
  const bytes: ArrayBuffer | Uint8Array = page.file;
  await client.call.page({limit: 1}, {id: true});
  const closed: boolean = await client.call.close({id: 7}, {id: 'own'});
  const loose = await client.call.anything({x: 1});
  loose.y.z();
  const said = await client.call.say({text: 'Hello'});
  same<Equal<typeof said, {delivered: boolean; at: string}>>();
  const nothing: void = await client.call.nothing();
  await client.call.leave();
  await client.call.leave({quietly: true}, {timeout: 1});

  // @ts-expect-error no such method
  await client.call.nope();
  // @ts-expect-error a method that is not listed
  await client.call.secret();
  // @ts-expect-error it has another name on the wire
  await client.call.closeOrder({id: 7});
  // @ts-expect-error wrong args
  await client.call.find({limit: 'three'});
  // @ts-expect-error args are missing
  await client.call.find();
  // @ts-expect-error args that the method does not take
  await client.call.say({text: 'Hello', loud: true});
  // @ts-expect-error options are never first
  await client.call.count({timeout: 5});
  // @ts-expect-error no such option
  await client.call.count(undefined, {retries: 5});
  // @ts-expect-error an id is a string or true
  await client.call.count(undefined, {id: 5});
  // @ts-expect-error wrong result
  const wrong: string = await client.call.count();
  // @ts-expect-error a model's methods do not travel
  first.getId();
  // @ts-expect-error functions do not travel
  page.skip();
  return [deep, count, again, bytes, closed, nothing, wrong];
}

export async function streams(client: SocketClient<Api, ChatEvents>) {
  const {signal} = new AbortController();
  for await (const tick of client.call.ticks({symbol: 'A'})) {
    same<Equal<typeof tick, {at: string; symbol: string}>>();
  }
  const call = client.call.feed({room: 'a'}, {id: true, signal, after: '7'});
  same<Equal<typeof call, StreamCall<{at: string}>>>();
  const items = await call;
  await items.return();
  call.catch(() => undefined);
  // @ts-expect-error wrong args
  await client.call.feed({room: 5});
  // @ts-expect-error args are missing
  await client.call.feed();
  // @ts-expect-error a stream is no result
  const {at} = await client.call.feed({room: 'a'});
  // @ts-expect-error a result is no stream
  const wrong: AsyncIterable<number> = client.call.count();
  for await (const one of client.call.anything({})) return one.anything;
  return [at, wrong];
}

export async function uploads(client: SocketClient<Api>, stream: ReadableStream) {
  const onProgress = (sent: number, total?: number) => sent / (total ?? Infinity);
  await client.call.count(undefined, {upload: new Blob(['a']), onProgress, id: true});
  await client.call.count(undefined, {upload: new Uint8Array(3)});
  await client.call.count(undefined, {upload: new ArrayBuffer(3)});
  await client.call.count(undefined, {upload: stream});
  await client.call.count(undefined, {upload: [{at: 1}]});
  await client.call.count(undefined, {upload: client.call.feed({room: 'a'})});
  // @ts-expect-error a number cannot be read
  await client.call.count(undefined, {upload: 5});
  // @ts-expect-error wrong parameter
  await client.call.count(undefined, {onProgress: (sent: string) => sent});
}

export function answers(client: SocketClient<Api, ChatEvents>, loose: SocketClient) {
  const stop: () => void = client.answer('confirm', ({question}) => question === '?');
  client.answer('confirm', async ({question}, {signal}) => {
    same<Equal<typeof signal, AbortSignal>>();
    return question.length > 0 && !signal.aborted;
  });
  loose.answer('anything', async args => args.any);
  // @ts-expect-error the answer is a boolean
  client.answer('confirm', () => 'yes');
  // @ts-expect-error wrong args
  client.answer('confirm', (question: string) => question === '?');
  // @ts-expect-error an event asks for no answer
  client.answer('said', () => undefined);
  // @ts-expect-error no such question
  client.answer('nope', () => undefined);
  // @ts-expect-error an ask is answered, not listened to
  client.once('confirm', () => true);
  return stop;
}

export function events(client: SocketClient<Api, ChatEvents>) {
  const stop: () => void = client.on('said', (text, from) => text.length + from.length);
  client.once('said', text => text.length);
  client.off('said', stop);
  // @ts-expect-error which listener
  client.off('said');
  // @ts-expect-error no such event
  client.on('nope', () => undefined);
  // @ts-expect-error wrong payload
  client.on('said', (text: number) => text);
  // @ts-expect-error an ask is answered, not listened to
  client.on('confirm', () => true);
  const state: ClientState = client.state;
  // @ts-expect-error the state is read only
  client.state = state;
}

export async function untyped(client: SocketClient) {
  const result = await client.call.find({limit: 3}, {timeout: 5});
  result.anything.goes();
  client.on('anything', (...args) => args.length);
  const typed = await client.request<number>('count', undefined, {id: true});
  return typed.toFixed();
}

export function options() {
  new SocketClient('', {credentials: {token: 'x'}});
  new SocketClient('', {credentials: 'x', timeout: 5, io: {path: '/ws'}});
  new SocketClient('', {credentials: async reason => ({token: reason})});
  // @ts-expect-error no such reason
  new SocketClient('', {credentials: reason => reason === 'bored'});
  // @ts-expect-error the client itself decides when to come back
  new SocketClient('', {io: {reconnection: true}});
  // @ts-expect-error no such option
  new SocketClient('', {token: 'x'});
}

export function errors(error: unknown) {
  if (!(error instanceof CallError)) return;
  const {statusCode, code, details, value, sent, message} = error as CallError<{at: 1}>;
  same<Equal<typeof details, {at: 1} | undefined>>();
  return [statusCode.toFixed(), code?.length, value, sent, message];
}

/** An ordinary client of socket.io, typed from the same Api. */
export async function ordinary() {
  const socket: Socket<ListenEvents<ChatEvents>, EmitEvents<Api>> = io('');
  const {result, error} = await socket.emitWithAck('say', {text: 'Hello'});
  const delivered: boolean | undefined = result?.delivered;
  const withOptions = await socket.emitWithAck('find', {limit: 1}, {$call: {id: 'a'}});
  const placed: string | undefined = withOptions.result?.[0].placed;
  const count: number | undefined = (await socket.emitWithAck('count')).result;
  await socket.emitWithAck('count', undefined, {$call: {timeout: 5}});
  await socket.emitWithAck('authentication', {token: 'x'});
  socket.emit('say', {text: 'Hello'}, reply => reply.result?.delivered);
  socket.emit('leave', reply => reply.error?.statusCode);
  socket.on('said', (text, from) => text.length + from.length);
  socket.on('unauthorized', ({statusCode, code}) => [statusCode, code]);
  socket.on('expiring', ({expiresAt}) => expiresAt.toFixed());
  socket.on('draining', ({reconnectAfter}) => reconnectAfter.toFixed());
  socket.on('confirm', ({question}, ack) => ack({result: question === '?'}));
  // @ts-expect-error wrong args
  void socket.emitWithAck('say', {txt: 'Hello'});
  // @ts-expect-error no such method
  void socket.emitWithAck('nope');
  // @ts-expect-error no such call option
  void socket.emitWithAck('say', {text: ''}, {$call: {retries: 1}});
  // @ts-expect-error no such event
  socket.on('nope', () => undefined);
  // @ts-expect-error the answer is a boolean
  socket.on('confirm', (_args, ack) => ack({result: 'yes'}));
  return [delivered, error?.statusCode, placed, count];
}

interface Written {
  say(args: {text: string}): {at: string};
  more(args?: {limit?: number}): number[];
}
// The same, written otherwise.
type Generated = {
  say: (args: {text: string}) => {at: string};
  more(args?: {limit?: number}): Promise<number[]>['then'] extends never ? 1 : number[];
};
export const agree: Agrees<Written, Generated> = true;
type Changed = Omit<Generated, 'say'> & {say: (args: {text?: string}) => {at: string}};
export const changed: Agrees<Written, Changed> = {differs: 'say'};
// @ts-expect-error they differ
export const wrongly: Agrees<Written, Changed> = true;
export const missing: Agrees<Written, Pick<Generated, 'say'>> = {differs: 'more'};

same<Equal<Wire<{a: Date; b?: () => void; c: bigint | number}>['a'], string>>();
same<Equal<Wire<[Date, {at: Date}][]>, [string, {at: string}][]>>();
same<Equal<Wire<any>, any>>();
same<Equal<Wire<unknown>, unknown>>();
