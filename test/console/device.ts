import assert from 'node:assert/strict';
import type { CDPSession, Locator, Page } from 'playwright-core';
import { holdfast } from '../cli/run.ts';
import { findInaccessible, panel, type Seat } from './browser.ts';

/** An authenticator, of which Chromium's own code asks keys and signatures. */
export interface Device {
  /** Whether somebody touches it. */
  setTouched(isTouched: boolean): Promise<void>;
  setVerified(isVerified: boolean): Promise<void>;
}
export async function plugIn(page: Page, transport: 'internal' | 'usb' = 'internal'): Promise<Device> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    setTouched: async (enabled) => {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    setVerified: async (isUserVerified) => {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
  };
}
/** Asks for the text of an act, and signs it; returns the text as it was shown. */
export async function signByPasskey(dialog: Locator, look?: (signed: Locator) => Promise<void>): Promise<string> {
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  const signed = dialog.locator('.signed');
  await signed
    .getByText('Signed is')
    .waitFor()
    .catch(async (error: unknown) => {
      throw new Error(`no text to sign is shown, but: ${await dialog.textContent()}`, { cause: error });
    });
  await look?.(signed);
  await signed.getByText('Exact text').click();
  const text = (await signed.locator('pre').textContent()) ?? '';
  await dialog.getByRole('button', { name: 'Sign with the passkey' }).click();
  return text;
}
/** As far as the browser asks for the new key. */
export async function enrol({ page, world }: Seat, name: string): Promise<void> {
  const { out } = await holdfast(['passkey', 'enrol', name], { HOLDFAST_HOME: world.home });
  await panel(page, 'passkeys').getByRole('button', { name: 'Enrol…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('One-time code').fill(out.trim());
  await dialog.getByLabel('Operator token').fill(world.token('operator'));
  assert.deepEqual(await findInaccessible(page), []);
  await dialog.getByRole('button', { name: 'Make the passkey' }).click();
}
