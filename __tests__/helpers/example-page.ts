import type {Page} from 'playwright-core';

/** Logs in as a user of the example, on its page. */
export async function logIn(page: Page, name: string, password = `${name}-secret`) {
  await page.fill('#email', `${name}@example.com`);
  await page.fill('#password', password);
  await page.click('#login');
}

/** Waits until an element of the page has that text. */
export function untilText(page: Page, selector: string, text: string | RegExp) {
  return page.locator(selector).filter({hasText: text}).waitFor();
}

/** Clicks, and gives the reply that the page shows then. */
export async function call(page: Page, button: string, output: string) {
  await page.click(button);
  return replyOf(page, output);
}

/** Gives the reply that the page shows, once it is there. */
export async function replyOf(page: Page, output: string) {
  await untilText(page, output, '}');
  return JSON.parse((await page.textContent(output)) ?? '');
}
