import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {weigh} from '../../../dist/common/weight';

const MOST = 10_000;

describe('the weight of a value', () => {
  it('grows with its texts, its names and its values', () => {
    const values = [
      undefined,
      {a: 1},
      {longer: 1},
      {longer: 1, other: 2},
      {longer: 'x'.repeat(100)},
      {longer: ['x'.repeat(100), {more: 'y'.repeat(100)}]},
      Array.from({length: 100}, () => 1),
      new Uint8Array(5000),
      {result: Buffer.alloc(6000)},
    ];
    const weights = values.map(value => weigh(value, MOST));
    assert.deepEqual(
      weights,
      [...weights].sort((one, other) => one - other),
    );
    assert.equal(new Set(weights).size, values.length);
  });

  it('is not counted to the end of what is too heavy', () => {
    const circular: {self?: unknown; list?: unknown[]} = {list: []};
    circular.self = circular;
    const heavy = [circular, 'x'.repeat(MOST), Array.from({length: 1e6}, () => 1)];
    for (const value of heavy) {
      const weight = weigh(value, MOST);
      assert.ok(weight > MOST && weight < 2 * MOST, String(weight));
    }
  });

  it('is infinite for what cannot be read', () => {
    const faulty = {
      get broken() {
        throw new Error('broken');
      },
    };
    assert.equal(weigh({faulty}, MOST), Infinity);
  });
});
