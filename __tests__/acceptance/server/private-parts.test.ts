import {Application, LifeCycleObserverRegistry} from '@loopback/core';
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {putGroupLast} from '../../../dist/server/life-cycle-order';
import {changedPart, without} from '../../helpers/private-parts';

describe('a version of @loopback/core', () => {
  for (const part of ['options', 'observersView']) {
    it(`that lacks LifeCycleObserverRegistry.${part} is refused`, () =>
      without(LifeCycleObserverRegistry.prototype, part, () =>
        assert.rejects(putGroupLast(new Application(), 'group'), {
          message: changedPart('@loopback/core', `LifeCycleObserverRegistry.${part}`),
        }),
      ));
  }
});
