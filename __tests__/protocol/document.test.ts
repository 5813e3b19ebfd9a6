import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, it} from 'node:test';
import {
  ErrorCodes,
  MAX_CALL_ID_LENGTH,
  MAX_DEPTH,
  MAX_WAITING_CALLS,
  RESERVED_EVENTS,
} from 'loopback4-socket';

const ROOT = join(__dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'docs', 'protocol.md'), 'utf8');
const SUITE = join(ROOT, '__tests__', 'protocol');
const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  'example/README.md',
  'benchmark/README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter(file => file.endsWith('.md'))
    .map(file => `docs/${file}`),
];

describe('docs/protocol.md', () => {
  it('has tests for each of its sections, under its title', () => {
    const sources = readdirSync(SUITE)
      .map(file => readFileSync(join(SUITE, file), 'utf8'))
      .join('\n');
    const tested = [...sources.matchAll(/describe(?:Section)?\('([^']+)'/g)].map(
      ([, title]) => title,
    );
    const titles = [...TEXT.matchAll(/^##+ (.+)$/gm)].map(([, title]) =>
      title.replaceAll('`', ''),
    );
    assert.ok(titles.length > 20);
    const untested = titles.filter(title => !tested.includes(title));
    // It only heads sections that have tests of their own.
    assert.deepEqual(untested, ['Messages']);
  });

  it('lists the codes that exist', () => {
    const [, section] = TEXT.split('\n## Codes\n');
    const [rows] = section.split('\n## ');
    const listed = [...rows.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
    const codes: string[] = Object.values(ErrorCodes);
    // The other codes in the sources are REST's.
    const sources = readdirSync(join(ROOT, 'src'), {recursive: true, encoding: 'utf8'})
      // The test kit answers no client.
      .filter(file => file.endsWith('.ts') && !file.startsWith('testing'))
      .map(file => readFileSync(join(ROOT, 'src', file), 'utf8'))
      .join('\n');
    const others = [...sources.matchAll(/\bcode: '([A-Z_]+)'/g)].map(([, code]) => code);
    assert.deepEqual(listed, [...codes, ...new Set(others)]);
  });

  it('names what the package exports of it', () => {
    const index = readFileSync(join(ROOT, 'src', 'index.ts'), 'utf8');
    const lists = index.matchAll(
      /export (?:type )?\{([^}]+)\} from '.\/wire\/protocol'/g,
    );
    const exported = [...lists].flatMap(([, names]) => names.match(/\w+/g) ?? []);
    assert.ok(exported.length > 10);
    const [introduction] = TEXT.split('\n## ');
    for (const name of exported) assert.ok(introduction.includes(`\`${name}\``), name);
  });

  it('names every name that no method can have', () => {
    for (const name of RESERVED_EVENTS) assert.ok(TEXT.includes(`\`${name}\``), name);
  });

  it('says how many calls wait, how deep args may be, and how long ids', () => {
    assert.ok(TEXT.includes(`Up to ${MAX_WAITING_CALLS} calls wait`));
    assert.ok(TEXT.includes(`${MAX_DEPTH} levels`));
    assert.ok(TEXT.includes(`${MAX_CALL_ID_LENGTH} characters`));
  });
});

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, title]) => {
    const slug = title
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, '');
}

describe('links', () => {
  for (const document of DOCUMENTS) {
    it(`of ${document} lead somewhere`, () => {
      const text = readFileSync(join(ROOT, document), 'utf8');
      const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)];
      const broken = links.filter(([, link]) => {
        if (/^https?:/.test(link)) return false;
        const [path, anchor] = link.split('#');
        const file = join(ROOT, path === '' ? document : join(dirname(document), path));
        if (!existsSync(file)) return true;
        return (
          link.includes('#') && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor)
        );
      });
      assert.deepEqual(
        broken.map(([, link]) => link),
        [],
      );
    });
  }

  it('of README.md lead to each of docs/', () => {
    const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
    for (const document of DOCUMENTS.filter(one => one.startsWith('docs/'))) {
      assert.ok(text.includes(`](${document})`), document);
    }
  });
});
