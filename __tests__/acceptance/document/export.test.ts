import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, it} from 'node:test';
import {load} from 'js-yaml';
import {exportAsyncApiSpec, getAsyncApiSpec} from 'loopback4-socket';
import {givenApp} from '../../helpers/app';
import {AuthController} from '../../helpers/auth-controller';

describe('exportAsyncApiSpec', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'asyncapi-'));
  });

  after(() => rm(folder, {recursive: true}));

  for (const [file, read] of Object.entries({
    'spec.json': JSON.parse,
    'spec.yaml': load,
    'spec.yml': load,
  })) {
    it(`writes ${file}`, async () => {
      await using given = await givenApp({controllers: [AuthController], start: false});
      const path = join(folder, file);
      const lines: string[] = [];
      await exportAsyncApiSpec(given.app, path, line => lines.push(line));
      assert.deepEqual(lines, [`The AsyncAPI document has been saved to ${path}.`]);
      const spec = await getAsyncApiSpec(given.app);
      assert.deepEqual(read(await readFile(path, 'utf8')), spec);
    });
  }

  it('prints JSON without a file', async () => {
    await using given = await givenApp({controllers: [AuthController], start: false});
    const lines: string[] = [];
    await exportAsyncApiSpec(given.app, undefined, line => lines.push(line));
    assert.deepEqual(JSON.parse(lines.join('')), await getAsyncApiSpec(given.app));
  });

  it('rejects when the file cannot be written', async () => {
    await using given = await givenApp({controllers: [AuthController], start: false});
    const path = join(folder, 'missing', 'spec.json');
    await assert.rejects(exportAsyncApiSpec(given.app, path), /ENOENT/);
  });
});
