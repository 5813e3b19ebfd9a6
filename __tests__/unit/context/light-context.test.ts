import {Context} from '@loopback/core';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {
  indexTags,
  makeLight,
  OWN_PARTS,
  setUpContext,
} from '../../../dist/context/light-context';

describe('a light context', () => {
  it('has the parts of any other, each when it is used', () => {
    const parent = new Context('parent');
    const made = new Context(parent, 'name');
    class Light extends Context {}
    makeLight(Light.prototype);
    const light = Object.create(Light.prototype) as Light;
    setUpContext(light, parent, 'name', new Map());
    assert.deepEqual(Object.keys(light).sort(), [...OWN_PARTS].sort());
    for (const [part, value] of Object.entries(made)) {
      if (part.startsWith('_events')) continue;
      const own: unknown = Reflect.get(light, part);
      assert.equal(typeof own, typeof value, part);
      const kind = (one: unknown): unknown => Object.getPrototypeOf(Object(one));
      assert.ok(kind(own) === kind(value), part);
    }
    parent.bind('key').to(1);
    indexTags(light);
    light.bind('own').to(2).tag('tagged');
    assert.deepEqual([light.getSync('key'), light.getSync('own')], [1, 2]);
    assert.deepEqual(
      light.findByTag('tagged').map(({key}) => key),
      ['own'],
    );
    assert.equal(parent.contains('own'), false);
    light.close();
  });
});
