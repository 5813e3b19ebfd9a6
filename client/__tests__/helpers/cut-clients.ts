import assert from 'node:assert/strict';
import type {Fate} from '../../../__tests__/helpers/proxy';
import type {Random} from '../../../__tests__/long/random';
import {givenClient, TRANSPORTS} from './client';

/** A handshake by websocket is some 150 bytes to the client, a call and its answer are some 100. */
export function fateOf(random: Random): Fate {
  const direction = random.pick(['up', 'down'] as const);
  const reset = random.chance(0.5);
  if (random.chance(0.2)) return {direction, reset, ms: random.below(60)};
  return {direction, reset, bytes: 1 + random.below(random.chance(0.2) ? 1200 : 60_000)};
}

/** Makes the client of one user, which comes back soon after a cut. Every fourth one polls. */
export function givenCutClient(url: string, user: number) {
  return givenClient(url, {
    credentials: {id: String(user)},
    // Below the server's `retryWindow`; a busy machine takes its time for 1,000 cuts.
    timeout: 100_000,
    io: {
      transports: [TRANSPORTS[user % 4 === 3 ? 1 : 0]],
      reconnectionDelay: 10,
      reconnectionDelayMax: 50,
      // A cut may leave a handshake without an answer; socket.io would wait 20 s for it.
      timeout: 2000,
    },
  });
}

/** @param runs - The times that each method has run, by a key of its call. */
export function assertRunOnce(runs: ReadonlyMap<string, number>, made: number): void {
  assert.equal(runs.size, made, 'a call was lost');
  const repeated = [...runs].filter(([, times]) => times !== 1);
  assert.deepEqual(repeated, [], 'a method ran twice');
}
