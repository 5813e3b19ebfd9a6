import {securityId} from '@loopback/security';
import assert from 'node:assert/strict';
import {Proxy} from '../../../__tests__/helpers/proxy';
import {givenServer} from '../../../__tests__/helpers/server';
import {Random} from '../../../__tests__/long/random';
import {assertRunOnce, fateOf, givenCutClient} from './cut-clients';

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
    await using one = givenCutClient(proxy.url, client);
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
  assertRunOnce(runs, made);
  return {calls: made, clients, cuts: proxy.cuts, arrived};
}
