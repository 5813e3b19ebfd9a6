import {securityId} from '@loopback/security';
import assert from 'node:assert/strict';
import {Random} from '../long/random';
import {givenClient} from './client';
import type {TestClient} from './client';
import {Proxy} from './proxy';
import type {Fate} from './proxy';
import {givenServer} from './server';

/** Calls that a client has unanswered at a time. */
const AT_ONCE = 4;
const CLIENTS = 8;

export interface CutCounts {
  cuts: number;
  calls: number;
  /** Times that a call was sent again. */
  repeated: number;
  /** Times that a call came to the server. */
  arrived: number;
  authentications: number;
}

/** Bytes of a handshake by websocket are 150 to the client; a call and its answer are some 60. */
export function fateOf(random: Random): Fate {
  const direction = random.pick(['up', 'down'] as const);
  const reset = random.chance(0.5);
  if (random.chance(0.2)) return {direction, reset, ms: random.below(60)};
  return {direction, reset, bytes: 1 + random.below(random.chance(0.5) ? 1200 : 5000)};
}

/**
 * Cuts the network between a server and clients that call with ids, come back by themselves and send
 * again what was not answered. Each call must run once and get its own answer.
 */
export async function runCuts(cuts: number, seed: number): Promise<CutCounts> {
  const random = new Random(seed);
  const runs = new Map<string, number>();
  const counts = {cuts: 0, calls: 0, repeated: 0, arrived: 0, authentications: 0};
  await using given = await givenServer(server => {
    server.auth((_socket, {id}: {id: string}) => {
      counts.authentications++;
      return {[securityId]: id};
    });
    server.defineMethod('run', async (_socket, _credentials, {id, wait}) => {
      const run = (runs.get(id) ?? 0) + 1;
      runs.set(id, run);
      if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
      if (wait % 5 === 4) throw `failed ${id} in run ${run}`;
      return `did ${id} in run ${run}`;
    });
  });
  given.server.io.on('connection', socket => {
    socket.onAny(name => {
      if (name === 'run') counts.arrived++;
    });
  });
  await using proxy = await Proxy.to(given.server.url, () =>
    proxy.cuts < cuts ? fateOf(random) : undefined,
  );
  const all = Array.from({length: CLIENTS}, async (_, at) => {
    const transports = [at % 4 === 3 ? 'polling' : 'websocket'];
    await using client = givenClient(proxy.url, {
      transports,
      reconnectionDelay: 1,
      reconnectionDelayMax: 20,
      // A cut may leave a handshake without an answer; the client's default would wait 20 s for it.
      timeout: 500,
    });
    const calling = new Calling(client, String(at), new Random(seed, at + 1), counts);
    await calling.until(() => proxy.cuts >= cuts);
  });
  await Promise.all(all);
  const wrong = [...runs].filter(([, times]) => times !== 1);
  assert.deepEqual(wrong, []);
  assert.equal(runs.size, counts.calls);
  counts.cuts = proxy.cuts;
  return counts;
}

/** A client as docs/operations.md tells to write it. */
class Calling {
  private readonly unanswered = new Map<string, () => void>();
  private made = 0;

  constructor(
    private readonly client: TestClient,
    private readonly user: string,
    private readonly random: Random,
    private readonly counts: CutCounts,
  ) {
    const {socket} = client;
    socket.on('connect', () => socket.emit('authentication', {id: user}));
    socket.on('authenticated', () => {
      for (const send of this.unanswered.values()) {
        counts.repeated++;
        send();
      }
    });
  }

  /** Calls until it is over, and until all are answered. */
  async until(isOver: () => boolean): Promise<void> {
    const work = async () => {
      while (!isOver()) await this.call();
    };
    await Promise.all(Array.from({length: AT_ONCE}, work));
  }

  private async call(): Promise<void> {
    const id = `${this.user}-${++this.made}`;
    const wait = this.random.below(20);
    this.counts.calls++;
    const {error, result} = await new Promise<{error?: unknown; result?: unknown}>(
      resolve => {
        const send = () => {
          // One that socket.io has not sent yet would be sent twice.
          if (!this.client.socket.connected) return;
          this.client.socket.emit('run', {id, wait}, {$call: {id}}, resolve);
        };
        this.unanswered.set(id, send);
        send();
      },
    );
    this.unanswered.delete(id);
    const expected = wait % 5 === 4 ? `failed ${id} in run 1` : `did ${id} in run 1`;
    assert.equal(error ?? result, expected);
  }
}
