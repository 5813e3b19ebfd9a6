import assert from 'node:assert/strict';
import {fork} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {join} from 'node:path';
import {after, before, describe, it} from 'node:test';
import type {Flood, Flooded} from '../../fixtures/slow-reader-process';
import {once} from '../../helpers/awaited';
import {givenAuthenticated} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {RawClient} from '../../helpers/raw-client';
import {RawSocket} from '../../helpers/raw-socket';

const MB = 1024 ** 2;
const CHUNK = 64 * 1024;

interface Given extends AsyncDisposable {
  readonly url: string;
  flood(order: Flood): Promise<Flooded>;
}

async function givenProcess(component: object): Promise<Given> {
  const file = join(__dirname, '../../fixtures/slow-reader-process.js');
  const child: ChildProcess = fork(file, [JSON.stringify(component)], {execArgv: []});
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    flood: async order => {
      child.send(order);
      const [flooded] = (await once(child, 'message')) as [Flooded];
      return flooded;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** Clients that are authenticated and then take nothing any more. */
const slow: Record<string, (url: string) => Promise<AsyncDisposable>> = {
  'a websocket that stops reading': async url => {
    const raw = await RawSocket.authenticated(url);
    raw.stopReading();
    return raw;
  },
  'a polling client that stops polling': async url => {
    const raw = await RawClient.join(url);
    await raw.send('42["authentication",{"token":"ok"}]');
    assert.equal(await raw.next(), '42["authenticated",true]');
    return {[Symbol.asyncDispose]: async () => undefined};
  },
};

/** Calls until it is over; each answer must be the right one. */
async function keepCalling(client: TestClient, watch: {over: boolean}): Promise<void> {
  for (let n = 0; !watch.over; n++) {
    assert.deepEqual(await client.call('echo', n), {result: n});
  }
}

for (const coalesceWrites of [true, false]) {
  describe(`with coalesceWrites: ${coalesceWrites}`, () => {
    let given: Given;
    before(async () => (given = await givenProcess({coalesceWrites})));
    after(async () => given[Symbol.asyncDispose]());

    for (const [who, connect] of Object.entries(slow)) {
      it(`${who} is closed at the bound, of 50 MB`, async () => {
        await using other = await givenAuthenticated(given.url);
        await using client = await connect(given.url);
        const watch = {over: false};
        const calling = keepCalling(other, watch);
        const flooded = await given.flood({bytes: CHUNK, messages: (50 * MB) / CHUNK});
        watch.over = true;
        await calling;
        const {sent, queued, buffered, grown, logged, reason} = flooded;
        console.log(
          `${who}, coalesced ${coalesceWrites}: closed after ${(sent * CHUNK) / MB} MB sent; ` +
            `${(queued / MB).toFixed(2)} MB queued at most, ${(buffered / MB).toFixed(2)} MB ` +
            `with what was handed to the system, process grown by ${grown.toFixed(1)} MB`,
        );
        assert.equal(reason, 'forced close');
        assert.ok(queued <= MB + 2.5 * CHUNK, `${queued} bytes queued`);
        // Besides that, what was handed on at once, which is a queue at most.
        assert.ok(buffered <= 2 * MB + 5 * CHUNK, `${buffered} bytes buffered`);
        assert.deepEqual(logged, ['A client that reads too slowly was disconnected.']);
        assert.deepEqual(other.names, ['connect', 'authenticated']);
        void client;
      });
    }

    for (const transport of ['websocket', 'polling']) {
      for (const bytes of [CHUNK, MB, 5 * MB]) {
        it(`a ${transport} client that reads gets 5 MB of one tick, ${bytes} bytes each`, async () => {
          await using client = await givenAuthenticated(given.url, undefined, {
            transports: [transport],
          });
          const messages = (5 * MB) / bytes;
          // And more in the ticks that follow.
          const bursts = [{bytes, messages, burst: true}];
          for (const order of [...bursts, {bytes: 100, messages: 20}]) {
            assert.equal((await given.flood(order)).reason, undefined);
          }
          for (let at = 0; at < messages; at++) {
            assert.equal(await client.next('flood'), at);
          }
          for (let at = 0; at < 20; at++) assert.equal(await client.next('flood'), at);
          assert.deepEqual(await client.call('echo', 1), {result: 1});
        });
      }
    }
  });
}
