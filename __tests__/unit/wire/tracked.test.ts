import {MAX_ITEM_ID_LENGTH, tracked} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';

describe('tracked', () => {
  it('keeps the id and the value', () => {
    const value = {text: 'Hello'};
    const item = tracked('a'.repeat(MAX_ITEM_ID_LENGTH), value);
    assert.equal(item.id.length, MAX_ITEM_ID_LENGTH);
    assert.equal(item.value, value);
    assert.deepEqual(Object.keys(item), ['id', 'value']);
  });

  const wrong: [id: unknown, message: RegExp][] = [
    ['', /It has 0 characters/],
    ['a'.repeat(MAX_ITEM_ID_LENGTH + 1), /1 to 128 characters\. It has 129/],
    [7, /It is of type number/],
    [undefined, /It is of type undefined/],
    [null, /It is null/],
  ];
  for (const [id, message] of wrong) {
    it(`refuses the id ${String(id).slice(0, 12)} (${typeof id})`, () => {
      assert.throws(() => tracked(id as string, 1), {name: 'TypeError', message});
    });
  }
});
