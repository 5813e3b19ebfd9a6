import assert from 'node:assert/strict';
import {after, before, describe, it} from 'node:test';
import {Kitchen, readRecipes} from '../../helpers/recipes';
import type {Recipe} from '../../helpers/recipes';

const DOCUMENTS = [
  'docs/recipes.md',
  'docs/recipes-connections.md',
  'docs/testing.md',
] as const;
const recipes = DOCUMENTS.flatMap(document => readRecipes(document));

/** A recipe in which one thing is written otherwise. */
function otherwise(name: string, from: string, to: string): Recipe {
  const recipe = recipes.find(one => one.name === name);
  assert(recipe);
  const snippets = recipe.snippets.map(snippet => ({
    ...snippet,
    code: snippet.code.replace(from, to),
  }));
  assert.notDeepEqual(snippets, recipe.snippets, `${name} has no ${from}`);
  return {...recipe, name: `${name}-otherwise`, snippets};
}

describe('the recipes of docs/', () => {
  const {JWT_SECRET} = process.env;
  let kitchen: Kitchen;
  let problems: string[];

  before(() => {
    process.env.JWT_SECRET = 'a secret of the test';
    kitchen = new Kitchen([
      ...recipes,
      otherwise('emitting', "emit('news', text)", "emit('new', text)"),
      otherwise('validation', "{result: 'Hello'}", "{result: 'Bye'}"),
      otherwise(
        'jwt',
        "console.log(await ana.emitWithAck('pay'))",
        "console.log('paid')",
      ),
      otherwise('testing', "'Hello world'", "'Bye world'"),
    ]);
    problems = kitchen.compile();
  });

  after(() => {
    kitchen[Symbol.dispose]();
    if (JWT_SECRET === undefined) delete process.env.JWT_SECRET;
    else process.env.JWT_SECRET = JWT_SECRET;
  });

  it('compiles', () => {
    assert.deepEqual(
      problems.filter(problem => !problem.startsWith('emitting-otherwise/')),
      [],
    );
  });

  for (const {name} of recipes) {
    it(`does what it says of ${name}`, () => kitchen.serve(name));
  }

  it('would fail with an event that is not there, as it says', () => {
    const [problem] = problems.filter(one => one.startsWith('emitting-otherwise/'));
    assert.match(problem, /news\.service\.ts:\d+ .*"new"/);
  });

  it('would fail with another result', async () => {
    await assert.rejects(kitchen.serve('validation-otherwise'), assert.AssertionError);
    await assert.rejects(kitchen.serve('jwt-otherwise'), assert.AssertionError);
    await assert.rejects(kitchen.serve('testing-otherwise'), /Bye world/);
  });
});
