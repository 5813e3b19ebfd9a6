import assert from 'node:assert/strict';
import {it, mock} from 'node:test';
import {AuthenticationQueue} from '../../../dist/session/authentication-queue';

/** A queue of that many at once, and what it has started. */
function givenQueue(limit: number) {
  const queue = new AuthenticationQueue();
  queue.limit = limit;
  const started: string[] = [];
  const owners = new Map<string, object>();
  const owner = (name: string) => {
    if (!owners.has(name)) owners.set(name, {name});
    return owners.get(name)!;
  };
  const enter = (name: string, most = 1000) => {
    if (queue.tryStart(owner(name), most)) started.push(name);
    else queue.wait(owner(name), most, () => started.push(name));
  };
  return {queue, started, owner, enter};
}

it('a queue starts those that wait in order, as others finish', () => {
  const {queue, started, owner, enter} = givenQueue(2);
  for (const name of ['a', 'b', 'c', 'd', 'e']) enter(name);
  assert.deepEqual(started, ['a', 'b']);
  assert.ok(queue.isWaiting(owner('c')));
  queue.finish(owner('b'));
  queue.finish(owner('b'));
  assert.deepEqual(started, ['a', 'b', 'c']);
  assert.ok(queue.leave(owner('d')));
  assert.equal(queue.leave(owner('a')), false);
  queue.finish(owner('a'));
  queue.finish(owner('c'));
  assert.deepEqual(started, ['a', 'b', 'c', 'e']);
  queue.finish(owner('e'));
  enter('f');
  assert.equal(started.at(-1), 'f');
});

/** Runs with a clock that goes on when it is told to. */
function withClock(run: (tick: (ms: number) => void) => void): void {
  mock.timers.enable({apis: ['setTimeout']});
  let now = 0;
  const clock = mock.method(performance, 'now', () => now);
  try {
    run(ms => {
      now += ms;
      mock.timers.tick(ms);
    });
  } finally {
    clock.mock.restore();
    mock.timers.reset();
  }
}

it('a queue keeps none that hangs, though no other waits', () => {
  withClock(tick => {
    const {queue, enter} = givenQueue(5);
    const kept = () => (queue as unknown as {running: Map<object, number>}).running.size;
    enter('first', 100);
    enter('second', 300);
    const counts: number[] = [];
    for (const ms of [99, 1, 199, 1]) {
      tick(ms);
      counts.push(kept());
    }
    assert.deepEqual(counts, [2, 1, 1, 0]);
  });
});

it('a queue does not count one that takes longer than it may, and finishes it once', () => {
  withClock(tick => {
    const {queue, started, owner, enter} = givenQueue(1);
    enter('hangs', 1000);
    tick(500);
    enter('next', 50);
    enter('third', 50);
    tick(499);
    assert.deepEqual(started, ['hangs']);
    tick(1);
    assert.deepEqual(started, ['hangs', 'next']);
    queue.finish(owner('hangs'));
    tick(49);
    assert.deepEqual(started, ['hangs', 'next']);
    tick(1);
    assert.deepEqual(started, ['hangs', 'next', 'third']);
  });
});
