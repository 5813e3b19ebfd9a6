import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {dirname, join as joinPath} from 'node:path/posix';
import {describe, it} from 'node:test';

const ROOT = join(__dirname, '..', '..');
const TEXT = readFileSync(join(ROOT, 'docs', 'architecture.md'), 'utf8');
const FILES = readdirSync(join(ROOT, 'src'), {recursive: true, encoding: 'utf8'})
  .map(file => file.replaceAll('\\', '/'))
  .filter(file => file.endsWith('.ts'));

/** What the table of files lists, in its order: names in a row are in the first one's folder. */
const LISTED = [...TEXT.matchAll(/^\| (`[^|]+`) +\|/gm)].flatMap(([, cell]) => {
  const [first, ...others] = [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  return [first, ...others.map(name => joinPath(dirname(first), name))];
});

/** Where a file stands in the table; those of a folder stand in one place. */
const placeOf = (file: string) =>
  LISTED.findIndex(one => (one.endsWith('/') ? file.startsWith(one) : file === one));

/** What a file imports from others of the package, types aside. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(ROOT, 'src', file), 'utf8');
  const found = source.matchAll(
    /^(?:import|export)\s+(?!type\b)(?:[^;']*\sfrom\s+)?'(\.[^']+)'/gm,
  );
  return [...found].map(([, path]) => `${joinPath(dirname(file), path)}.ts`);
}

describe('the files of docs/architecture.md', () => {
  it('are those that exist', () => {
    assert.deepEqual(
      FILES.filter(file => placeOf(file) < 0),
      [],
      'not in the table',
    );
    assert.deepEqual(
      LISTED.filter((_, place) => !FILES.some(file => placeOf(file) === place)),
      [],
      'not in src/, or listed twice',
    );
  });

  it('import only from those above them', () => {
    const imports = FILES.flatMap(file => importsOf(file).map(to => [file, to]));
    assert.ok(imports.length > 150);
    const downwards = imports.filter(([file, to]) => {
      const inFolder = LISTED[placeOf(file)]?.endsWith('/');
      return placeOf(to) > placeOf(file) || (placeOf(to) === placeOf(file) && !inFolder);
    });
    assert.deepEqual(downwards, []);
  });
});
