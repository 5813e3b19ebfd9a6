import assert from 'node:assert/strict';
import {after, afterEach, before, describe, it} from 'node:test';
import {givenAuthenticated} from '../../helpers/client';
import type {TestClient} from '../../helpers/client';
import {INTERNAL, THROWN} from '../../helpers/faults';
import type {Order} from '../../helpers/faults';
import {FaultyProcess} from '../../helpers/faulty-process';

const THROWING = ['throw', 'reject', 'reject later'] as const;

let given: FaultyProcess;
let client: TestClient;

async function start(): Promise<void> {
  given = await FaultyProcess.start();
  client = await givenAuthenticated(given.url);
  client.socket.on('question', (_order: unknown, answer: (value: string) => void) =>
    answer('answer'),
  );
}

async function stop(): Promise<void> {
  await client[Symbol.asyncDispose]();
  await given[Symbol.asyncDispose]();
}

/** The cause is logged once, as that of the handler, and reaches nothing else. */
async function isLoggedOnce(handler: string, name: string): Promise<void> {
  const logged = (await given.settled()).map(entry => entry.handler);
  assert.deepEqual(given.uncaught, [], name);
  assert.deepEqual(logged, [handler], name);
}

/** Only the bystander and this file's own client are held. */
async function nothingIsLeft(): Promise<void> {
  const {result} = await client.call('remains');
  assert.deepEqual(result, {connections: 2, running: 0});
}

/** Calls a method for each fault; the call is not affected, and the cause is logged once. */
async function callAll(
  method: string,
  at: string,
  way: Order['way'],
  happened: () => unknown = () => undefined,
): Promise<void> {
  for (const name of Object.keys(THROWN)) {
    const order: Order = {at, way, fault: `THROWN ${name}`};
    const answer = await client.call(method, order);
    assert.equal(answer.error, undefined, name);
    await happened();
    assert.equal((await given.answered()).length, 1, name);
    assert.deepEqual(given.uncaught, [], name);
  }
}

describe('a listener that nobody waits for fails', () => {
  before(start);
  afterEach(() => given.check());
  after(stop);

  for (const way of THROWING) {
    it(`onAny: ${way}`, () => callAll('echo', 'onAny', way));
    it(`onAnyOutgoing: ${way}`, () => callAll('send', 'onAnyOutgoing', way));
    for (const place of [
      'ack',
      'ack with a timeout',
      'ack that times out',
      'broadcast ack',
      'broadcast ack that times out',
    ]) {
      it(`${place}: ${way}`, () => callAll('ask', place, way, () => given.asked.next()));
    }
  }

  it('acks in vain', async () => {
    for (const frame of ['unasked', '__proto__']) client.socket.emit('echo', frame);
    assert.deepEqual(await client.call('echo', 1), {result: 1});
  });
});

describe('an abort listener fails', () => {
  before(start);
  afterEach(() => given.check());
  afterEach(nothingIsLeft);
  after(stop);

  for (const way of THROWING) {
    it(`when the call takes too long: ${way}`, async () => {
      for (const name of Object.keys(THROWN)) {
        const order: Order = {at: 'abort listener', way, fault: `THROWN ${name}`};
        const {error} = await client.call('wait', order, {$call: {timeout: 20}});
        assert.equal((error as {code?: string}).code, 'CALL_TIMEOUT', name);
        await isLoggedOnce('FaultyController.wait', name);
      }
    });

    it(`when the socket is gone: ${way}`, async () => {
      for (const name of Object.keys(THROWN)) {
        await using leaving = await givenAuthenticated(given.url);
        const order: Order = {at: 'abort listener', way, fault: `THROWN ${name}`};
        leaving.socket.emit('wait', order);
        await leaving.next('waiting');
        leaving.socket.disconnect();
        await isLoggedOnce('FaultyController.wait', name);
      }
    });
  }
});

describe('a listener to rooms fails', () => {
  before(start);
  afterEach(() => given.check());
  afterEach(nothingIsLeft);
  after(stop);

  for (const way of THROWING) {
    for (const event of ['create-room', 'join-room', 'leave-room', 'delete-room']) {
      it(`${event}: ${way}`, async () => {
        for (const name of Object.keys(THROWN)) {
          await using leaving = await givenAuthenticated(given.url);
          const order: Order = {at: `${event} listener`, way, fault: `THROWN ${name}`};
          assert.deepEqual(await leaving.call('join', order), {result: 'joined'}, name);
          leaving.socket.disconnect();
          await isLoggedOnce(`io.adapter.on('${event}')`, name);
        }
      });
    }
  }
});

describe('the log itself fails', () => {
  before(start);
  afterEach(() => given.check());
  after(stop);

  for (const way of [...THROWING, 'never settle'] as const) {
    it(way, async () => {
      for (const name of Object.keys(THROWN)) {
        await given.answered({at: 'log', way, fault: `THROWN ${name}`});
        const order: Order = {at: 'function', way: 'throw', fault: 'THROWN an Error'};
        assert.deepEqual(await client.call('function', order), INTERNAL, name);
        assert.equal((await given.answered()).length, 1, name);
        assert.deepEqual(given.uncaught, [], name);
      }
    });
  }
});
