import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { until } from '../daemon/harness.ts';
import { closeBrowser, findInaccessible, openPage, openWorld, panel, signIn, WITHOUT_BROWSER } from './browser.ts';

after(closeBrowser);

test('decisions are searched, also older ones, and what is found is saved as CSV and as JSON lines', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await openWorld(t, { wall: false });
  const carry = world.createAgent('carry');
  const { body } = await world.place({ symbol: 'ETHUSDT', requested_notional: 300 }, carry);
  const id = body.decision.decision_id;
  await world.intercept('=cmd("x"),y', {});
  for (let index = 0; index < 260; index += 1) await world.place({ symbol: 'DOGEUSDT' });
  const seat = await openPage(t, world);
  const { page } = seat;
  await signIn(seat);
  const decisions = panel(page, 'decisions');
  await decisions.getByText('SCOPE_SYMBOL').first().waitFor();
  const rows = () => decisions.locator('.rows-all .row');
  const search = async (text: string, count: number): Promise<void> => {
    await decisions.getByLabel('Search').fill(text);
    await until(`${count} of ${text}`, async () => (await rows().count()) === count);
  };
  await search('ethusdt carry', 1);
  await decisions.getByRole('button', { name: `Open decision ${id}` }).waitFor();
  await search(id, 1);
  await search('SCOPE_TOOL', 1);
  await search('no such word', 1);
  await decisions.getByText('Nothing was found.').waitFor();
  assert.deepEqual(await findInaccessible(page), []);
  const save = async (name: string): Promise<string> => {
    const download = page.waitForEvent('download');
    await decisions.getByRole('button', { name }).click();
    return readFileSync(await (await download).path(), 'utf8');
  };
  await decisions.getByLabel('Search').fill('');
  const lines = (await save('Save as JSON lines')).trimEnd().split('\n');
  const recorded = [...world.daemon.ledger.iterateEvents({ kind: 'decision' })].map(({ seq }) => seq);
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { seq: number }).seq),
    recorded.toReversed(),
    'every one, newest first',
  );
  await page.getByText(`Saved ${recorded.length} decisions.`).waitFor();
  await decisions.getByLabel('Search').fill('scope_tool');
  const [head, row, ...more] = (await save('Save as CSV')).split('\r\n');
  assert.match(head ?? '', /^time_utc,record,decision_id,agent,kind,tool,symbol,decision,side,notional_usdt,/);
  assert.match(row ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z,\d+,[^,]+,agent,intercept,"'=cmd\(""x""\),y",,BLOCK,,,/);
  assert.deepEqual(more, ['']);
  assert.deepEqual(seat.complaints, []);
});
