import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import type { PasskeyEvent } from '../../daemon/engine/records/people-events.ts';
import { auditPasskeys, type PasskeyRecord } from '../../daemon/passkeys/offline.ts';
import { challengeOf } from '../../daemon/passkeys/texts.ts';
import type { DaemonWorld } from '../daemon/harness.ts';
import {
  closeBrowser,
  findInaccessible,
  openPage,
  openWorld,
  panel,
  type Seat,
  signIn,
  WITHOUT_BROWSER,
} from './browser.ts';
import { type Device, enrol, plugIn, signByPasskey } from './device.ts';

after(closeBrowser);

interface Answered {
  readonly nonce: string;
  readonly text: string;
  readonly options: object;
}
const records = (world: DaemonWorld): readonly PasskeyRecord[] =>
  [...world.daemon.ledger.iterateEvents({ kind: 'passkey' })] as unknown as PasskeyRecord[];
const actions = (world: DaemonWorld): readonly string[] =>
  records(world).map(({ payload }: { payload: PasskeyEvent }) =>
    payload.action === 'asserted' ? payload.purpose : payload.action,
  );

async function openSeat(t: TestContext): Promise<Seat & { readonly laptop: Device }> {
  const world = await openWorld(t);
  const seat = await openPage(t, world);
  return { ...seat, laptop: await plugIn(seat.page) };
}
const press = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Acts' }).getByRole('button', { name }).click();

test('a passkey is enrolled, signs in, and confirms an act', { skip: WITHOUT_BROWSER }, async (t) => {
  const seat = await openSeat(t);
  const { complaints, laptop, page, world } = seat;
  await signIn(seat);
  await enrol(seat, 'laptop');
  await page.getByText('The passkey laptop is enrolled.').waitFor();
  await panel(page, 'passkeys').getByText('in force').waitFor();
  assert.deepEqual(await findInaccessible(page), []);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByText(/laptop, signed in until/).waitFor();

  await press(page, 'Flatten');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  assert.equal((await world.tradingState()).state, 'active', 'without a reason nothing is asked for');
  await dialog.getByLabel('Reason').fill('enough');
  // Nobody shows a fingerprint.
  await laptop.setVerified(false);
  await signByPasskey(dialog);
  await dialog
    .getByRole('alert')
    .getByText(/No passkey answered/)
    .waitFor();
  assert.equal((await world.tradingState()).state, 'active');
  await laptop.setVerified(true);
  const shown = await signByPasskey(dialog);
  await dialog.waitFor({ state: 'detached' });
  const asserted = records(world).at(-1)?.payload;
  assert.equal(asserted?.action === 'asserted' && asserted.text, shown, 'what was shown is what was signed');
  const { address, home, nonce, ...reported } = JSON.parse(shown);
  assert.deepEqual([address, home], [world.daemon.address, world.home]);
  assert.deepEqual(reported, {
    account: 'main',
    body: { reason: 'enough' },
    method: 'POST',
    path: '/v1/flatten',
    venue: 'paper',
  });
  const { state, layers } = await world.tradingState();
  assert.deepEqual([state, layers[0]?.set_by, layers[0]?.reason], ['halted', 'laptop', 'enough']);

  await panel(page, 'passkeys').getByRole('button', { name: 'Remove' }).click();
  await dialog.getByLabel('Reason').fill('sold');
  await signByPasskey(dialog);
  await page.getByText(/The session is over/).waitFor();
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByRole('alert').waitFor();
  assert.deepEqual(actions(world), ['added', 'sign_in', 'act', 'act', 'removed']);
  assert.deepEqual(await auditPasskeys(records(world)), { keys: 1, signatures: 3, problem: null });
  assert.deepEqual(complaints, []);
});

test('another passkey is signed by the first, on another authenticator', { skip: WITHOUT_BROWSER }, async (t) => {
  const seat = await openSeat(t);
  const { complaints, laptop, page, world } = seat;
  await signIn(seat);
  await enrol(seat, 'laptop');
  await panel(page, 'passkeys').getByText('in force').waitFor();
  // The laptop has one already.
  await laptop.setTouched(false);
  await plugIn(page, 'usb');
  await enrol(seat, 'phone');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('The new passkey is made.').waitFor();
  await dialog.locator('.signed').getByText('passkey_add', { exact: true }).waitFor();
  assert.deepEqual(await findInaccessible(page), []);
  assert.deepEqual(actions(world), ['added'], 'alone it is not enrolled');
  await laptop.setTouched(true);
  await dialog.getByRole('button', { name: 'Sign with one in force' }).click();
  await page.getByText('The passkey phone is enrolled.').waitFor();
  assert.deepEqual(actions(world), ['added', 'enrolment', 'added']);
  assert.deepEqual(await auditPasskeys(records(world)), { keys: 2, signatures: 1, problem: null });
  assert.deepEqual(complaints, []);
});

test('the page has nothing signed but the act that was asked for, from the bytes of the challenge', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const seat = await openSeat(t);
  const { complaints, page, world } = seat;
  await signIn(seat);
  await enrol(seat, 'laptop');
  await panel(page, 'passkeys').getByText('in force').waitFor();
  const dialog = page.getByRole('dialog');
  const answerWith = (path: string, change: (answer: Answered) => Promise<Answered>) =>
    page.route(`**${path}`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: await change((await response.json()) as Answered) });
    });
  const ask = async (button: string): Promise<string> => {
    await dialog.getByRole('button', { name: button }).click();
    const fault = dialog.getByRole('alert');
    await fault.waitFor();
    return (await fault.textContent()) ?? '';
  };
  const OTHER = { method: 'POST', path: '/v1/tokens', body: { role: 'agent', name: 'mine' } };

  await press(page, 'Flatten');
  await dialog.getByLabel('Reason').fill('too hot');
  // The challenge of another act, with the text of this one.
  await answerWith('/v1/passkeys/challenge', async (answer) => ({
    ...answer,
    options: { ...answer.options, challenge: challengeOf(answer.text.replace('too hot', 'as I like')) },
  }));
  assert.match(await ask('Use a passkey'), /something else than it says/);
  await page.unroute('**/v1/passkeys/challenge');
  // Another act altogether, by the text and by the challenge; for a passkey, and for the token.
  await answerWith('/v1/passkeys/challenge', async (answer) => {
    const text = canonicalJson({ ...JSON.parse(answer.text), ...OTHER });
    return { ...answer, text, options: { ...answer.options, challenge: challengeOf(text) } };
  });
  assert.match(await ask('Use a passkey'), /something else than this act/);
  await dialog.getByLabel('Operator token').fill(world.token('operator'));
  assert.match(await ask('Close everything'), /something else than this act/);
  await page.unroute('**/v1/passkeys/challenge');
  // What was shown is gone when the form changes.
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  await dialog.locator('.signed').getByText('too hot', { exact: true }).waitFor();
  assert.deepEqual(await findInaccessible(page), []);
  await dialog.getByLabel('Reason').fill('no more');
  assert.equal(await dialog.locator('.signed').getByText('too hot', { exact: true }).count(), 0);
  await signByPasskey(dialog);
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await world.tradingState()).layers[0]?.reason, 'no more');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await answerWith('/v1/console/challenge', async (answer) => {
    const text = canonicalJson({ ...OTHER, nonce: answer.nonce });
    return { ...answer, text, options: { ...answer.options, challenge: challengeOf(text) } };
  });
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page
    .getByRole('alert')
    .getByText(/something else than a sign-in/)
    .waitFor();
  assert.deepEqual(actions(world), ['added', 'act']);
  assert.deepEqual(complaints, []);
});

test('a passkey opens a tab that has had a session; a fresh one is opened by the token', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const seat = await openSeat(t);
  const { complaints, page, world } = seat;
  await page.getByText(/only a passkey that its authenticator lists by itself/).waitFor();
  await signIn(seat);
  await enrol(seat, 'laptop');
  await panel(page, 'passkeys').getByText('in force').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  assert.equal(await page.getByText(/lists by itself/).count(), 0);
  const [asked] = await Promise.all([
    page.waitForResponse('**/v1/console/challenge'),
    page.getByRole('button', { name: 'Use a passkey' }).click(),
  ]);
  assert.deepEqual((await asked.json()).options.allowCredentials, [], 'the daemon names no passkey to anybody');
  await page.getByText(/laptop, signed in until/).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page
    .getByRole('alert')
    .getByText(/No passkey answered/)
    .waitFor();
  await signIn(seat);
  assert.deepEqual(actions(world), ['added', 'sign_in']);
  assert.deepEqual(complaints, []);
});
