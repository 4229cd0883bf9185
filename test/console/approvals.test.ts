import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ApprovalsBody } from '../../daemon/gate/api/approvals.ts';
import { type DaemonWorld, order } from '../daemon/harness.ts';
import {
  closeBrowser,
  confirm,
  consoleAddress,
  findInaccessible,
  openPage,
  openWorld,
  panel,
  signIn,
  WITHOUT_BROWSER,
} from './browser.ts';

after(closeBrowser);

const HOSTILE = '<img src=x onerror="document.title=1"> \u202eevorppa';

async function ask(world: DaemonWorld, change: object = {}): Promise<string> {
  const { body } = await world.tool('place_order', order({ requested_notional: 600, rationale: HOSTILE, ...change }));
  assert.equal(body.execution.state, 'awaiting_approval', JSON.stringify(body.decision.reasons));
  return body.decision.decision_id;
}

test('a card shows what is approved; the console approves it once, and denies another', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await openWorld(t, {
    wall: false,
    policy: (spec) => {
      spec.approvals = { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 };
    },
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
