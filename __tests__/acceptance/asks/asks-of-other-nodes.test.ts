import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {acksOf, asksOf, givenAsker, givenTab} from '../../helpers/askers';
import {Cluster} from '../../helpers/cluster';
import type {TestClient} from '../../helpers/client';

type Ack = (reply?: unknown) => void;

/** The adapter keeps a timer for as long. */
const QUICK = {timeout: 1000};

function answers({socket}: TestClient, event: string, reply: unknown): void {
  socket.on(event, (...args: unknown[]) => (args.at(-1) as Ack)(reply));
}

/** A signal that is aborted in the same turn of the event loop. */
function abortedSoon(): AbortSignal {
  const aborter = new AbortController();
  queueMicrotask(() => aborter.abort('enough'));
  return aborter.signal;
}

/** Two nodes. */
async function givenNodes() {
  const {adapter} = new Cluster();
  const options = {component: {io: {adapter}}};
  const here = await givenAsker(undefined, {}, options);
  const there = await givenAsker(undefined, {}, options);
  return {
    here,
    there,
    [Symbol.asyncDispose]: async () => {
      await here[Symbol.asyncDispose]();
      await there[Symbol.asyncDispose]();
    },
  };
}

describe('on two nodes, an ask', () => {
  it('of a user takes the first answer, wherever it comes from', async () => {
    await using nodes = await givenNodes();
    const {here, there} = nodes;
    await using silent = await givenTab(here.server.url, 'ana');
    await using far = await givenTab(there.server.url, 'ana');
    answers(far, 'confirm', {result: 'far'});
    answers(silent, 'near', {result: 'near'});
    assert.equal(await here.server.askUser('ana', 'confirm', 1, QUICK), 'far');
    assert.equal(await here.server.askUser('ana', 'near', 1, QUICK), 'near');
    assert.equal(await there.server.askUser('ana', 'near', 1, QUICK), 'near');
    assert.equal(acksOf(here) + asksOf(here), 0);
    await silent.next('confirm');
    assert.equal(silent.names.filter(name => name === 'confirm').length, 1);
  });

  it('ends with 404 at once where nobody is on either', async () => {
    await using nodes = await givenNodes();
    const {here} = nodes;
    await assert.rejects(here.server.askUser('ana', 'confirm', 1, QUICK), {
      code: 'NOBODY_THERE',
    });
    await using tab = await givenTab(here.server.url, 'ana');
    const ask = here.server.askUser('ana', 'confirm', 1, QUICK);
    await tab.next('confirm');
    tab.socket.disconnect();
    await assert.rejects(ask, {code: 'CLIENT_GONE'});
  });

  it('waits for the other node until it times out', async () => {
    await using nodes = await givenNodes();
    const {here, there} = nodes;
    await using tab = await givenTab(there.server.url, 'ana');
    const ask = here.server.askUser('ana', 'confirm', 1, {
      timeout: 100,
      cancellable: true,
    });
    const cancelled = tab.next('$cancel');
    await assert.rejects(ask, {code: 'CALL_TIMEOUT'});
    await cancelled;
    answers(tab, 'wrong', 'no Reply');
    await assert.rejects(here.server.askUser('ana', 'wrong', 1, QUICK), {
      code: 'BAD_ANSWER',
    });
    answers(tab, 'no', {error: {statusCode: 403}});
    await assert.rejects(here.server.askUser('ana', 'no', 1, QUICK), {statusCode: 403});
  });

  it('is not sent to the other node when it is over before', async () => {
    await using nodes = await givenNodes();
    const {here, there} = nodes;
    await using near = await givenTab(here.server.url, 'ana');
    await using far = await givenTab(there.server.url, 'ana');
    const options = {...QUICK, cancellable: true};
    const aborted = here.server.askUser('ana', 'confirm', 1, {
      ...options,
      signal: abortedSoon(),
    });
    await assert.rejects(aborted, (reason: unknown) => reason === 'enough');
    await near.next('$cancel');
    answers(far, 'later', {result: 'far'});
    assert.equal(await here.server.askUser('ana', 'later', 1, QUICK), 'far');
    assert.deepEqual(far.names.slice(2), ['later']);
  });

  it('leaves no ack on the other node', async () => {
    await using nodes = await givenNodes();
    const {here, there} = nodes;
    await using tab = await givenTab(there.server.url, 'ana');
    for (const timeout of [20, 30]) {
      const ask = here.server.askUser('ana', 'confirm', 1, {timeout});
      await tab.next('confirm');
      assert.equal(acksOf(there), 1);
      await assert.rejects(ask, {code: 'CALL_TIMEOUT'});
      while (acksOf(there) > 0) await tab.call('any');
    }
  });

  it('of a room gives the answers of both', async () => {
    await using nodes = await givenNodes();
    const {here, there} = nodes;
    await using near = await givenTab(here.server.url, 'ana');
    await using far = await givenTab(there.server.url, 'ben');
    answers(near, 'position', {result: 'near'});
    answers(far, 'position', {result: 'far'});
    const seen = new Map<unknown, unknown>();
    for await (const {socket, result} of here.server.askRoom('all', 'position', 1, QUICK))
      seen.set(result, socket?.id);
    assert.deepEqual([...seen].sort(), [
      ['far', undefined],
      ['near', near.socket.id],
    ]);
  });

  it('reaches a socket of `fetchUserSockets` on the other', async () => {
    await using nodes = await givenNodes();
    const {here, there} = nodes;
    await using near = await givenTab(here.server.url, 'ana');
    await using far = await givenTab(there.server.url, 'ana');
    answers(near, 'confirm', {result: near.socket.id});
    answers(far, 'confirm', {result: far.socket.id});
    const sockets = await here.server.fetchUserSockets('ana');
    assert.equal(sockets.length, 2);
    for (const socket of sockets)
      assert.equal(await here.server.ask(socket, 'confirm', 1, QUICK), socket.id);
  });
});

describe('where the adapter fails, an ask', () => {
  it('is answered by the sockets of this node', async () => {
    const {adapter: Adapter} = new Cluster();
    class Failing extends Adapter {
      override serverCount(): Promise<number> {
        return Promise.reject(new Error('The engine is away.'));
      }
    }
    await using given = await givenAsker(
      undefined,
      {},
      {
        component: {io: {adapter: Failing}},
      },
    );
    await using tab = await givenTab(given.server.url, 'ana');
    answers(tab, 'confirm', {result: 'yes'});
    assert.equal(await given.server.askUser('ana', 'confirm', 1, QUICK), 'yes');
    await assert.rejects(given.server.askUser('ben', 'confirm', 1, {timeout: 20}), {
      code: 'CALL_TIMEOUT',
    });
    assert.equal(given.logged.length, 2);
  });
});
