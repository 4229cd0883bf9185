import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { chromium, type Page } from 'playwright-core';
import type { PasskeyEvent } from '../../daemon/engine/records/people-events.ts';
import { auditPasskeys, type PasskeyRecord } from '../../daemon/passkeys/offline.ts';
import { holdfast } from '../cli/run.ts';
import { type DaemonWorld, until } from '../daemon/harness.ts';
import { findFreePort } from '../free-port.ts';
import { PATIENCE_MS } from '../until.ts';
import {
  CHROMIUM,
  closeBrowser,
  findCutButtons,
  findInaccessible,
  openPage,
  openWorld,
  panel,
  photograph,
  type Seat,
  signIn,
  WITHOUT_BROWSER,
  watchPage,
} from './browser.ts';
import { enrol, plugIn, signByPasskey } from './device.ts';
import { squat } from './squatter.ts';
import {
  makeCertificate,
  type StartProxy,
  startCaddy,
  startNodeProxy,
  WITHOUT_CADDY,
  WITHOUT_OPENSSL,
} from './tls-proxies.ts';

const NAME = 'desk.holdfast.example';
const ORIGIN = `https://${NAME}`;

interface PhoneSeat {
  readonly world: DaemonWorld;
  readonly machine: Seat;
  readonly page: Page;
  readonly complaints: string[];
  /** Of the remote console. */
  readonly port: number;
}

/** A daemon, a proxy with TLS before its remote console, and a phone that finds the proxy under the name. */
async function openPhone(t: TestContext, startProxy: StartProxy): Promise<PhoneSeat> {
  const port = await findFreePort();
  const world = await openWorld(t, {
    wall: false,
    env: { HOLDFAST_CONSOLE_ORIGIN: ORIGIN, HOLDFAST_CONSOLE_PORT: String(port) },
    policy: { approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 } },
  });
  const certificate = makeCertificate(t, NAME);
  const proxied = await startProxy(t, certificate, NAME, port);
  const browser = await chromium.launch({
    executablePath: CHROMIUM ?? '',
    timeout: PATIENCE_MS,
    args: [
      `--host-resolver-rules=MAP ${NAME}:443 127.0.0.1:${proxied}`,
      // As a phone trusts it: an exception that a person clicks away has no passkeys.
      `--ignore-certificate-errors-spki-list=${certificate.spki}`,
    ],
  });
  t.after(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints = await watchPage(page);
  await plugIn(page);
  await page.goto(`${ORIGIN}/`);
  const machine = await openPage(t, world);
  await plugIn(machine.page);
  await signIn(machine);
  await enrol(machine, 'laptop');
  await panel(machine.page, 'passkeys').getByText('in force').waitFor();
  return { world, machine, page, complaints, port };
}

/** The phone makes the key, the machine enrols it; both show the same words. */
async function enrolPhone({ machine, page, world }: PhoneSeat): Promise<void> {
  const { code, err, out } = await holdfast(['passkey', 'enrol', 'phone', '--origin', ORIGIN], {
    HOLDFAST_HOME: world.home,
  });
  assert.equal(code, 0, err);
  await page.getByText('This phone has no passkey yet').tap();
  await page.getByLabel('One-time code').fill(out.trim());
  assert.deepEqual(await findInaccessible(page), []);
  await page.getByRole('button', { name: 'Make the passkey' }).tap();
  const words = (await page.locator('.words').textContent()) ?? '';
  assert.match(words, /^(?:[a-z]{5}-){3}[a-z]{5}$/);

  await panel(machine.page, 'passkeys').getByRole('button', { name: 'Enrol…' }).click();
  const dialog = machine.page.getByRole('dialog');
  await dialog.getByLabel('One-time code').fill(out.trim());
  await dialog.getByLabel('Operator token').fill(world.token('operator'));
  await dialog.getByRole('button', { name: 'Make the passkey' }).click();
  assert.equal(await dialog.locator('.words').textContent(), words);
  await dialog.locator('.signed').getByText(ORIGIN, { exact: true }).waitFor();
  assert.deepEqual(await findInaccessible(machine.page), []);
  await dialog.getByRole('button', { name: 'Sign with one in force' }).click();
  await machine.page.getByText('The passkey phone is enrolled.').waitFor();
}

async function ask(world: DaemonWorld, symbol: string): Promise<string> {
  const body = await world.mustPlace('awaiting_approval', { symbol, requested_notional: 600 });
  return body.decision.decision_id;
}

/** What makes the page wider than the screen, so that a phone shows it smaller, or cut. */
function findTooWide(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    interface Shown {
      readonly className: unknown;
      readonly tagName: string;
      readonly parentElement: Shown | null;
      getBoundingClientRect(): { readonly right: number };
    }
    const { document, getComputedStyle, screen } = globalThis as unknown as {
      document: { querySelectorAll(selector: string): Iterable<Shown> };
      getComputedStyle(of: Shown): { readonly overflowX: string };
      screen: { readonly width: number };
    };
    const isClipped = (shown: Shown): boolean => {
      for (let box = shown.parentElement; box !== null; box = box.parentElement)
        if (getComputedStyle(box).overflowX !== 'visible') return true;
      return false;
    };
    return [...document.querySelectorAll('body *')]
      .filter((each) => each.getBoundingClientRect().right > screen.width + 1 && !isClipped(each))
      .map(({ className, tagName }) => `${tagName} ${String(className)}`);
  });
}

async function useIt(seat: PhoneSeat): Promise<void> {
  const { page, world } = seat;
  await page.getByRole('button', { name: 'Use a passkey' }).tap();
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByText(/phone, signed in until/).waitFor();
  const acts = page.getByRole('navigation', { name: 'Acts' }).getByRole('button');
  assert.deepEqual(await acts.allTextContents(), ['Reduce', 'Halt']);
  for (const name of ['Enrol…', 'Remove', 'Accept…', 'Acknowledge', 'Release…', 'Adopt…', 'Flatten', 'Resume'])
    assert.equal(await page.getByRole('button', { name }).count(), 0, name);
  assert.equal(await page.locator('.panel-tokens').count(), 0);

  // As a message links to it.
  const id = await ask(world, 'BTCUSDT');
  await page.goto(`${ORIGIN}/#/approvals/${id}`);
  const cards = panel(page, 'approvals');
  await cards.getByText('buy at most 0.009 BTCUSDT').waitFor();
  assert.deepEqual(await findInaccessible(page), []);
  assert.deepEqual(await findTooWide(page), [], 'nothing is wider than the phone');
  await photograph(page, 'phone-approval');
  await cards.getByRole('button', { name: `Approve… ${id}` }).tap();
  const dialog = page.getByRole('dialog');
  assert.equal(await page.locator('input[type=password]').count(), 0, 'no token is asked for');
  await signByPasskey(dialog);
  await cards.getByText(/^granted/).waitFor();
  assert.equal(await world.position('BTCUSDT'), 0.009);

  const next = await ask(world, 'ETHUSDT');
  await cards.getByRole('button', { name: `Deny… ${next}` }).tap();
  await dialog.getByLabel('Reason').fill('not today');
  assert.deepEqual(await findInaccessible(page), []);
  await signByPasskey(dialog);
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await world.position('ETHUSDT'), 0);

  await acts.filter({ hasText: 'Reduce' }).tap();
  await dialog.getByRole('button', { name: 'Reduce only' }).tap();
  await page.locator('.state-word', { hasText: 'reducing' }).waitFor();
  await acts.filter({ hasText: 'Halt' }).tap();
  await dialog.getByRole('button', { name: 'Halt trading' }).tap();
  await page.locator('.state-word', { hasText: 'halted' }).waitFor();
  const { layers, state } = await world.tradingState();
  assert.deepEqual([state, layers[0]?.set_by, layers[0]?.reason], ['halted', 'phone', 'by hand, in the console']);
  // It takes a person at the machine to loosen that.
  await acts.filter({ hasText: 'Reduce' }).tap();
  await dialog.getByRole('button', { name: 'Reduce only' }).tap();
  await dialog.getByText(/would loosen/).waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Use a passkey' }).count(), 0);
  await dialog.getByRole('button', { name: 'Leave it' }).tap();
  assert.equal((await world.tradingState()).state, 'halted');
  assert.deepEqual(await findCutButtons(page), []);
  assert.deepEqual(await findInaccessible(page), []);
}

/** What a phone does is the same through both; that of the recipe also sends what proxies send. */
const [PROXY, START]: readonly [string, StartProxy] =
  WITHOUT_CADDY === false
    ? ['Caddy, as its recipe says', startCaddy]
    : [`a proxy with TLS (${WITHOUT_CADDY})`, startNodeProxy];
test(`a phone signs in, approves, denies, reduces and halts through ${PROXY}`, {
  skip: WITHOUT_BROWSER || WITHOUT_OPENSSL,
}, async (t) => {
  t.after(closeBrowser);
  const seat = await openPhone(t, START);
  await enrolPhone(seat);
  await useIt(seat);
  const { complaints, machine, world } = seat;
  const records = [...world.daemon.ledger.iterateEvents({ kind: 'passkey' })] as unknown as PasskeyRecord[];
  const said = records.map(({ payload }: { payload: PasskeyEvent }) =>
    payload.action === 'asserted' ? `${payload.name} ${payload.purpose}` : payload.action,
  );
  assert.deepEqual(said, ['added', 'laptop enrolment', 'added', 'phone sign_in', 'phone act', 'phone act']);
  assert.deepEqual(await auditPasskeys(records), { keys: 2, signatures: 4, problem: null });
  assert.deepEqual([complaints, machine.complaints], [[], []]);
});

test('whoever takes the port behind the proxy while the daemon is down gets nothing of a phone that is signed in [TM-88]', {
  skip: WITHOUT_BROWSER || WITHOUT_OPENSSL,
}, async (t) => {
  t.after(closeBrowser);
  const seat = await openPhone(t, startNodeProxy);
  const { page, port, world } = seat;
  await enrolPhone(seat);
  await page.getByRole('button', { name: 'Use a passkey' }).tap();
  await page.getByText('Live', { exact: true }).waitFor();
  await world.daemon.close();
  await page.getByText(/does not answer; trying again/).waitFor();
  const squatter = await squat(t, port, ({ url }, response) => {
    const answer = url === '/v1/proof' ? { claims: '{}', proof: 'A'.repeat(43) } : {};
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await page.getByText('What answers here is not the daemon you signed in to.').first().waitFor();
  assert.equal(await page.locator('nav[inert]').count(), 1, 'nothing can be pressed');
  await until('it was asked for a proof', () => squatter.taken.length > 2);
  for (const name of ['authorization', 'holdfast-passkey', 'holdfast-token', 'cookie'])
    assert.deepEqual(
      squatter.taken.filter(({ headers }) => headers[name] !== undefined),
      [],
      name,
    );
});
