import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {ErrorCodes, MAX_WAITING_CALLS, RESERVED_EVENTS} from 'loopback4-socket';

const ROOT = join(__dirname, '..', '..');
const TEXT = readFileSync(join(ROOT, 'docs', 'protocol.md'), 'utf8');
const SUITE = join(ROOT, '__tests__', 'protocol');

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
    assert.deepEqual(listed, Object.values(ErrorCodes));
  });

  it('names every name that no method can have', () => {
    for (const name of RESERVED_EVENTS) assert.ok(TEXT.includes(`\`${name}\``), name);
  });

  it('says how many calls wait', () => {
    assert.ok(TEXT.includes(`Up to ${MAX_WAITING_CALLS} calls wait`));
  });
});
