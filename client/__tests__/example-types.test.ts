import assert from 'node:assert/strict';
import {cpSync} from 'node:fs';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {ROOT, Workshop} from './helpers/command';

const EXAMPLE = join(ROOT, 'example');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

describe('The types of the example', () => {
  it('are those of its document, as its script exports it', async () => {
    using workshop = new Workshop();
    const script = join(EXAMPLE, 'dist', 'asyncapi-spec.js');
    const exported = await workshop.run(script, 'asyncapi.json');
    assert.equal(exported.code, 0, exported.stderr);
    const api = join(EXAMPLE, 'types', 'api.ts');
    const checked = await workshop.types(
      '--from',
      'asyncapi.json',
      '--out',
      api,
      '--check',
    );
    assert.equal(checked.code, 0, `${checked.stdout}Run: cd example && npm run types`);
  });

  it('let a change of the server break the build of its page', async () => {
    using workshop = new Workshop();
    for (const folder of ['types', 'public']) {
      cpSync(join(EXAMPLE, folder), join(workshop.folder, folder), {recursive: true});
    }
    const compile = () => workshop.run(TSC, '-p', 'types', '--pretty', 'false');
    const {code, stdout} = await compile();
    assert.equal(code, 0, stdout);
    const api = workshop.read('types/api.ts');
    workshop.write('types/api.ts', api.replace('skip?: number', 'page: number'));
    assert.match((await compile()).stdout, /^public\/app\.js\(.*'page' is missing/s);
    workshop.write('types/api.ts', api.replace('announcement:', 'announced:'));
    assert.match((await compile()).stdout, /^public\/app\.js\(.*"announcement"/s);
  });
});
