import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { closeBrowser, openPage, panel, photograph, resize, signIn, WITHOUT_BROWSER } from './browser.ts';
import { offerLooserPolicy, playMorning } from './scene.ts';

after(closeBrowser);

/** Texts that a box around them cuts off at a side, or below where it does not scroll. Boxes of one pixel are for ears. */
function findCut(page: Page, within: string): Promise<readonly string[]> {
  return page.evaluate((selector) => {
    interface Shown {
      readonly parentElement: Shown | null;
      readonly childNodes: Iterable<{ readonly nodeType: number; readonly textContent: string }>;
      readonly textContent: string;
      readonly className: string;
      readonly clientWidth: number;
      readonly clientHeight: number;
      readonly scrollWidth: number;
      readonly scrollHeight: number;
      readonly tagName: string;
      closest(selector: string): Shown | null;
      querySelectorAll(selector: string): Iterable<Shown>;
      getBoundingClientRect(): { readonly left: number; readonly right: number; readonly width: number };
    }
    const { document, getComputedStyle, innerWidth } = globalThis as unknown as {
      innerWidth: number;
      document: { querySelectorAll(selector: string): Iterable<Shown> };
      getComputedStyle(of: Shown): { readonly overflowX: string; readonly overflowY: string };
    };
    const found: string[] = [];
    let looked = 0;
    const name = (of: Shown): string => `${of.tagName.toLowerCase()}.${of.className}: ${of.textContent.slice(0, 60)}`;
    for (const root of document.querySelectorAll(selector))
      for (const each of [root, ...root.querySelectorAll('*')]) {
        if (each.closest('.hidden, .chart, option, thead') !== null || each.clientWidth <= 1) continue;
        const { overflowX, overflowY } = getComputedStyle(each);
        if (overflowX !== 'visible' && each.scrollWidth > each.clientWidth + 1) found.push(`${name(each)} (box)`);
        if (overflowY === 'hidden' && each.scrollHeight > each.clientHeight + 1) found.push(`${name(each)} (below)`);
        if (![...each.childNodes].some(({ nodeType, textContent }) => nodeType === 3 && textContent.trim() !== ''))
          continue;
        looked += 1;
        const { left, right } = each.getBoundingClientRect();
        const around = each.closest('.panel, dialog, .top')?.getBoundingClientRect() ?? { left: 0, right: innerWidth };
        if (right > around.right + 1 || left < around.left - 1) found.push(`${name(each)} (out)`);
      }
    if (looked < 5) throw new Error('there is no text to look at');
    return [...new Set(found)];
  }, within);
}

async function looksWhole(page: Page, size: { width: number; height: number }, name: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  const isGone = async (): Promise<void> => {
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  };
  assert.deepEqual(await findCut(page, '.panel, .top, .status'), [], name);
  const whole = await page.evaluate(() => {
    const { document } = globalThis as unknown as { document: { documentElement: { scrollHeight: number } } };
    return document.documentElement.scrollHeight;
  });
  await page.setViewportSize({ ...size, height: whole });
  await photograph(page, `console-${name}`);
  await resize(page, size);
  await panel(page, 'decisions').getByRole('row', { name: /LIMIT/ }).getByRole('button').click();
  await dialog.getByText(/Bound by/).waitFor();
  assert.deepEqual(await findCut(page, 'dialog'), [], `decision, ${name}`);
  await isGone();
  await page.getByRole('navigation', { name: 'Acts' }).getByRole('button', { name: 'Flatten' }).click();
  await dialog.waitFor();
  assert.deepEqual(await findCut(page, 'dialog'), [], `act, ${name}`);
  await isGone();
}

test('no figure and no cell is cut, in any view, at any width, in both themes', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await playMorning(t);
  await offerLooserPolicy(world);
  const seat = await openPage(t, world);
  const { page } = seat;
  await signIn(seat);
  await panel(page, 'positions').getByRole('rowheader', { name: 'BTCUSDT' }).waitFor();
  await panel(page, 'decisions').getByText('SCOPE_TOOL').waitFor();
  await panel(page, 'agents').getByText('momentum').first().waitFor();
  await panel(page, 'tokens').getByText('this session').waitFor();
  await page.getByText('Every key in force').click();
  for (const [width, height] of [
    [390, 844],
    [768, 1024],
    [1280, 800],
    [1920, 1080],
  ] as const) {
    await resize(page, { width, height });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await looksWhole(page, { width, height }, `${width}-${colorScheme}`);
    }
  }
  assert.deepEqual(seat.complaints, []);
});
