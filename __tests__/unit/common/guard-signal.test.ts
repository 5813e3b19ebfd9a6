import assert from 'node:assert/strict';
import {EventEmitter, getEventListeners, once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, it} from 'node:test';
import {setTimeout as wait} from 'node:timers/promises';
import {guardSignal} from '../../../dist/common/guarded';
import {Queue} from '../../helpers/queue';

function given() {
  const aborter = new AbortController();
  const {signal} = aborter;
  const faults = new Queue<unknown>();
  guardSignal(signal, error => faults.push(error));
  return {aborter, signal, faults};
}

const aborted = {name: 'AbortError'};

describe('the listeners of a guarded signal', () => {
  const fault = new Error('cause');
  const fail = () => {
    throw fault;
  };
  const ways: Record<string, (signal: AbortSignal) => void> = {
    'a function': signal => signal.addEventListener('abort', fail),
    'an async function': signal =>
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- as applications do
      signal.addEventListener('abort', async () => {
        await new Promise(setImmediate);
        fail();
      }),
    'an object': signal => signal.addEventListener('abort', {handleEvent: fail}),
    'one that is called once': signal =>
      signal.addEventListener('abort', fail, {once: true}),
    onabort: signal => (signal.onabort = fail),
  };
  for (const [title, listen] of Object.entries(ways)) {
    it(`may fail: ${title}`, async () => {
      const {aborter, signal, faults} = given();
      const called = once(signal, 'abort');
      listen(signal);
      aborter.abort();
      assert.equal(await faults.next(), fault);
      await called;
    });
  }

  it('are called with the event, on what they were given as', () => {
    const {aborter, signal} = given();
    const seen: unknown[] = [];
    function note(this: unknown, {type, target}: Event) {
      seen.push([this === signal, type, target === signal]);
    }
    const object = {
      handleEvent(this: unknown, {type, target}: Event) {
        seen.push([this === object, type, target === signal]);
      },
    };
    signal.addEventListener('abort', note);
    signal.addEventListener('abort', object);
    signal.onabort = note;
    assert.equal(signal.onabort, note);
    aborter.abort();
    assert.deepEqual(seen, Array(3).fill([true, 'abort', true]));
  });

  it('are added once and removed, as those of any signal', () => {
    const {aborter, signal} = given();
    let calls = 0;
    const count = () => calls++;
    const removed = () => assert.fail();
    const listen = (target: AbortSignal) => {
      for (let time = 0; time < 2; time++) {
        target.addEventListener('abort', count);
        target.addEventListener('abort', removed);
      }
      target.removeEventListener('abort', removed);
      const remover = new AbortController();
      target.addEventListener('abort', removed, {signal: remover.signal});
      remover.abort();
      target.onabort = removed;
      target.onabort = null;
      return getEventListeners(target, 'abort').length;
    };
    assert.equal(listen(signal), listen(new AbortController().signal));
    aborter.abort();
    assert.equal(calls, 1);
  });

  it('cannot be what Node does not take', () => {
    const {signal} = given();
    assert.throws(() => signal.addEventListener('abort', 'text' as never), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
    signal.removeEventListener('abort', null as never);
  });
});

describe('a guarded signal', () => {
  it('is an AbortSignal, also for AbortSignal.any', () => {
    const {aborter, signal, faults} = given();
    assert.ok(signal instanceof AbortSignal);
    const any = AbortSignal.any([signal, new AbortController().signal]);
    aborter.abort(new Error('reason'));
    assert.equal(any.reason, signal.reason);
    assert.throws(() => signal.throwIfAborted(), {message: 'reason'});
    assert.equal(faults.size, 0);
  });

  it('aborts what Node does: timers, events and fetch', async () => {
    const server = createServer(() => undefined);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const {port} = server.address() as AddressInfo;
    const {aborter, signal} = given();
    const asked = once(server, 'request');
    const work = [
      wait(2 ** 30, undefined, {signal}),
      once(new EventEmitter(), 'never', {signal}),
      fetch(`http://127.0.0.1:${port}`, {signal}),
    ].map(promise => assert.rejects(promise, aborted));
    await asked;
    aborter.abort();
    await Promise.all(work);
    server.closeAllConnections();
    await once(server.close(), 'close');
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});
