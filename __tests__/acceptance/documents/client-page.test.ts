import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, describe, it} from 'node:test';
import {closeBrowser, givenBrowser, noBrowser} from '../../helpers/browser';
import {Kitchen, readRecipes} from '../../helpers/recipes';

const ROOT = join(__dirname, '../../..');

describe('the page of docs/client.md, in Chromium', {skip: noBrowser}, () => {
  after(closeBrowser);

  it('calls without a bundler, and shows its state', async () => {
    const recipes = readRecipes('docs/client.md');
    using kitchen = new Kitchen(recipes.filter(({name}) => name === 'client'));
    assert.deepEqual(kitchen.compile(), []);
    const started = await kitchen.start('client');
    try {
      await using browser = await givenBrowser();
      const page = await browser.open(started.url);
      await page.locator('#orders').filter({hasText: ']'}).waitFor();
      const orders = '[{"id":1,"total":20},{"id":2,"total":35}]';
      assert.equal(await page.textContent('#orders'), orders);
      assert.equal(await page.textContent('#state'), 'authenticated');
    } finally {
      await started.stop();
    }
  });
});

describe('docs/client.md', () => {
  const document = readFileSync(join(ROOT, 'docs/client.md'), 'utf8');

  /** The strings of a union in a source of the client. */
  function valuesOf(file: string, union: string): string[] {
    const source = readFileSync(join(ROOT, 'client/src', file), 'utf8');
    const [text] = new RegExp(`type ${union} =[^;]+;`).exec(source) ?? [''];
    return [...text.matchAll(/^ +\| '(\w+)'/gm)].map(([, value]) => value);
  }

  /** The first cells of the rows of a table, under a heading. */
  function rowsOf(heading: string): string[] {
    const [, section] = document.split(`\n## ${heading}\n`);
    const [text] = section.split('\n## ');
    return [...text.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  }

  it('lists the codes of the client', () => {
    const codes = valuesOf('call-error.ts', 'ClientErrorCode');
    assert.ok(codes.length >= 5);
    for (const code of codes) assert.ok(rowsOf('Errors').includes(code), code);
  });

  it('lists the states of the client', () => {
    const states = valuesOf('connection.ts', 'ClientState');
    assert.deepEqual(rowsOf('States').sort(), states.sort());
  });
});
