import {Context, InterceptedInvocationContext} from '@loopback/core';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {
  CONTEXT_PARTS,
  indexTags,
  LIGHT,
  makeLight,
  OWN_PARTS,
  setUpContext,
} from '../../../dist/context/light-context';

const changed =
  'LoopBack has changed what a Context consists of; see src/dispatch/light-context.ts and invocation.ts.';

describe('what this package relies on in LoopBack’s contexts:', () => {
  it('they consist of these parts', () => {
    assert.deepEqual(
      Object.keys(new Context('name')).sort(),
      [...CONTEXT_PARTS].sort(),
      changed,
    );
    assert.ok(LIGHT, changed);
  });

  it('one that is made light has the same parts, each when it is used', () => {
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

  it('an invocation context adds these', () => {
    const made = new InterceptedInvocationContext(new Context(), {}, 'method', []);
    const added = Object.keys(made).filter(part => !CONTEXT_PARTS.includes(part));
    const known = ['target', 'methodName', 'args', 'source'];
    assert.deepEqual(
      added.filter(part => !known.includes(part)),
      [],
      changed,
    );
  });
});
