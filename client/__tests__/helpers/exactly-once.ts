import {securityId} from '@loopback/security';
import assert from 'node:assert/strict';
import {Proxy} from '../../../__tests__/helpers/proxy';
import type {Fate} from '../../../__tests__/helpers/proxy';
import {givenServer} from '../../../__tests__/helpers/server';
import {Random} from '../../../__tests__/long/random';
import {givenClient, TRANSPORTS} from './client';

/** Calls that a client has unanswered at a time: as many as a server keeps answers of a user. */
const AT_ONCE = 100;

export interface ExactlyOnce {
  readonly calls: number;
  readonly clients: number;
  readonly cuts: number;
}

export interface ExactlyOnceCounts extends ExactlyOnce {
  /** Times that a call came to the server. */
  readonly arrived: number;
}

/** A handshake by websocket is some 150 bytes to the client, a call and its answer are some 100. */
export function fateOf(random: Random): Fate {
  const direction = random.pick(['up', 'down'] as const);
  const reset = random.chance(0.5);
  if (random.chance(0.2)) return {direction, reset, ms: random.below(60)};
  return {direction, reset, bytes: 1 + random.below(random.chance(0.2) ? 1200 : 60_000)};
}

/**
 * Clients call with ids through a proxy that cuts their connections. Each call must run once, and be answered with its
 * own outcome.
 */
export async function runExactlyOnce(
  {calls, clients, cuts}: ExactlyOnce,
  seed: number,
): Promise<ExactlyOnceCounts> {
  const random = new Random(seed);
  const runs = new Map<string, number>();
  let arrived = 0;
  let made = 0;
  let settled = 0;
  await using given = await givenServer(server => {
    server.auth((_socket, {id}: {id: string}) => ({[securityId]: id}));
    server.defineMethod('run', async (_socket, _credentials, {key, wait}) => {
      const run = (runs.get(key) ?? 0) + 1;
      runs.set(key, run);
      if (wait > 10) await new Promise(resolve => setTimeout(resolve, wait - 10));
      if (wait % 5 === 4) throw `failed ${key} in run ${run}`;
      return `did ${key} in run ${run}`;
    });
  });
  given.server.io.on('connection', socket => {
    socket.onAny(name => {
      if (name === 'run') arrived++;
    });
  });
  await using proxy = await Proxy.to(given.server.url, () =>
    proxy.cuts < cuts ? fateOf(random) : undefined,
  );
  const work = async (client: number) => {
    const waits = new Random(seed, client + 1);
    let own = 0;
    await using one = givenClient(proxy.url, {
      credentials: {id: String(client)},
      // Below the server's `retryWindow`; a busy machine takes its time for 1,000 cuts.
      timeout: 100_000,
      io: {
        transports: [TRANSPORTS[client % 4 === 3 ? 1 : 0]],
        reconnectionDelay: 10,
        reconnectionDelayMax: 50,
        // A cut may leave a handshake without an answer; socket.io would wait 20 s for it.
        timeout: 2000,
      },
    });
    const callOn = async () => {
      while (own < calls / clients || proxy.cuts < cuts) {
        const key = `${client}-${++own}`;
        const wait = waits.below(20);
        made++;
        const expected = `${wait % 5 === 4 ? 'failed' : 'did'} ${key} in run 1`;
        try {
          assert.equal(await one.client.call.run({key, wait}, {id: true}), expected);
        } catch (error) {
          const {value} = error as {value?: unknown};
          if (value === undefined) throw error;
          assert.equal(value, expected);
        }
        settled++;
      }
    };
    await Promise.all(Array.from({length: AT_ONCE}, callOn));
  };
  await Promise.all(Array.from({length: clients}, (_, client) => work(client)));
  assert.equal(settled, made, 'a call is pending');
  assert.equal(runs.size, made, 'a call is lost');
  assert.deepEqual(
    [...runs].filter(([, times]) => times !== 1),
    [],
    'a call ran twice',
  );
  return {calls: made, clients, cuts: proxy.cuts, arrived};
}
