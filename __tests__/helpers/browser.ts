import {existsSync} from 'node:fs';
import {chromium} from 'playwright-core';
import type {Page} from 'playwright-core';

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

/** A browser whose tabs share nothing; closed by `await using`. */
export async function givenBrowser() {
  const browser = await chromium.launch({
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
  return {
    /** A tab as another user's: with cookies and connections of its own. */
    async open(url: string): Promise<Page> {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
    },
  };
}
