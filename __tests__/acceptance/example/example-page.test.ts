import assert from 'node:assert/strict';
import {after, describe, it} from 'node:test';
import type {Page} from 'playwright-core';
import {closeBrowser, givenBrowser, noBrowser} from '../../helpers/browser';
import {givenExample} from '../../helpers/example';
import {call, logIn, untilText} from '../../helpers/example-page';

const CONNECTS = 'connecting → authenticating → authenticated';

/** All states of the page's client so far. */
async function statesOf(page: Page): Promise<string> {
  return (await page.textContent('#states')) ?? '';
}

describe('the page of the example, in Chromium', {skip: noBrowser}, () => {
  after(closeBrowser);

  it('logs in, is authenticated, and shows both replies and the pushed event', async () => {
    await using example = await givenExample();
    await using browser = await givenBrowser();
    const page = await browser.open(example.url);
    await untilText(page, '#state', 'idle');
    assert(await page.isDisabled('#get-profile'));
    await logIn(page, 'ben');
    await untilText(page, '#state', 'authenticated');
    assert.equal(await statesOf(page), `idle → ${CONNECTS}`);
    await untilText(page, '#events', 'welcome');
    const profile = await call(page, '#get-profile', '#profile');
    assert.equal(profile.result.email, 'ben@example.com');
    await page.fill('#skip', '27');
    const records = await call(page, '#get-records', '#records');
    assert.deepEqual(
      records.result.map(({id}: {id: number}) => id),
      [28, 29],
    );
    assert(await page.isHidden('#admin'));
  });

  it('shows `unauthorized` and the reason with a wrong password, and then lets in', async () => {
    await using example = await givenExample();
    await using browser = await givenBrowser();
    const page = await browser.open(example.url);
    await logIn(page, 'ben', 'wrong');
    await untilText(page, '#state', 'unauthorized');
    assert.equal(
      await statesOf(page),
      'idle → connecting → authenticating → unauthorized',
    );
    assert.notEqual(await page.textContent('#message'), '');
    assert(await page.isDisabled('#get-profile'));
    await logIn(page, 'ben');
    await untilText(page, '#state', 'authenticated');
    assert.equal(await page.textContent('#message'), '');
  });

  it('comes back by itself when the server is restarted under it', async () => {
    await using example = await givenExample();
    await using browser = await givenBrowser();
    const page = await browser.open(example.url);
    await logIn(page, 'ben');
    await untilText(page, '#state', 'authenticated');
    await example.application.stop();
    await untilText(page, '#state', /disconnected|connecting/);
    assert(await page.isDisabled('#get-profile'));
    await example.application.start();
    assert.equal(example.application.restServer.url, example.url);
    await untilText(page, '#state', 'authenticated');
    const states = (await statesOf(page)).replaceAll(' → connecting → disconnected', '');
    assert.equal(states, `idle → ${CONNECTS} → disconnected → ${CONNECTS}`);
    const profile = await call(page, '#get-profile', '#profile');
    assert.equal(profile.result.email, 'ben@example.com');
  });

  it('shows `unauthorized` after a restart that its token does not outlive, then lets in', async () => {
    await using before = await givenExample();
    await using browser = await givenBrowser();
    const page = await browser.open(before.url);
    await logIn(page, 'ben');
    await untilText(page, '#state', 'authenticated');
    await before.application.stop();
    await using _after = await givenExample(undefined, Number(new URL(before.url).port));
    await untilText(page, '#state', 'unauthorized');
    assert.match((await page.textContent('#message')) ?? '', /^Token refused/);
    await logIn(page, 'ben');
    await untilText(page, '#state', 'authenticated');
  });

  it('shows why a call fails, and that it was sent', async () => {
    await using example = await givenExample();
    await using browser = await givenBrowser();
    const page = await browser.open(example.url);
    await logIn(page, 'ben');
    await untilText(page, '#state', 'authenticated');
    // The page itself accepts no such number.
    await page.evaluate("document.getElementById('records-form').noValidate = true");
    await page.fill('#skip', '-1');
    const {error} = await call(page, '#get-records', '#records');
    const {statusCode, code, sent} = error;
    assert.deepEqual(
      {statusCode, code, sent},
      {statusCode: 400, code: 'INVALID_PARAMETER_VALUE', sent: true},
    );
  });

  it('serves two tabs as two users, and one hears of what the other announces', async () => {
    await using example = await givenExample();
    await using browser = await givenBrowser();
    const [ana, ben] = [await browser.open(example.url), await browser.open(example.url)];
    await logIn(ana, 'ana');
    await logIn(ben, 'ben');
    for (const page of [ana, ben]) await untilText(page, '#state', 'authenticated');
    await untilText(ana, '#admin-state', 'authenticated');
    for (const [page, name] of [
      [ana, 'ana'],
      [ben, 'ben'],
    ] as const) {
      const profile = await call(page, '#get-profile', '#profile');
      assert.equal(profile.result.email, `${name}@example.com`);
    }
    const {result} = await call(ana, '#get-statistics', '#statistics');
    assert.equal(result.sockets, 2);
    await ana.fill('#text', 'Hello <b>Ben</b>');
    await ana.click('#announce');
    await untilText(ben, '#events', 'Hello <b>Ben</b>');
    await untilText(ana, '#announced', '"from": "Ana"');
    assert(await ben.isHidden('#admin'));
  });
});
