import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import type { ApprovalBody, ApprovalsBody } from '../../daemon/engine/records/approvals.ts';
import type {
  ApprovalEvent,
  PasskeyAddedEvent,
  PasskeyAssertedEvent,
  PasskeyEvent,
} from '../../daemon/engine/records/people-events.ts';
import { verifyApprovalRecord } from '../../daemon/passkeys/offline.ts';
import { holdfast } from '../cli/run.ts';
import type { DaemonWorld } from '../daemon/harness.ts';
import {
  closeBrowser,
  confirm,
  consoleAddress,
  findInaccessible,
  openPage,
  openWorld,
  panel,
  photograph,
  signIn,
  WITHOUT_BROWSER,
} from './browser.ts';
import { enrol, plugIn, signByPasskey } from './device.ts';

after(closeBrowser);

const HOSTILE = '<img src=x onerror="document.title=1"> \u202eevorppa';

async function ask(world: DaemonWorld, change: object = {}): Promise<string> {
  const body = await world.mustPlace('awaiting_approval', { requested_notional: 600, rationale: HOSTILE, ...change });
  return body.decision.decision_id;
}

test('a card shows what is approved; the console approves it once, and denies another', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await openWorld(t, {
    wall: false,
    policy: { approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 } },
  });
  const seat = await openPage(t, world);
  const { page, complaints } = seat;
  await signIn(seat);
  assert.equal(await panel(page, 'approvals').count(), 0, 'nothing is shown while nothing waits');
  const id = await ask(world);
  const { approvals } = (await world.operator<ApprovalsBody>('GET', '/v1/approvals')).body;
  const words = approvals[0]?.words ?? '';
  const cards = panel(page, 'approvals');
  assert.equal(approvals[0]?.card, `${consoleAddress(world)}#/approvals/${id}`);
  await cards.getByText('1 waiting').waitFor();
  await cards.getByText(words, { exact: true }).waitFor();
  await cards.getByText('buy at most 0.009 BTCUSDT').waitFor();
  // As it is approved, digit for digit.
  assert.equal(approvals[0]?.worst_price, '60120.0');
  await cards.getByText('60120.0 (market)').waitFor();
  await cards.getByText('untrusted').waitFor();
  assert.equal(await cards.locator('img').count(), 0, 'its words are text');
  assert.deepEqual(await findInaccessible(page), []);

  await cards.getByRole('button', { name: `Approve… ${id}` }).click();
  assert.match(await confirm(seat, null, 'Approve'), /at most 0\.009 BTCUSDT .* at 60120.0 or better/);
  await cards.waitFor({ state: 'detached' });
  assert.equal(await world.position('BTCUSDT'), 0.009);

  const next = await ask(world, { symbol: 'ETHUSDT' });
  await cards.getByRole('button', { name: `Deny… ${next}` }).click();
  await confirm(seat, 'not today', 'Deny');
  await cards.waitFor({ state: 'detached' });
  assert.equal(await world.position('ETHUSDT'), 0);
  // The link of the agent's answer shows what became of it.
  await page.goto(`${consoleAddress(world)}#/approvals/${next}`);
  await cards.getByText(/denied by operator: not today/).waitFor();
  assert.deepEqual(complaints, []);
});

test('on live no token is asked for where none approves', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await openWorld(t, {
    wall: false,
    policy: { approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 } },
  });
  const seat = await openPage(t, world);
  const { page, complaints } = seat;
  await signIn(seat);
  const id = await ask(world);
  Object.assign(world.daemon.gate.core.settings, { venue: 'binance-live' });
  await page.locator('.pill-live').waitFor();
  await panel(page, 'approvals')
    .getByRole('button', { name: `Approve… ${id}` })
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('No passkey is in force here.').waitFor();
  assert.equal(await dialog.getByLabel('Operator token').count(), 0);
  assert.deepEqual(complaints, []);
});

test('a passkey in the browser moves an order, and the ledger alone proves who approved what', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await openWorld(t, {
    wall: false,
    policy: { approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 } },
  });
  const seat = await openPage(t, world, { viewport: { width: 900, height: 900 } });
  const { page, complaints } = seat;
  await plugIn(page);
  await signIn(seat);
  await enrol(seat, 'laptop');
  await panel(page, 'passkeys').getByText('in force').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByText('Live', { exact: true }).waitFor();

  const id = await ask(world, { rationale: 'Breakout above the range of the last four hours, on rising volume.' });
  const cards = panel(page, 'approvals');
  await cards.getByText('buy at most 0.009 BTCUSDT').waitFor();
  await photograph(page, 'approval-card', cards);
  await cards.getByRole('button', { name: `Approve… ${id}` }).click();
  await signByPasskey(page.getByRole('dialog'), async (signed) => {
    const { text } = (await world.operator<ApprovalBody>('GET', `/v1/approvals/${id}`)).body;
    // What the digest is of, from the text that has this digest.
    for (const [name, value] of Object.entries(JSON.parse(text)))
      assert.ok((await signed.textContent())?.includes(`${name}${value}`), `${name} is shown`);
  });
  await cards.waitFor({ state: 'detached' });
  assert.equal(await world.position('BTCUSDT'), 0.009, 'the exchange has the order');
  const shown = (await world.operator<ApprovalBody>('GET', `/v1/approvals/${id}`)).body;
  assert.deepEqual(
    [shown.status, ...shown.signatures.map(({ by, kind }) => `${kind} ${by}`)],
    ['granted', 'passkey laptop'],
  );

  // From here on with what an outsider has: the ledger.
  const records = <T>(kind: 'approval' | 'passkey') => world.records<T>(kind);
  const approvals = records<ApprovalEvent>('approval');
  const requested = approvals.find((each) => each.action === 'requested' && each.approval_id === id);
  const signed = approvals.find((each) => each.action === 'signed' && each.approval_id === id);
  assert.ok(requested?.action === 'requested' && signed?.action === 'signed' && signed.proof.kind === 'passkey');
  assert.equal(signed.digest, createHash('sha256').update(shown.text).digest('hex'));
  assert.deepEqual([signed.digest, JSON.parse(shown.text).lots], [requested.digest, requested.lots]);
  const passkeys = records<PasskeyEvent>('passkey');
  const key = passkeys.find((each): each is PasskeyAddedEvent => each.action === 'added');
  const assertion = passkeys.findLast((each): each is PasskeyAssertedEvent => each.action === 'asserted');
  assert.ok(key !== undefined && assertion !== undefined);
  assert.deepEqual([assertion.id, assertion.purpose], [signed.proof.key_id, 'act']);
  const { body, path } = JSON.parse(assertion.text ?? '');
  assert.deepEqual([path, body], [`/v1/approvals/${id}`, { action: 'approve', digest: signed.digest }]);
  assert.equal(await verifyApprovalRecord(assertion, key), null, 'its key signed exactly that');
  const { code, out } = await holdfast(['audit', 'verify', '--json'], { HOLDFAST_HOME: world.home });
  assert.equal(code, 0, out);
  assert.deepEqual(JSON.parse(out).passkeys, { keys: 1, signatures: 2, problem: null });
  assert.deepEqual(complaints, []);
});

test('an approval whose text has another digest is not signed', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await openWorld(t, {
    wall: false,
    policy: { approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 } },
  });
  const seat = await openPage(t, world);
  const { page } = seat;
  await page.route('**/v1/approvals', async (route) => {
    const response = await route.fetch();
    const { approvals } = (await response.json()) as ApprovalsBody;
    const changed = approvals.map((each) => ({ ...each, text: each.text.replace('"quorum":1', '"quorum":2') }));
    await route.fulfill({ response, json: { approvals: changed } });
  });
  await signIn(seat);
  const id = await ask(world);
  await panel(page, 'approvals')
    .getByRole('button', { name: `Approve… ${id}` })
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Operator token').fill(world.token('operator'));
  await dialog.getByRole('button', { name: 'Approve' }).click();
  await dialog
    .getByRole('alert')
    .getByText(/not what this act names by its digest/)
    .waitFor();
  assert.equal(await world.position('BTCUSDT'), 0);
});
