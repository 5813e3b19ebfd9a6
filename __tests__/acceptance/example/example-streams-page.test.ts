import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {after, describe, it} from 'node:test';
import type {Page} from 'playwright-core';
import {until} from '../../helpers/awaited';
import {closeBrowser, givenBrowser, noBrowser} from '../../helpers/browser';
import {hashOf} from '../../helpers/chunks';
import {givenExample, shipsOf} from '../../helpers/example';
import {logIn, replyOf, untilText} from '../../helpers/example-page';

/** Waits until the dialog with the question is open, and clicks. */
async function answer(page: Page, button: 'yes' | 'no') {
  await untilText(page, 'dialog', 'Delete');
  await page.click(`dialog button[value=${button}]`);
}

describe(
  'a feed, an upload and a question on the page of the example, in Chromium',
  {
    skip: noBrowser,
  },
  () => {
    after(closeBrowser);

    it('shows moves as they come, and stops', async () => {
      await using example = await givenExample();
      await using browser = await givenBrowser();
      const page = await browser.open(example.url);
      await logIn(page, 'ben');
      await page.click('#watch');
      await untilText(page, '#ships', /Amber is at.*Birch is at.*Coral is at/);
      assert(await page.isDisabled('#watch'));
      const ships = await shipsOf(example);
      ships.move({ship: 'Dune', x: 1, y: 2});
      await untilText(page, '#ships', 'Dune is at 1, 2.');
      ships.move({ship: 'Dune', x: 3, y: 4});
      await untilText(page, '#ships', 'Dune is at 3, 4.');
      assert.equal(await page.locator('#ships li').count(), 4);
      await page.click('#stop');
      await until(() => ships.watching() === 0);
      assert(await page.isEnabled('#watch'));
      assert(await page.isDisabled('#stop'));
      assert.equal(await page.textContent('#watch-message'), '');
    });

    it('shows why the feed has ended, when its server restarts', async () => {
      await using example = await givenExample();
      await using browser = await givenBrowser();
      const page = await browser.open(example.url);
      await logIn(page, 'ben');
      await page.click('#watch');
      await untilText(page, '#ships', 'Amber');
      await example.application.stop();
      await example.application.start();
      await untilText(page, '#watch-message', 'There is no such stream.');
      await untilText(page, '#state', 'authenticated');
      await page.click('#watch');
      await page.waitForSelector('#stop:enabled');
      assert.equal(await page.textContent('#watch-message'), '');
    });

    it('shows the progress of an upload, and what has arrived', async () => {
      await using example = await givenExample();
      await using browser = await givenBrowser();
      const page = await browser.open(example.url);
      await logIn(page, 'ben');
      await page.evaluate(`
      values = [];
      new MutationObserver(() => values.push(document.getElementById('progress').value))
        .observe(document.getElementById('progress'), {attributeFilter: ['value']});
    `);
      const buffer = randomBytes(3_000_000);
      await page.setInputFiles('#photo', {name: 'a.jpg', mimeType: 'image/jpeg', buffer});
      await page.click('#send-photo');
      const {result} = await replyOf(page, '#received');
      assert.deepEqual(result, {size: buffer.length, sha256: hashOf([buffer])});
      const values = await page.evaluate<number[]>('values');
      assert(values.length > 2);
      assert.deepEqual(
        values,
        [...values].sort((one, other) => one - other),
      );
      assert.equal(values.at(-1), buffer.length);
      assert.equal(await page.getAttribute('#progress', 'max'), String(buffer.length));
    });

    it('asks before a record is deleted, on each page of the admin', async () => {
      await using example = await givenExample();
      await using browser = await givenBrowser();
      const [page, other] = [
        await browser.open(example.url),
        await browser.open(example.url),
      ];
      for (const each of [page, other]) {
        await logIn(each, 'ana');
        await untilText(each, '#admin-state', 'authenticated');
      }
      await page.click('#delete');
      await untilText(other, 'dialog', 'Delete');
      await answer(page, 'no');
      assert.deepEqual(await replyOf(page, '#deleted'), {result: {deleted: false}});
      await other.locator('dialog').waitFor({state: 'detached'});

      await page.click('#delete');
      await answer(other, 'yes');
      await untilText(page, '#deleted', '"deleted": true');
      await page.locator('dialog').waitFor({state: 'detached'});
      await page.click('#get-records');
      const records = await replyOf(page, '#records');
      assert.equal(records.result[0].id, 2);
    });
  },
);
