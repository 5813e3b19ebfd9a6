import {build} from 'esbuild';
import {SocketServer} from 'loopback4-socket';
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, describe, it} from 'node:test';
import {closeBrowser, givenBrowser, noBrowser} from '../../helpers/browser';
import {Kitchen, readRecipes} from '../../helpers/recipes';

const ROOT = join(__dirname, '../../..');

/** Recipes of docs/client.md, compiled. */
function givenKitchen(...names: string[]): Kitchen {
  const recipes = readRecipes('docs/client.md');
  const kitchen = new Kitchen(recipes.filter(({name}) => names.includes(name)));
  assert.deepEqual(kitchen.compile(), []);
  return kitchen;
}

describe('the pages of docs/client.md, in Chromium', {skip: noBrowser}, () => {
  after(closeBrowser);

  it('call without a bundler, and show the state', async () => {
    using kitchen = givenKitchen('client');
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

  it('show with React what a call gives, and an event', async () => {
    using kitchen = givenKitchen('client', 'client-streams', 'client-react');
    const folder = join(kitchen.folder, 'client-react');
    const change = (from: string, to: string, [before, after]: [string, string]) => {
      const text = readFileSync(join(folder, from), 'utf8');
      assert.ok(text.includes(before));
      writeFileSync(join(folder, to), text.replace(before, after));
    };
    // The application serves the page, so that no origin needs permission.
    change('web/client.ts', 'web/client.ts', ['http://127.0.0.1:3000', '/']);
    change('web/index.html', 'public/index.html', ['/main.tsx', '/main.js']);
    await build({
      entryPoints: [join(folder, 'web/main.tsx')],
      outfile: join(folder, 'public/main.js'),
      bundle: true,
      format: 'esm',
      jsx: 'automatic',
    });
    const started = await kitchen.start('client-react');
    try {
      await using browser = await givenBrowser();
      const page = await browser.open(started.url);
      const untilText = (hasText: string) =>
        page.locator('#root').filter({hasText}).waitFor();
      await untilText('2 orders');
      const {io} = await started.app.getServer(SocketServer);
      assert.equal(io.sockets.size, 1);
      io.emit('paid', {order: 2});
      await untilText('Order 2 is paid.');
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
