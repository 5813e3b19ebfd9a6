import {EventEmitter, on} from 'node:events';
import {inject} from '@loopback/core';
import {securityId} from '@loopback/security';
import {SocketBindings, socketMethod} from 'loopback4-socket';
import type {SocketServer, SocketServerOptions} from 'loopback4-socket';
import type {AppOptions, GivenApp} from './app';
import type {TestClient} from './client';
import {Queue} from './queue';
import {givenServer} from './server';

/** The source of a stream whose items a test decides one by one. */
export class Ticker {
  /** Gets a value each time that a stream of it has ended. */
  readonly ended = new Queue<string>();
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  /** Adds items to the streams that are open. */
  tick(...items: unknown[]): void {
    for (const item of items) this.emitter.emit('tick', item);
  }

  async *items(signal: AbortSignal): AsyncGenerator {
    try {
      for await (const [item] of on(this.emitter, 'tick', {signal})) yield item;
    } finally {
      this.ended.push('ended');
    }
  }
}

/** A server whose user is named by the credentials, and whose method `ticks` streams from a ticker. */
export function givenStreams(
  ticker: Ticker,
  options: SocketServerOptions = {},
  define: (server: SocketServer) => void = () => undefined,
  {controllers = [], ...appOptions}: AppOptions = {},
): Promise<GivenApp> {
  class TickController {
    @socketMethod()
    ticks(
      _socket: unknown,
      _credentials: unknown,
      _args: unknown,
      @inject(SocketBindings.SIGNAL) signal: AbortSignal,
    ) {
      return ticker.items(signal);
    }
  }
  return givenServer(
    server => {
      server.auth((_socket, {id}: {id?: string}) => ({[securityId]: id}));
      server.defineMethod('ping', () => 'pong');
      server.defineMethod('count', (_socket, _credentials, args: number) => count(args));
      define(server);
    },
    options,
    {...appOptions, controllers: [TickController, ...controllers]},
  );
}

/** Yields the numbers below one. */
export async function* count(to: number): AsyncGenerator<number> {
  for (let at = 0; at < to; at++) yield await Promise.resolve(at);
}

/** Reads a stream to its end with the loop of docs/protocol.md. */
export async function readAll(
  client: Pick<TestClient, 'call'>,
  stream: string,
  options: object = {},
): Promise<any[]> {
  const all: any[] = [];
  for (let done = false; !done;) {
    const {result, error} = await client.call('$next', {
      stream,
      got: all.length,
      ...options,
    });
    if (error) throw error as Error;
    all.push(...result.items);
    done = result.done;
  }
  return all;
}
