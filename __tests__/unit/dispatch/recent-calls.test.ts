import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {callKey, RecentCalls} from '../../../dist/dispatch/recent-calls';

const WINDOW = {time: 60_000, calls: 2};

/** Takes note of a call that repeats none. */
function begin(recent: RecentCalls, id: string, window: object = {}) {
  const {call, isNew} = recent.claim({...WINDOW, ...window}, 'user', id, undefined);
  assert.ok(isNew, `${id} is not known`);
  return (reply: object) => call.settle([reply], [JSON.stringify(reply)]);
}

/** True when a call gets the answer of an earlier one. */
const isKnown = (recent: RecentCalls, id: string, user = 'user') =>
  !recent.claim(WINDOW, user, id, undefined).isNew;

describe('calls that are remembered', () => {
  it('are those that were answered last, however many ran at the same time', () => {
    const recent = new RecentCalls();
    const ids = ['1', '2', '3', '4', '5'];
    for (const ack of ids.map(id => begin(recent, id))) ack({result: 1});
    for (const id of ['5', '4']) assert.ok(isKnown(recent, id), id);
    for (const id of ['1', '2', '3']) assert.equal(isKnown(recent, id), false, id);
    recent.clear();
  });

  it('are those that were repeated last, because their client has not got the answer', () => {
    const recent = new RecentCalls();
    for (const id of ['1', '2']) begin(recent, id)({result: 1});
    assert.ok(isKnown(recent, '1'));
    begin(recent, '3')({result: 1});
    assert.ok(isKnown(recent, '1'));
    assert.equal(isKnown(recent, '2'), false);
    recent.clear();
  });

  it('are not forgotten for calls that have not been answered yet', () => {
    const recent = new RecentCalls();
    const running = ['1', '2', '3'].map(id => begin(recent, id));
    begin(recent, 'answered')({result: 1});
    running.push(begin(recent, '4'));
    assert.ok(isKnown(recent, 'answered'));
    assert.equal(running.length, 4);
    recent.clear();
  });

  it('take no more memory than the window allows', () => {
    const recent = new RecentCalls();
    const window = {calls: 100, bytes: 1200};
    const text = 'x'.repeat(400);
    for (const id of ['1', '2', '3']) begin(recent, id, window)({result: text});
    for (const id of ['2', '3']) assert.ok(isKnown(recent, id), id);
    assert.equal(isKnown(recent, '1'), false);
    recent.clear();
  });

  it('take no more memory than the window allows, their ids included', () => {
    const recent = new RecentCalls();
    const window = {calls: 100, bytes: 1000};
    const ids = ['1', '2', '3'].map(id => id.repeat(300));
    for (const id of ids) begin(recent, id, window)({result: 1});
    assert.ok(isKnown(recent, ids[1]));
    assert.equal(isKnown(recent, ids[0]), false);
    recent.clear();
  });

  it('are told apart without keeping long names of namespaces', () => {
    const names = ['/a', '/b', `/${'a'.repeat(100_000)}`, `/${'b'.repeat(100_000)}`];
    const keys = names.flatMap(name => [
      callKey(name, 'x', 'y'),
      callKey(name, 'xy', ''),
    ]);
    assert.equal(new Set(keys).size, keys.length);
    for (const key of keys) assert.ok(key.length < 100, key);
    assert.deepEqual(
      keys,
      names.flatMap(name => [callKey(name, 'x', 'y'), callKey(name, 'xy', '')]),
    );
  });

  it('are not forgotten for an answer that is too large to be kept', () => {
    const recent = new RecentCalls();
    const window = {bytes: 1000};
    begin(recent, 'small', window)({result: 1});
    begin(recent, 'large', window)({result: [['x'.repeat(2000)]]});
    assert.ok(isKnown(recent, 'small'));
    assert.equal(isKnown(recent, 'large'), false);
    recent.clear();
  });

  for (const [title, next] of [
    ['new ones', (time: number) => `new ${time}`],
    ['repeated ones', () => 'first'],
  ] as const) {
    it(`are kept while the user makes others, and no longer: ${title}`, t => {
      let now = 1000;
      t.mock.timers.enable({apis: ['setTimeout']});
      t.mock.method(performance, 'now', () => now);
      const pass = (ms: number) => {
        now += ms;
        t.mock.timers.tick(ms);
      };
      const recent = new RecentCalls();
      const claim = (id: string, user = 'user') => {
        const window = {time: WINDOW.time, calls: 100};
        const {call, isNew} = recent.claim(window, user, id, undefined);
        if (!isNew) return 'known';
        call.settle([], []);
        return 'new';
      };
      claim('first');
      claim('first', 'another user');
      for (let time = 0; time < 5; time++) {
        pass(WINDOW.time - 1);
        assert.equal(claim(next(time)), next(time) === 'first' ? 'known' : 'new');
      }
      assert.equal(isKnown(recent, 'first', 'another user'), false);
      assert.ok(isKnown(recent, 'first'));
      pass(2 * WINDOW.time);
      assert.equal(isKnown(recent, 'first'), false);
      recent.clear();
    });
  }

  it('of one who may come back are forgotten in time, unless they are back or have left again', t => {
    t.mock.timers.enable({apis: ['setTimeout']});
    const recent = new RecentCalls();
    begin(recent, '1');
    let back = true;
    recent.forgetLater('user', 100, () => back);
    t.mock.timers.tick(60);
    back = false;
    recent.forgetLater('user', 100, () => back);
    t.mock.timers.tick(60);
    assert.ok(isKnown(recent, '1'));
    t.mock.timers.tick(60);
    assert.equal(isKnown(recent, '1'), false);
    back = true;
    recent.forgetLater('user', 100, () => back);
    t.mock.timers.tick(200);
    assert.ok(isKnown(recent, '1'));
    recent.clear();
  });

  it('of one who cannot come back are forgotten', () => {
    const recent = new RecentCalls();
    begin(recent, '1');
    assert.ok(isKnown(recent, '1'));
    recent.forget('user');
    assert.equal(isKnown(recent, '1'), false);
    recent.clear();
  });
});
