import {inject} from '@loopback/core';
import {feed, SocketBindings, socketMethod} from 'loopback4-socket';
import {SocketClient} from 'loopback4-socket-client';
import type {ClientState} from 'loopback4-socket-client';
import {EventEmitter} from 'node:events';
import {once} from '../../../__tests__/helpers/awaited.js';
import {Queue} from '../../../__tests__/helpers/queue.js';
import {givenServer} from '../../../__tests__/helpers/server.js';

/** Typed, as an application's would be. */
export interface NewsApi {
  twice(args: {value: number}): number;
  titles(args?: {limit: number}): string[];
  ping(): string;
  /** Answered when it is cancelled. */
  wait(): never;
  clear(): void;
  ticks(args: {symbol: string}): AsyncIterable<number>;
}

export interface NewsEvents {
  said(text: string): void;
  counted(count: {value: number}): void;
  confirm(question: string): boolean;
}

export type NewsClient = SocketClient<NewsApi, NewsEvents>;

/** A server with methods, events and counts for the tests of all frameworks, and clients of it. */
export async function givenNews() {
  const waiting = new Queue<AbortSignal>();
  const ticking = new Queue<AbortSignal>();
  const exchange = new EventEmitter();
  const envelopes: unknown[] = [];
  class WaitController {
    @socketMethod()
    ticks(
      _socket: unknown,
      _credentials: unknown,
      {symbol}: {symbol: string},
      @inject(SocketBindings.SIGNAL) signal: AbortSignal,
    ) {
      ticking.push(signal);
      return feed(exchange, symbol, {signal, errorEvent: 'closed'});
    }

    @socketMethod()
    async wait(
      _socket: unknown,
      _credentials: unknown,
      _args: unknown,
      @inject(SocketBindings.SIGNAL) signal: AbortSignal,
    ) {
      waiting.push(signal);
      if (!signal.aborted) await once(signal, 'abort');
      throw signal.reason;
    }
  }
  const given = await givenServer(
    server => {
      server.defineMethod('twice', (_socket, _credentials, args) => args.value * 2);
      server.defineMethod('titles', (_socket, _credentials, args) =>
        ['a', 'b', 'c'].slice(0, args?.limit),
      );
      server.defineMethod('ping', () => 'pong');
      server.defineMethod('clear', () => undefined);
      server.onConnected(socket => {
        socket.use(([, , envelope], next) => {
          envelopes.push(envelope);
          next();
        });
      });
    },
    {},
    {controllers: [WaitController]},
  );
  const {io, url = ''} = given.server;
  const {engine} = io.server;
  let connections = 0;
  engine.on('connection', () => connections++);
  const clients: NewsClient[] = [];
  return {
    url,
    /** Signals of the calls of `wait`. */
    waiting,
    /** Signals of the streams of `ticks`. */
    ticking,
    /** Gives an item to the streams of a symbol. */
    tick: (symbol: string, value: number) => exchange.emit(symbol, value),
    /** Ends the streams with an error. */
    closeExchange: () =>
      exchange.emit('closed', Object.assign(new Error('Closed.'), {statusCode: 418})),
    /** The arguments after the args of each call. */
    envelopes,
    /** The number of connections that were made. */
    get connections() {
      return connections;
    },
    say: (text: string) => io.emit('said', text),
    count: (value: number) => io.emit('counted', {value}),
    /** Cuts all connections. */
    drop() {
      for (const socket of io.sockets.values()) socket.conn.close();
    },
    /** Resolves when the server has no connection. */
    async left() {
      const closed = new Queue<unknown>();
      for (const socket of io.sockets.values()) {
        socket.conn.once('close', () => closed.push(undefined));
      }
      while (engine.clientsCount > 0) await closed.next();
    },
    client(credentials: object = {token: 'ok'}): NewsClient {
      const client: NewsClient = new SocketClient(url, {
        credentials,
        io: {transports: ['websocket'], reconnectionDelay: 1},
      });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map(client => client.close()));
      await given[Symbol.asyncDispose]();
    },
  };
}

/** Waits until a client has a state. */
export async function until(client: NewsClient, state: ClientState): Promise<void> {
  const changes = new Queue<unknown>();
  const stop = client.subscribe(() => changes.push(undefined));
  while (client.state !== state) await changes.next();
  stop();
}

/** Counts the listeners that a client has, of its state and of its events. */
export function countListeners(client: NewsClient): () => number {
  let count = 0;
  const counted =
    <Args extends unknown[]>(listen: (...args: Args) => () => void) =>
    (...args: Args) => {
      count++;
      const stop = listen(...args);
      return () => {
        count--;
        stop();
      };
    };
  Object.assign(client, {
    subscribe: counted(client.subscribe.bind(client)),
    on: counted(client.on.bind(client)),
  });
  return () => count;
}
