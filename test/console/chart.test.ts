import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EquityHistory } from '../../daemon/engine/accounts/equity.ts';
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

after(closeBrowser);

test('the chart shows the whole span that it has, with every loss; an hour, a day, a month; and less of it', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await openWorld(t, { wall: false });
  const past = new EquityHistory();
  const endMs = Math.floor(world.nowMs());
  // Forty days, a reading every ten minutes; the loss is one reading of six weeks, and one of this hour.
  for (let minute = 40 * 1_440; minute > 10; minute -= 10)
    past.add(endMs - minute * 60_000, minute === 30_000 ? 9_700 : minute === 30 ? 9_832 : 10_000 + minute / 10_000);
  // Readings follow one another: what was before the first one is put in its place.
  Object.assign(world.daemon.gate.core.state.equity, past);
  const seat = await openPage(t, world);
  const { page } = seat;
  await signIn(seat);
  const box = panel(page, 'equity');
  const shown = async (): Promise<{ readonly readings: number; readonly lowest: string }> => {
    const label = (await box.locator('.chart').getAttribute('aria-label')) ?? '';
    const [, readings, lowest] = /in (\d+) readings, the lowest ([\d,.]+)$/.exec(label) ?? [];
    return { readings: Number(readings), lowest: lowest ?? label };
  };
  const press = (name: string) => box.getByRole('button', { name, exact: true }).click();
  await until('all is shown', async () => (await shown()).lowest === '9,700.00');
  assert.ok((await shown()).readings > 500, 'forty days');
  assert.deepEqual(await findInaccessible(page), []);
  await photograph(page, 'console-chart', box);
  for (const [span, lowest, most] of [
    ['month', '9,700.00', 800],
    ['day', '9,832.00', 200],
    ['hour', '9,832.00', 60],
  ] as const) {
    await press(span);
    await until(span, async () => (await shown()).lowest === lowest && (await shown()).readings <= most);
  }
  await press('all');
  await until('all is shown again', async () => (await shown()).readings > 500);
  const whole = (await shown()).readings;
  await press('Zoom in');
  await press('Zoom in');
  await until('a quarter', async () => Math.abs((await shown()).readings - whole / 4) < 20);
  const middle = await box.locator('.times').textContent();
  await press('Earlier');
  assert.notEqual(await box.locator('.times').textContent(), middle);
  assert.match(middle ?? '', /UTC.* UTC$/);
  await press('Zoom out');
  await press('Zoom out');
  await until('all of it', async () => (await shown()).readings >= whole);
  assert.deepEqual(seat.complaints, []);
});

test('readings that come one by one are all in sight', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await openWorld(t, { wall: false });
  const seat = await openPage(t, world);
  await signIn(seat);
  const label = async () => (await panel(seat.page, 'equity').locator('.chart').getAttribute('aria-label')) ?? '';
  const first = /from ([\d,.]+) to/.exec(await label())?.[1] ?? '10,000.00';
  for (let step = 0; step < 6; step += 1) {
    const before = await label();
    await world.advance(60_000);
    await until('another reading', async () => (await label()) !== before);
  }
  assert.match(await label(), new RegExp(`from ${first} to .* in ([7-9]|\\d\\d) readings`));
  // What is drawn is what is told: the first point has a place in the chart.
  assert.deepEqual(seat.complaints, []);
});
