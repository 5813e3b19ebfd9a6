import {securityId} from '@loopback/security';
import type {SocketServer, SocketServerOptions} from 'loopback4-socket';
import type {GivenApp} from '../../../__tests__/helpers/app';
import {Gate} from '../../../__tests__/helpers/gate';
import {Queue} from '../../../__tests__/helpers/queue';
import {givenServer} from '../../../__tests__/helpers/server';

/** A server that streams numbers, and what became of its streams. */
export interface Counting extends AsyncDisposable {
  readonly given: GivenApp;
  readonly url: string | undefined;
  /** Number of items that were asked of all streams. */
  pulled: number;
  /** Number of streams that were opened. */
  opened: number;
  /** An entry for each stream whose `finally` has run. */
  readonly ended: Queue<string>;
  /** Opened, `quiet` yields its second item. */
  readonly gate: Gate;
  /** Cuts all connections. */
  drop(): void;
}

/**
 * Streams for tests: `count` yields numbers to `to`, `endless` never ends, `quiet` waits for the gate after 0, and
 * `failing` throws after 0 and 1.
 */
export async function givenCounting(
  options: SocketServerOptions = {},
  define: (server: SocketServer) => void = () => undefined,
): Promise<Counting> {
  const ended = new Queue<string>();
  const gate = new Gate();
  const counting = {pulled: 0, opened: 0};
  async function* numbers(name: string, to: number) {
    counting.opened++;
    try {
      for (let at = 0; at < to; at++) {
        counting.pulled++;
        yield at;
      }
    } finally {
      ended.push(name);
    }
  }
  const given = await givenServer(
    server => {
      server.auth((_socket, {id}: {id?: string}) => ({[securityId]: id}));
      server.defineMethod('ping', () => 'pong');
      server.defineMethod('count', (_socket, _credentials, {to}) => numbers('count', to));
      server.defineMethod('endless', () => numbers('endless', Infinity));
      server.defineMethod('quiet', async function* () {
        yield* numbers('quiet', 1);
        await gate.opened;
        yield 1;
      });
      server.defineMethod('failing', async function* () {
        yield* numbers('failing', 2);
        throw Object.assign(new Error('No more.'), {statusCode: 418, code: 'TEAPOT'});
      });
      define(server);
    },
    options,
    {component: {reconnectWindow: 20}},
  );
  return Object.assign(counting, {
    given,
    url: given.server.url,
    ended,
    gate,
    drop: () => {
      for (const {conn} of given.server.io.sockets.values()) conn.close();
    },
    [Symbol.asyncDispose]: async () => {
      gate.open();
      await given[Symbol.asyncDispose]();
    },
  });
}

/** All items of a stream. */
export async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
