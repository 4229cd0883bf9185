import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeBrowser, openPage, panel, signIn, WITHOUT_BROWSER } from './browser.ts';
import { playMorning } from './scene.ts';

after(closeBrowser);

test('wherever the browser is, every time is in UTC and says so', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await playMorning(t);
  const seat = await openPage(t, world, { timezoneId: 'Asia/Tokyo' });
  const { page } = seat;
  await signIn(seat);
  await panel(page, 'decisions').getByText('SCOPE_TOOL').waitFor();
  await panel(page, 'tokens').getByText('this session').waitFor();
  await panel(page, 'decisions').getByRole('columnheader', { name: 'Time, UTC' }).waitFor();
  // The heads of that column name the zone, and a reason is an operator's text.
  const text = ((await page.locator('#console').textContent()) ?? '').replaceAll('at 10:00', '');
  const column = (await panel(page, 'decisions').locator('.row > :first-child').allInnerTexts()).filter((each) =>
    /\d/.test(each),
  );
  assert.ok(column.length > 4, 'there are decisions');
  const reported = text.match(/\d\d:\d\d(?::\d\d)?(?: UTC)?/g) ?? [];
  const bare = reported.filter((time) => !time.endsWith(' UTC'));
  assert.ok(reported.length - bare.length > 10, `${reported.length}`);
  assert.deepEqual(
    bare.filter((time) => !column.some((each) => each.includes(time.slice(0, 5)))),
    [],
  );
  const [decision] = (await world.operator<{ decisions: { at_ms: number }[] }>('GET', '/v1/decisions?limit=1')).body
    .decisions;
  assert.ok(column[0]?.endsWith(new Date(decision?.at_ms ?? 0).toISOString().slice(11, 16)), column[0]);
});
