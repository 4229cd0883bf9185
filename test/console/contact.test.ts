import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page, Route } from 'playwright-core';
import { until } from '../daemon/harness.ts';
import { closeBrowser, findInaccessible, openPage, panel, photograph, signIn, WITHOUT_BROWSER } from './browser.ts';
import { playMorning } from './scene.ts';

after(closeBrowser);

/** Answers nothing from now on, as a daemon that hangs; the answer lets it go on. */
async function hang(page: Page): Promise<() => Promise<void>> {
  const held: Route[] = [];
  let isHanging = true;
  await page.route(/\/(?:v1\/|readyz)/, async (route) => {
    if (isHanging) held.push(route);
    else await route.continue();
  });
  return async () => {
    isHanging = false;
    // The page may have given up some of them.
    await Promise.all(held.map((route) => route.continue().catch(() => undefined)));
  };
}
/** The colours in which a part of the page tells a profit, a side or a state. */
const coloursIn = (page: Page, selector: string): Promise<readonly string[]> =>
  page.evaluate((of) => {
    const { document, getComputedStyle } = globalThis as unknown as {
      document: { querySelectorAll(selector: string): Iterable<object> };
      getComputedStyle(of: object): { readonly color: string };
    };
    return [...new Set([...document.querySelectorAll(of)].map((each) => getComputedStyle(each).color))];
  }, selector);

for (const colorScheme of ['light', 'dark'] as const)
  test(`what is shown is unknown, grey and of an age after 3 s without an answer, until the first one: ${colorScheme} [LE-128]`, {
    skip: WITHOUT_BROWSER,
  }, async (t) => {
    const world = await playMorning(t);
    const seat = await openPage(t, world, { colorScheme });
    const { page } = seat;
    await signIn(seat);
    await page.locator('.state-word', { hasText: /^active$/ }).waitFor();
    await until('the tab names the state', async () => (await page.title()) === 'active · Holdfast');
    const reported = '.board .long, .board .short, .board .gain, .board .loss, .board .pill';
    assert.ok((await coloursIn(page, reported)).length > 2, 'colours tell something');
    const goOn = await hang(page);
    await page.locator('.state-word', { hasText: /^unknown$/ }).waitFor();
    assert.match(await page.title(), /^UNKNOWN, no contact for \d+ s · Holdfast$/);
    await page.getByText(/^No contact since \d\d:\d\d:\d\d UTC\./).waitFor();
    await panel(page, 'state').locator('header').getByText('unknown', { exact: true }).waitFor();
    const panels = await page.locator('.panel').count();
    assert.equal(
      await page.locator('.panel > header .age', { hasText: /^\d+ s old$/ }).count(),
      panels,
      'each has its age',
    );
    assert.equal((await coloursIn(page, reported)).length, 1, 'no colour says anything');
    assert.deepEqual(await coloursIn(page, '.key-figures dd'), await coloursIn(page, reported));
    assert.deepEqual(await findInaccessible(page), []);
    await photograph(page, `console-no-contact-${colorScheme}`);
    assert.equal(
      await page.getByRole('button', { name: 'Halt' }).isEnabled(),
      true,
      'a halt may be tried all the same',
    );
    await goOn();
    await page.locator('.state-word', { hasText: /^active$/ }).waitFor();
    assert.equal(await page.locator('.age, .old').count(), 0);
    await until('the tab names the state again', async () => (await page.title()) === 'active · Holdfast');
    assert.deepEqual(seat.complaints, []);
  });

test('a daemon that is gone leaves no state on the page and none in the title of its tab', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await playMorning(t);
  const seat = await openPage(t, world);
  await signIn(seat);
  await world.daemon.close();
  await seat.page.locator('.state-word', { hasText: /^unknown$/ }).waitFor();
  assert.match(await seat.page.title(), /^UNKNOWN, no contact for \d+ s · Holdfast$/);
  assert.equal(await seat.page.locator('.state-active').count(), 0);
});
