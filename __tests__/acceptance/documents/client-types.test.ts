import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {promisify} from 'node:util';
import {Kitchen, readRecipes} from '../../helpers/recipes';

const NAME = 'client-document';
const COMMAND = join(__dirname, '../../../client/dist/command.js');

describe('the types of docs/client.md', () => {
  it('are what the command writes of its server', async () => {
    const recipes = readRecipes('docs/client.md').filter(({name}) => name === NAME);
    using kitchen = new Kitchen(recipes);
    assert.deepEqual(kitchen.compile(), []);
    const started = await kitchen.start(NAME);
    try {
      const from = `${started.url}/asyncapi.json`;
      const args = [COMMAND, 'types', '--from', from, '--out', 'web/api.ts', '--check'];
      const options = {cwd: join(kitchen.folder, NAME)};
      const {stdout} = await promisify(execFile)(process.execPath, args, options);
      assert.equal(stdout, 'web/api.ts is up to date.\n');
    } finally {
      await started.stop();
    }
  });
});
