import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { PasskeyEvent } from '../../daemon/gate/events.ts';
import { auditPasskeys, type PasskeyRecord } from '../../daemon/passkeys/offline.ts';
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
import { type Device, enrol, plugIn } from './device.ts';

after(closeBrowser);

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
  await page.getByText(/laptop, can look until/).waitFor();

  await press(page, 'Halt');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  assert.equal((await world.tradingState()).state, 'active', 'without a reason nothing is asked for');
  await dialog.getByLabel('Reason').fill('enough');
  // Nobody shows a fingerprint.
  await laptop.setVerified(false);
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  await dialog
    .getByRole('alert')
    .getByText(/No passkey answered/)
    .waitFor();
  assert.equal((await world.tradingState()).state, 'active');
  await laptop.setVerified(true);
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  await dialog.waitFor({ state: 'detached' });
  const { state, layers } = await world.tradingState();
  assert.deepEqual([state, layers[0]?.set_by, layers[0]?.reason], ['halted', 'laptop', 'enough']);

  await panel(page, 'passkeys').getByRole('button', { name: 'Remove' }).click();
  await dialog.getByLabel('Reason').fill('sold');
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByText('The session is over, or its token was revoked.').waitFor();
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
  assert.deepEqual(actions(world), ['added'], 'alone it is not enrolled');
  await laptop.setTouched(true);
  await dialog.getByRole('button', { name: 'Sign with one in force' }).click();
  await page.getByText('The passkey phone is enrolled.').waitFor();
  assert.deepEqual(actions(world), ['added', 'enrolment', 'added']);
  assert.deepEqual(await auditPasskeys(records(world)), { keys: 2, signatures: 1, problem: null });
  assert.deepEqual(complaints, []);
});
