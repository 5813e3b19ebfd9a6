import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {copyPlain} from '../../../dist/engine/plain-copy';

/** Cannot be made with a length, as methods of `Array` do. */
class Rows extends Array<number> {
  constructor(
    readonly table: string,
    rows: Iterable<number>,
  ) {
    super();
    this.push(...rows);
  }

  toJSON(): object {
    return {[this.table]: [...this]};
  }
}

describe('copyPlain', () => {
  const plain: [what: string, value: object][] = [
    ['an empty object', {}],
    ['values of all types', {i: 1, price: -0.5, symbol: 'Ä"\n', open: true, note: null}],
    ['a number without JSON', {ratio: NaN, limit: Infinity}],
    ['an absent value', {a: undefined, b: [undefined, 1]}],
    ['nested objects and arrays', {rows: [{at: {x: 1}}, [2, [3]]], total: 2}],
    ['an array', [1, 'two', {three: 3}]],
    ['an own key __proto__', JSON.parse('{"__proto__": {"a": 1}}') as object],
  ];
  for (const [what, value] of plain) {
    it(`has the JSON of ${what}`, () => {
      const {copy, bytes} = copyPlain(value) ?? {};
      assert.equal(JSON.stringify(copy), JSON.stringify(value));
      assert.ok(bytes && bytes >= 2);
    });
  }

  it('does not change with its object', () => {
    const item = {at: {x: 1}, list: [1]};
    const plain = copyPlain(item);
    item.at.x = 2;
    item.list.push(2);
    assert.deepEqual(plain?.copy, {at: {x: 1}, list: [1]});
  });

  it('counts at least the length of its JSON', () => {
    const item = {
      name: 'a'.repeat(1000),
      price: 1.5,
      open: false,
      list: [1, 2],
      no: null,
    };
    const {length} = JSON.stringify(item);
    const {bytes = 0} = copyPlain(item) ?? {};
    assert.ok(bytes >= length && bytes < length + 100, `${bytes} for ${length}`);
  });

  const others: [what: string, value: unknown][] = [
    ['no object', 1],
    ['null', null],
    ['undefined', undefined],
    ['a date', new Date()],
    ['binary data', {data: Buffer.from('a')}],
    ['a promise', {later: Promise.resolve()}],
    ['a bigint', {n: 1n}],
    ['a method toJSON', {toJSON: () => 1}],
    ['an instance of another class', new Map()],
    ['an instance of a class of arrays', new Rows('ships', [1, 2])],
    ['an array with a method toJSON', Object.assign([1], {toJSON: () => 2})],
  ];
  for (const [what, value] of others) {
    it(`leaves ${what} to the parser`, () => assert.equal(copyPlain(value), undefined));
  }
});
