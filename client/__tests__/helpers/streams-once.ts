import {securityId} from '@loopback/security';
import assert from 'node:assert/strict';
import {Proxy} from '../../../__tests__/helpers/proxy';
import {givenServer} from '../../../__tests__/helpers/server';
import {Random} from '../../../__tests__/long/random';
import {assertRunOnce, fateOf, givenCutClient} from './cut-clients';

/** Streams that a client reads at a time. */
const AT_ONCE = 4;

export interface StreamsOnce {
  /** The least number of items. */
  readonly items: number;
  readonly clients: number;
  readonly cuts: number;
}

export interface StreamsOnceCounts extends StreamsOnce {
  readonly streams: number;
}

/**
 * Clients read streams with ids through a proxy that cuts their connections. Each item must come once, in its order,
 * and before the end or the error of its stream.
 */
export async function runStreamsOnce(
  {items, clients, cuts}: StreamsOnce,
  seed: number,
): Promise<StreamsOnceCounts> {
  const random = new Random(seed);
  const runs = new Map<string, number>();
  let got = 0;
  let streams = 0;
  await using given = await givenServer(server => {
    server.auth((_socket, {id}: {id: string}) => ({[securityId]: id}));
    server.defineMethod(
      'items',
      async function* (_socket, _credentials, {key, to, wait}) {
        runs.set(key, (runs.get(key) ?? 0) + 1);
        for (let at = 0; at < to; at++) {
          if (at % wait === 0) await new Promise(resolve => setTimeout(resolve, wait));
          yield `${key}-${at}`;
        }
        if (to % 5 === 4) throw `failed ${key}`;
      },
    );
  });
  await using proxy = await Proxy.to(given.server.url, () =>
    proxy.cuts < cuts ? fateOf(random) : undefined,
  );
  const work = async (client: number) => {
    const own = new Random(seed, client + 1);
    let made = 0;
    await using one = givenCutClient(proxy.url, client);
    const readOn = async () => {
      while (got < items || proxy.cuts < cuts) {
        const key = `${client}-${++made}`;
        const to = own.below(300);
        let at = 0;
        streams++;
        try {
          const args = {key, to, wait: 1 + own.below(20)};
          for await (const item of one.client.call.items(args, {id: true})) {
            assert.equal(item, `${key}-${at++}`);
            got++;
          }
          assert.notEqual(to % 5, 4, `${key} has not failed`);
        } catch (error) {
          const {value} = error as {value?: unknown};
          if (value === undefined) throw error;
          assert.equal(value, `failed ${key}`);
        }
        assert.equal(at, to, `${key} has another number of items`);
      }
    };
    await Promise.all(Array.from({length: AT_ONCE}, readOn));
  };
  await Promise.all(Array.from({length: clients}, (_, client) => work(client)));
  assertRunOnce(runs, streams);
  return {items: got, streams, clients, cuts: proxy.cuts};
}
