import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {dirname, join as joinPath} from 'node:path/posix';
import {describe, it} from 'node:test';

const ROOT = join(__dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'docs', 'architecture.md'), 'utf8');
const ROOT_FILES = '(root)';

interface Import {
  readonly from: string;
  readonly to: string;
}

const FILES = readdirSync(join(ROOT, 'src'), {recursive: true, encoding: 'utf8'})
  .map(file => file.replaceAll('\\', '/'))
  .filter(file => file.endsWith('.ts'));

/** All imports and exports of a file from others of the package, those of types included. */
function importsOf(from: string, source: string): Import[] {
  const found = source.matchAll(
    /(?:^(?:import|export)\s[^;']*?from\s+|^import\s+|\bimport\()'(\.[^']+)'/gm,
  );
  return [...found].map(([, path]) => ({
    from,
    to: `${joinPath(dirname(from), path)}.ts`,
  }));
}

const IMPORTS = FILES.flatMap(file =>
  importsOf(file, readFileSync(join(ROOT, 'src', file), 'utf8')),
);

function roomOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : ROOT_FILES;
}

/** The rooms of the document, from the top. */
function roomsIn(text: string): string[] {
  const [, section] = text.split('\n## Rooms\n');
  const [table] = section.split('\n## ');
  return [...table.matchAll(/^\| (?:`([\w-]+)\/`|(\(root\))) +\|/gm)].map(
    ([, folder, root]: (string | undefined)[]) => folder ?? root ?? '',
  );
}

/** The files of the document, by room. */
function filesIn(text: string): string[] {
  const [, section] = text.split('\n## Files\n');
  const [list] = section.split('\n## ');
  return list.split('\n### ').flatMap(part => {
    const room = /^`([\w-]+)\/`/.exec(part)?.[1];
    const names = [...part.matchAll(/^\| `([\w.-]+\.ts)` +\|/gm)].map(([, name]) => name);
    return names.map(name => (room === undefined ? name : `${room}/${name}`));
  });
}

const ROOMS = roomsIn(TEXT);

/** Imports from a room above. */
function upward(imports: readonly Import[], rooms: readonly string[]): Import[] {
  const place = (file: string) => rooms.indexOf(roomOf(file));
  return imports.filter(({from, to}) => place(to) < place(from));
}

/** The files that reach themselves through their imports. */
function circular(imports: readonly Import[]): string[] {
  const reached = (start: string): Set<string> => {
    const seen = new Set<string>();
    const waiting = [start];
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      for (const {from, to} of imports) {
        if (from !== file || seen.has(to)) continue;
        seen.add(to);
        waiting.push(to);
      }
    }
    return seen;
  };
  const files = new Set(imports.map(({from}) => from));
  return [...files].filter(file => reached(file).has(file));
}

describe('the rooms of docs/architecture.md', () => {
  it('are the folders of src', () => {
    assert.deepEqual([...ROOMS].sort(), [...new Set(FILES.map(roomOf))].sort());
  });

  it('import only from rooms below them, types included', () => {
    assert.ok(IMPORTS.length > 400);
    assert.deepEqual(upward(IMPORTS, ROOMS), []);
    const [top, bottom] = [ROOMS[1], ROOMS.at(-1)];
    const source = `import type {X} from '../${top}/x';`;
    const added = importsOf(`${bottom}/any.ts`, source);
    assert.deepEqual(upward(added, ROOMS), [
      {from: `${bottom}/any.ts`, to: `${top}/x.ts`},
    ]);
  });

  it('import in no circle, types included', () => {
    assert.deepEqual(circular(IMPORTS), []);
    const added = [
      ...importsOf('wire/a.ts', "import type {B} from './b';"),
      ...importsOf('wire/b.ts', "export type {A} from './a';"),
      ...importsOf('wire/c.ts', "import {A} from './a';"),
    ];
    assert.deepEqual(circular(added), ['wire/a.ts', 'wire/b.ts']);
  });

  it('have these files', () => {
    assert.deepEqual(filesIn(TEXT).sort(), [...FILES].sort());
  });

  it('leave the test kit to those who import it', () => {
    const importing = IMPORTS.filter(
      ({from, to}) => roomOf(to) === 'testing' && roomOf(from) !== 'testing',
    );
    assert.deepEqual(importing, []);
  });

  it('list the files of the client', () => {
    const [, section] = TEXT.split('\n## The client\n');
    const [list] = section.split('\n## ');
    const listed = [...list.matchAll(/^\| `([\w./-]+\.ts)` +\|/gm)].map(
      ([, name]) => name,
    );
    const folder = join(ROOT, 'client', 'src');
    const files = readdirSync(folder, {recursive: true, encoding: 'utf8'})
      .map(file => file.replaceAll('\\', '/'))
      .filter(file => file.endsWith('.ts'));
    assert.deepEqual(listed.sort(), files.sort());
  });

  it('know socket.io where they must: dispatch does not', () => {
    const dispatch = FILES.filter(file => roomOf(file) === 'dispatch');
    const knowing = dispatch.filter(file =>
      /from '(?:socket\.io|\.\.\/(?:engine|namespace))/.test(
        readFileSync(join(ROOT, 'src', file), 'utf8'),
      ),
    );
    assert.deepEqual(knowing, []);
  });
});
