import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { until } from '../daemon/harness.ts';
import {
  closeBrowser,
  findInaccessible,
  openPage,
  openWorld,
  panel,
  photograph,
  signIn,
  WITHOUT_BROWSER,
} from './browser.ts';
import { playMorning } from './scene.ts';

after(closeBrowser);

const SIZES = [
  [390, 844],
  [768, 1024],
  [1280, 800],
  [1920, 1080],
] as const;

async function isInSight(page: Page, what: Locator): Promise<boolean> {
  const box = await what.boundingBox();
  const size = page.viewportSize();
  if (box === null || size === null) return false;
  return box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width && box.y + box.height <= size.height;
}
/** From the top to the end of the page. */
async function scrollTo(page: Page, share: number): Promise<void> {
  await page.evaluate((part) => {
    const { document, scrollTo } = globalThis as unknown as {
      document: { documentElement: { scrollHeight: number } };
      scrollTo(x: number, y: number): void;
    };
    scrollTo(0, document.documentElement.scrollHeight * part);
  }, share);
}

test('an order that waits for a person is in the title and in sight at every width, wherever the page is scrolled', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await openWorld(t, {
    wall: false,
    policy: { approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 } },
  });
  const seat = await openPage(t, world);
  const { page } = seat;
  await signIn(seat);
  await until('the tab names the state', async () => (await page.title()) === 'active · Holdfast');
  const { body } = await world.place({ requested_notional: 600 });
  const strip = page.locator('.notice-waiting');
  await strip.getByText('buy 0.009 BTCUSDT for agent').waitFor();
  assert.match(await page.title(), /^\(1\) to approve, (?:10:00|9:\d\d) · Holdfast$/);
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const share of [0, 0.5, 1]) {
      await scrollTo(page, share);
      for (const what of [strip, strip.locator('.left'), strip.getByRole('button', { name: 'Show' })])
        assert.ok(await isInSight(page, what), `${width} at ${share}`);
    }
    assert.deepEqual(await findInaccessible(page), [], `${width}`);
    await photograph(page, `console-approval-${width}`);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await scrollTo(page, 1);
  await strip.getByRole('button', { name: 'Show' }).click();
  const approve = panel(page, 'approvals').getByRole('button', { name: /^Approve…/ });
  assert.ok(await isInSight(page, approve));
  assert.equal(await page.locator(':focus').textContent(), `Approve… ${body.decision.decision_id}`);
  await world.advance(120_000);
  await until('time passes', async () => /^\(1\) to approve, [0-7]:/.test(await page.title()), 30_000);
  await world.operator('POST', `/v1/approvals/${body.decision.decision_id}`, { action: 'deny', reason: 'no' });
  await strip.waitFor({ state: 'detached' });
  await until('nobody waits', async () => (await page.title()) === 'active · Holdfast');
  assert.deepEqual(seat.complaints, []);
});

test('a halt is in reach at every width, wherever the page is scrolled, and needs nothing but a second press', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await playMorning(t);
  const seat = await openPage(t, world);
  const { page } = seat;
  await signIn(seat);
  await panel(page, 'positions').getByRole('rowheader', { name: 'BTCUSDT' }).waitFor();
  const halt = page.getByRole('navigation', { name: 'Acts' }).getByRole('button', { name: 'Halt' });
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const share of [0, 0.5, 1]) {
      await scrollTo(page, share);
      assert.ok(await isInSight(page, halt), `${width} at ${share}`);
    }
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await scrollTo(page, 1);
  await halt.click();
  await page.locator('dialog button:focus', { hasText: 'Halt trading' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.state-word', { hasText: 'halted' }).waitFor();
  const { layers, state } = await world.tradingState();
  assert.deepEqual([state, layers.at(-1)?.reason], ['halted', 'by hand, in the console']);
  assert.ok(await isInSight(page, page.getByText('Done: the account is halted now.')), 'what was done is in sight');
  assert.deepEqual(seat.complaints, []);
});
