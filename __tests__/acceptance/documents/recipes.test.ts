import assert from 'node:assert/strict';
import {after, before, describe, it} from 'node:test';
import {Kitchen, readRecipes} from '../../helpers/recipes';
import type {Recipe} from '../../helpers/recipes';

const DOCUMENTS = [
  'docs/recipes.md',
  'docs/recipes-connections.md',
  'docs/recipes-streams.md',
  'docs/streams.md',
  'docs/testing.md',
  'docs/client.md',
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
      otherwise('client-errors', "'There is no order 9.'", "'Paid.'"),
      otherwise('client-events', "client.on('paid'", "client.on('payed'"),
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
      problems.filter(
        problem => !/^(?:emitting|client-events)-otherwise\//.test(problem),
      ),
      [],
    );
  });

  for (const {name} of recipes.filter(({isRun}) => isRun)) {
    it(`does what it says of ${name}`, () => kitchen.serve(name));
  }

  it('would fail with an event that is not there, as it says', () => {
    const [problem] = problems.filter(one => one.startsWith('emitting-otherwise/'));
    assert.match(problem, /news\.service\.ts:\d+ .*"new"/);
    const [other] = problems.filter(one => one.startsWith('client-events-otherwise/'));
    assert.match(other, /events\.ts:\d+ .*"payed"/);
  });

  it('would fail with another result', async () => {
    await assert.rejects(kitchen.serve('validation-otherwise'), assert.AssertionError);
    await assert.rejects(kitchen.serve('jwt-otherwise'), assert.AssertionError);
    await assert.rejects(kitchen.serve('client-errors-otherwise'), assert.AssertionError);
    await assert.rejects(kitchen.serve('testing-otherwise'), /Bye world/);
  });
});
