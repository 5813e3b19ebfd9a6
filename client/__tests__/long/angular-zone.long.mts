import {build} from 'esbuild';
import type {SocketClient} from 'loopback4-socket-client';
import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';
import {fileURLToPath} from 'node:url';
import {awaited} from '../../../__tests__/helpers/awaited.js';
import {
  closeBrowser,
  givenBrowser,
  noBrowser,
} from '../../../__tests__/helpers/browser.js';
import type {Tested} from '../fixtures/angular-page.mjs';
import {givenNews} from '../helpers/news.mjs';

/** In the page, for `evaluate`. */
declare const tested: Tested;
declare const client: SocketClient;
declare const abort: AbortController;
declare const back: Promise<void>;

let bundled: Promise<string> | undefined;

/** The application as Angular's own tools bundle it: zone.js does not see `async` functions. */
async function bundle(): Promise<string> {
  const {outputFiles} = await build({
    entryPoints: [
      fileURLToPath(new URL('../fixtures/angular-page.mjs', import.meta.url)),
    ],
    bundle: true,
    format: 'esm',
    supported: {'async-await': false},
    write: false,
  });
  return outputFiles[0].text;
}

/** A server, and an Angular application in a browser; closed by `await using`. */
async function givenPage() {
  const news = await givenNews();
  const browser = await givenBrowser();
  const page = await browser.open(news.url);
  await page.addScriptTag({type: 'module', content: await (bundled ??= bundle())});
  await page.waitForFunction(() => 'tested' in globalThis);
  return {
    news,
    page,
    /** Makes the client of the page. */
    client: (transports = ['websocket'], token = 'ok') =>
      page.evaluate(
        ([credentials, names]) => {
          Object.assign(globalThis, {client: tested.client(credentials, names)});
        },
        [{token}, transports] as const,
      ),
    /** Runs a function in the page. */
    run: <Result,>(act: () => Result) =>
      awaited(page.evaluate(act), `the page to run ${act}`),
    /** Waits until the application is stable; returns true when the zone is still busy. */
    async settle(): Promise<boolean> {
      await this.run(() => tested.stable());
      return this.run(() => tested.busy);
    },
    async [Symbol.asyncDispose]() {
      await browser[Symbol.asyncDispose]();
      await news[Symbol.asyncDispose]();
    },
  };
}

/** The ways to connect a client, in the zone. */
const WAYS: Record<string, () => void> = {
  connect: () => tested.inZone(() => void client.connect()),
  authenticate: () => tested.inZone(() => void client.authenticate()),
  retain: () => tested.inZone(() => client.retain()),
  // Angular looks again when something runs in its zone, as here the use of the result.
  'the first call': () =>
    tested.inZone(() => void client.call.ping().then(() => undefined)),
};

after(closeBrowser);

describe('A client in the zone of Angular', {skip: noBrowser}, () => {
  it('keeps it busy when it connects there by itself', async () => {
    await using given = await givenPage();
    await given.client();
    await given.run(() => tested.inZone(() => client.connect()));
    assert.equal(await given.run(() => tested.busy), true);
  });

  for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
    it(`leaves it stable when it connects outside over ${transports.join(' and ')}`, async () => {
      await using given = await givenPage();
      for (const [name, connect] of Object.entries(WAYS)) {
        await given.client(transports);
        await given.run(() => void tested.outsideZone(client));
        await given.run(connect);
        await given.run(() => tested.until(client, 'authenticated'));
        assert.equal(await given.settle(), false, name);
        const results = await given.run(() =>
          tested.inZone(() => Promise.all([client.call.ping(), client.call.titles()])),
        );
        assert.deepEqual(results, ['pong', ['a', 'b', 'c']]);
        assert.equal(await given.settle(), false, name);
        assert.equal(await given.run(() => client.state), 'authenticated');
        await given.run(() => client.close());
      }
    });

    it(`leaves it stable after a login and a lost connection over ${transports.join(' and ')}`, async () => {
      await using given = await givenPage();
      await given.client(transports, 'wrong');
      await given.run(() => {
        tested.outsideZone(client);
        tested.inZone(() => void client.connect());
        return tested.until(client, 'unauthorized');
      });
      await given.run(() => tested.inZone(() => client.authenticate({token: 'ok'})));
      await given.run(() => tested.inZone(() => client.authenticate()));
      assert.equal(await given.settle(), false);
      await given.run(() => {
        const back = tested.until(client, 'disconnected', 'authenticated');
        Object.assign(globalThis, {back});
      });
      given.news.drop();
      await given.run(() => back);
      assert.equal(await given.settle(), false);
    });
  }

  it('leaves it stable when other credentials replace those that the server checks', async () => {
    await using given = await givenPage();
    await given.client(['websocket'], 'wrong');
    await given.run(async () => {
      tested.outsideZone(client);
      tested.inZone(() => void client.connect());
      await tested.until(client, 'authenticating');
      tested.inZone(() => void client.authenticate({token: 'ok'}));
      await tested.until(client, 'authenticated');
    });
    assert.equal(await given.settle(), false);
  });

  it('keeps it busy while a call is unanswered', async () => {
    await using given = await givenPage();
    await given.client();
    await given.run(() => {
      tested.outsideZone(client);
      const abort = new AbortController();
      Object.assign(globalThis, {abort});
      tested
        .inZone(() => client.call.wait(undefined, {signal: abort.signal}))
        .catch(() => undefined);
    });
    await given.news.waiting.next();
    assert.equal(await given.run(() => tested.busy), true);
    await given.run(() => abort.abort());
    assert.equal(await given.settle(), false);
  });
});
