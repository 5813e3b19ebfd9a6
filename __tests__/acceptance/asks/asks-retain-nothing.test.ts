import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {acksOf, asksOf, givenAsker, givenTab, socketOf} from '../../helpers/askers';
import {seconds} from '../../helpers/awaited';
import type {TestClient} from '../../helpers/client';
import type {GivenApp} from '../../helpers/app';
import {countRemains} from '../../helpers/remains';

const MANY = 10_000;
const AT_ONCE = 500;

/** Runs many asks, some hundred at a time. */
async function askOften(ask: (at: number) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < MANY; at += AT_ONCE) {
    const running = Array.from({length: AT_ONCE}, (_, number) => ask(at + number));
    await Promise.all(running.map(one => assert.rejects(one)));
  }
}

/** Counts what a server and its sockets hold. */
function remains(given: GivenApp): Record<string, unknown> {
  const sockets = [...given.server.io.sockets.values()];
  const listeners = sockets.map(socket =>
    socket.eventNames().map(event => socket.listenerCount(event)),
  );
  return {
    ...countRemains(given.app),
    listeners,
    acks: acksOf(given),
    asks: asksOf(given),
  };
}

async function givenTabs(given: GivenApp): Promise<TestClient[]> {
  const tabs = await Promise.all(
    ['ana', 'ana', 'ben'].map(id => givenTab(given.server.url, id)),
  );
  for (const tab of tabs) tab.socket.offAny();
  return tabs;
}

describe('asks that have ended', {timeout: seconds(60)}, () => {
  it(`leave nothing after ${MANY} that time out`, async () => {
    await using given = await givenAsker();
    const tabs = await givenTabs(given);
    const before = remains(given);
    await askOften(() => given.server.askUser('ana', 'confirm', 1, {timeout: 1}));
    assert.deepEqual(remains(given), before);
    for (const tab of tabs) await tab[Symbol.asyncDispose]();
  });

  it(`leave nothing after ${MANY} that are aborted`, async () => {
    await using given = await givenAsker();
    const tabs = await givenTabs(given);
    const before = remains(given);
    await askOften(at => {
      const aborter = new AbortController();
      const {signal} = aborter;
      const ask = given.server.askUser('ana', 'confirm', 1, {signal, cancellable: true});
      if (at % 2 === 0) aborter.abort();
      else setImmediate(() => aborter.abort());
      return ask;
    });
    assert.deepEqual(remains(given), before);
    for (const tab of tabs) await tab[Symbol.asyncDispose]();
  });

  it(`leave nothing after ${MANY} whose sockets leave`, async () => {
    await using given = await givenAsker();
    const before = remains(given);
    for (let at = 0; at < MANY; at += AT_ONCE) {
      const tab = await givenTab(given.server.url, 'ana');
      const socket = socketOf(given, tab);
      const asks = Array.from({length: AT_ONCE}, () =>
        assert.rejects(given.server.ask(socket, 'confirm'), {code: 'CLIENT_GONE'}),
      );
      assert.equal(acksOf(given), AT_ONCE);
      socket.disconnect();
      await Promise.all(asks);
      assert.equal(asksOf(given), 0);
      await tab[Symbol.asyncDispose]();
    }
    // Timers of the closed connections may still run.
    assert.deepEqual({...remains(given), timers: 0}, {...before, timers: 0});
  });

  it('leave nothing where a room’s iteration is left', async () => {
    await using given = await givenAsker();
    const tabs = await givenTabs(given);
    const [, , ben] = tabs;
    ben.socket.on('confirm', (ack: (reply: object) => void) => ack({result: 1}));
    const before = remains(given);
    for (let at = 0; at < 100; at++) {
      for await (const {result} of given.server.askRoom('all', 'confirm')) {
        assert.equal(result, 1);
        break;
      }
    }
    assert.deepEqual(remains(given), before);
    for (const tab of tabs) await tab[Symbol.asyncDispose]();
  });
});
