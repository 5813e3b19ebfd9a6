import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {describe, it} from 'node:test';
import {checkRest} from '../../../dist/validation/private-parts';
import {changedPart, isRefused, replaced, without} from '../../helpers/private-parts';
import {seconds} from '../../helpers/awaited';

const PACKAGE = '@loopback/rest';
const rest = createRequire(require.resolve(PACKAGE));
const dist = dirname(require.resolve(PACKAGE));

/** Functions of the package that are used, and the module that defines each. */
const MODULES: Record<string, string> = {
  parseOperationArgs: 'parser',
  validateValueAgainstSchema: 'validation/request-body.validator',
};

type Parse = (request: object, route: object, ...others: unknown[]) => Promise<unknown[]>;

describe(`a version of ${PACKAGE}`, {timeout: seconds(60)}, () => {
  for (const [part, path] of Object.entries(MODULES)) {
    const module = rest(join(dist, path)) as Record<string, unknown>;
    it(`that lacks ${part} is refused`, () =>
      without(module, part, () => isRefused(PACKAGE, part)));
  }

  it('that reads query parameters from the URL is refused', () => {
    const module = rest(join(dist, MODULES.parseOperationArgs)) as Record<string, Parse>;
    const {parseOperationArgs: parse} = module;
    const fromUrl: Parse = (request, ...others) =>
      parse({...request, query: {}}, ...others);
    return replaced(module, 'parseOperationArgs', {value: fromUrl}, () =>
      assert.rejects(checkRest, {message: changedPart(PACKAGE, 'parseOperationArgs')}),
    );
  });

  it('that is installed has all parts', checkRest);
});
