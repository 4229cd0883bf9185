import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { TokenActEvent } from '../../daemon/engine/records/people-events.ts';
import {
  closeBrowser,
  confirm,
  findInaccessible,
  openPage,
  openWorld,
  panel,
  type Seat,
  signIn,
  WITHOUT_BROWSER,
} from './browser.ts';
import { enrol, plugIn, signByPasskey } from './device.ts';

after(closeBrowser);

const acts = ({ world }: Seat): readonly TokenActEvent[] => world.records<TokenActEvent>('token_act');
/** Whatever the page holds that a script or an eye could read. */
const pageText = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { document } = globalThis as unknown as {
      document: { documentElement: { outerHTML: string }; querySelectorAll(of: string): Iterable<{ value: string }> };
    };
    return [
      document.documentElement.outerHTML,
      ...[...document.querySelectorAll('input')].map((it) => it.value),
    ].join();
  });

test('a token is created, shown once, trades, and is revoked', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await openWorld(t);
  const seat = await openPage(t, world);
  const { page, complaints } = seat;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await signIn(seat);
  const tokens = panel(page, 'tokens');
  await tokens.getByText('3 live').waitFor();
  const dialog = page.getByRole('dialog');

  // By keyboard alone, from the button to the secret and out.
  await tokens.getByRole('button', { name: 'Create…' }).focus();
  await page.keyboard.press('Enter');
  await dialog.getByText(/Whoever holds it trades as this agent/).waitFor();
  assert.deepEqual(await findInaccessible(page), [], 'the dialog');
  await page.keyboard.press('Tab');
  await page.keyboard.type('momentum');
  await dialog.getByText(/trades as momentum, within the policy’s limits for momentum.*30 days.*shown once/).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.type('hf_wrong');
  await page.keyboard.press('Enter');
  await dialog
    .getByRole('alert')
    .getByText(/unknown or revoked/)
    .waitFor();
  assert.equal(await dialog.getByLabel('Operator token').inputValue(), '', 'the token is not left in the field');
  await dialog.getByLabel('Operator token').focus();
  await page.keyboard.type(world.token('operator'));
  await page.keyboard.press('Enter');
  await dialog.getByText(/This is the only time it is shown/).waitFor();
  assert.deepEqual(await findInaccessible(page), [], 'the secret');
  const secret = await dialog.locator('input[name=secret]').inputValue();
  assert.match(secret, /^hf_[\w-]{43}$/);
  await dialog.getByRole('button', { name: 'Copy' }).click();
  await dialog.getByText('Copied.').waitFor();
  const copied = await page.evaluate(() =>
    (
      globalThis as unknown as { navigator: { clipboard: { readText(): Promise<string> } } }
    ).navigator.clipboard.readText(),
  );
  assert.equal(copied, secret);
  assert.ok((await pageText(page)).includes(secret), 'this is how it is looked for');
  await page.keyboard.press('Escape');
  // A closed dialog has no role any more, and for a moment its content is there.
  await page.locator('dialog').waitFor({ state: 'detached' });
  assert.ok(!(await pageText(page)).includes(secret.slice(3)), 'gone with the dialog');
  // Whether the market permits it just now is another matter.
  const asked = await world.place({ requested_notional: 200 }, secret);
  assert.deepEqual([asked.status, asked.body.decision.agent], [200, 'momentum']);
  const [created] = acts(seat);
  assert.deepEqual([created?.action, created?.by, created?.set_by], ['create', 'operator_token', 'operator']);
  await page.getByText(`Token ${created?.token_id} of agent momentum is created.`).waitFor();
  await panel(page, 'alerts').getByText('TOKEN_CREATED').first().waitFor();

  const row = tokens.getByRole('row').filter({ hasText: 'momentum' });
  await row.getByRole('button', { name: `Revoke token ${created?.token_id}` }).click();
  assert.match(
    await confirm(seat, 'it leaked', 'Revoke the token'),
    /is refused from now on.*asked to open is canceled/,
  );
  await row.waitFor({ state: 'detached' });
  await tokens.getByText('3 live, 1 ended').waitFor();
  assert.equal((await world.place({}, secret)).status, 401);
  assert.deepEqual([acts(seat)[1]?.action, acts(seat)[1]?.reason], ['revoke', 'it leaked']);

  await tokens.getByRole('button', { name: 'Create…' }).click();
  await dialog.getByLabel('Role').selectOption('monitor');
  await dialog.getByText(/sees the whole account and may post signals/).waitFor();
  await dialog.getByLabel('Name, for the record').fill('two words');
  await dialog.getByLabel('Operator token').fill(world.token('operator'));
  await dialog.getByRole('button', { name: 'Create the token' }).click();
  assert.equal(acts(seat).length, 2, 'a name that no token has is not sent');
  await dialog.getByLabel('Name, for the record').fill('screen');
  await dialog.getByLabel('Valid for').selectOption('7');
  await dialog.getByRole('button', { name: 'Create the token' }).click();
  await dialog.getByRole('button', { name: 'I have it' }).click();
  const screen = world.daemon.ledger.tokens.listTokens().find(({ name }) => name === 'screen');
  assert.deepEqual([screen?.role, screen?.agent, screen?.skill_sha256], ['monitor', null, null]);
  assert.deepEqual(complaints, []);
});

test('on a telephone: revoking the token that one looks with says so, and ends the session', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await openWorld(t);
  const seat = await openPage(t, world, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  const { page } = seat;
  const dialog = page.getByRole('dialog');
  const own = world.daemon.ledger.tokens.createToken({ role: 'operator', name: 'second' });
  await page.getByLabel('Operator token').fill(own.secret);
  await page.getByRole('button', { name: 'Look' }).click();
  const row = panel(page, 'tokens').getByRole('row').filter({ hasText: 'this session' });
  await row.getByText('second').waitFor();
  await panel(page, 'tokens').getByRole('button', { name: 'Create…' }).click();
  assert.deepEqual(await findInaccessible(page), []);
  await dialog.getByLabel('Agent that it acts for').fill('swing');
  await dialog.getByLabel('Operator token').fill(own.secret);
  await dialog.getByRole('button', { name: 'Create the token' }).click();
  await dialog.getByText(/This is the only time it is shown/).waitFor();
  assert.deepEqual(await findInaccessible(page), []);
  const box = await dialog.boundingBox();
  assert.ok(box !== null && box.x >= 0 && box.x + box.width <= 390, 'nothing stands out at the side');
  await dialog.getByRole('button', { name: 'I have it' }).click();
  await row.getByRole('button').click();
  assert.deepEqual(await findInaccessible(page), []);
  assert.match(await confirm(seat, 'done', 'Revoke the token'), /this session ends/);
  await page.getByText(/The session is over/).waitFor();
  assert.equal(acts(seat).at(-1)?.token_id, own.record.id);
  assert.deepEqual(seat.complaints, []);
});

test('on live the dialog asks for a passkey and for nothing else', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await openWorld(t);
  const seat = await openPage(t, world);
  const { page, complaints } = seat;
  await plugIn(page);
  await signIn(seat);
  await enrol(seat, 'laptop');
  await panel(page, 'passkeys').getByText('in force').waitFor();
  Object.assign(world.daemon.gate.core.settings, { venue: 'binance-live' });
  await page.locator('.pill-live').waitFor();
  await panel(page, 'tokens').getByRole('button', { name: 'Create…' }).click();
  const dialog = page.getByRole('dialog');
  assert.equal(await dialog.getByLabel('Operator token').count(), 0);
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  assert.equal(acts(seat).length, 0, 'without a name nothing is asked for');
  await dialog.getByLabel('Agent that it acts for').fill('momentum');
  assert.deepEqual(await findInaccessible(page), []);
  await signByPasskey(dialog);
  await dialog.getByText(/This is the only time it is shown/).waitFor();
  const [created] = acts(seat);
  assert.deepEqual([created?.by, created?.set_by], ['passkey', 'laptop']);
  // Whoever is signed out meanwhile leaves no secret behind, and no dialog.
  const session = world.daemon.ledger.tokens.listTokens().find(({ role }) => role === 'operator');
  world.daemon.ledger.tokens.revokeToken(session?.id ?? '');
  await page.getByText(/The session is over/).waitFor();
  assert.equal(await page.locator('dialog').count(), 0);
  assert.ok(!(await pageText(page)).includes('hf_'));
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByText(/laptop, signed in until/).waitFor();
  assert.equal(await page.locator('dialog').count(), 0, 'nor does it come back');
  assert.deepEqual(complaints, []);
});
