import {existsSync} from 'node:fs';
import {chromium} from 'playwright-core';
import type {BrowserContext, Page} from 'playwright-core';

const PLACES = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

const executablePath = PLACES.find(place => place && existsSync(place));

/** Why browser tests cannot run here, or `false`; give it to `skip`. */
export const noBrowser =
  executablePath === undefined &&
  'Chromium is not installed (CHROMIUM_PATH names another place).';

let launched: ReturnType<typeof chromium.launch> | undefined;

function launch() {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** The browser of a file's tests, whose tabs share nothing; `await using` closes the tabs. */
export async function givenBrowser() {
  launched ??= launch();
  const browser = await launched;
  const contexts: BrowserContext[] = [];
  return {
    /**
     * A tab as another user's: with cookies and connections of its own.
     *
     * @param first - Runs in the tab before the page's own scripts.
     */
    async open(url: string, first?: () => void): Promise<Page> {
      const context = await browser.newContext();
      contexts.push(context);
      const page = await context.newPage();
      if (first) await page.addInitScript(first);
      await page.goto(url);
      return page;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(contexts.map(context => context.close()));
    },
  };
}

/** For `after`: it takes longer to start a browser than to run a test. */
export async function closeBrowser(): Promise<void> {
  await (await launched)?.close();
}
