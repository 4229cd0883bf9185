import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { AlertAckEvent } from '../../daemon/engine/records/people-events.ts';
import { until } from '../daemon/harness.ts';
import {
  closeBrowser,
  confirm,
  findInaccessible,
  openPage,
  panel,
  signIn,
  tighten,
  WITHOUT_BROWSER,
} from './browser.ts';
import { loseAnOrder, offerLooserPolicy, playMorning } from './scene.ts';

after(closeBrowser);

test('every act states its effect, asks for the operator token unless it tightens, and is done', {
  skip: WITHOUT_BROWSER,
}, async (t) => {
  const world = await playMorning(t);
  await offerLooserPolicy(world);
  const seat = await openPage(t, world);
  const { page, complaints } = seat;
  await signIn(seat);
  const press = (name: string) => page.getByRole('navigation', { name: 'Acts' }).getByRole('button', { name }).click();
  const layers = async () => (await world.tradingState()).layers.filter((layer) => layer.layer === 'operator');

  await press('Reduce');
  assert.deepEqual(await findInaccessible(page), []);
  assert.match(
    await tighten(seat, 'too hot', 'Reduce only', 'agent:momentum'),
    /One opening order of ours is open now; those within the scope are canceled/,
  );
  assert.ok(
    (await layers()).some(
      (layer) => layer.name === 'momentum' && layer.state === 'reducing' && layer.reason === 'too hot',
    ),
  );
  await panel(page, 'state').getByText('operator, agent momentum').waitFor();
  await page.getByText('Done: momentum is reducing by the operator layer; the account is active.').waitFor();

  await press('Resume');
  assert.match(await confirm(seat, 'cooled down', 'Resume trading', 'agent:momentum'), /No other layer is lifted/);
  assert.ok(!(await layers()).some((layer) => layer.name === 'momentum'));
  await page.getByText('Done: momentum is held by no layer of its own; the account is active.').waitFor();

  // A wrong token does nothing, and says so.
  await press('Flatten');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('stop');
  await dialog.getByLabel('Operator token').fill('hf_wrong');
  await dialog.getByRole('button', { name: 'Close everything' }).click();
  await dialog
    .getByRole('alert')
    .getByText(/unknown or revoked/)
    .waitFor();
  assert.equal((await world.tradingState()).state, 'active');
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  await press('Halt');
  assert.match(await tighten(seat, 'stop', 'Halt trading'), /cannot exit either/);
  assert.equal((await world.tradingState()).state, 'halted');
  await page.locator('.state-word', { hasText: 'halted' }).waitFor();

  // To reduce over a halt loosens: the session is not enough.
  await press('Reduce');
  await dialog.getByRole('button', { name: 'Reduce only' }).click();
  await dialog
    .getByRole('alert')
    .getByText(/would loosen/)
    .waitFor();
  assert.deepEqual(await findInaccessible(page), []);
  await confirm(seat, 'slowly', 'Reduce only');
  assert.equal((await world.tradingState()).state, 'reducing');

  await press('Resume');
  await confirm(seat, 'all clear', 'Resume trading');
  assert.equal((await world.tradingState()).state, 'active');

  await panel(page, 'trust').getByRole('button', { name: /^End/ }).click();
  assert.match(await confirm(seat, 'a false alarm', 'End the signal'), /narrative signal of monitor/);
  await panel(page, 'trust').getByText('No signal is active.').waitFor();

  await panel(page, 'alerts').getByRole('listitem').filter({ hasText: 'FOREIGN_ORDER' }).getByRole('button').click();
  await confirm(seat, 'it was me', 'Acknowledge');
  await panel(page, 'alerts')
    .getByText(/^seen by operator/)
    .waitFor();
  const [ack] = [...world.daemon.ledger.iterateEvents({ kind: 'alert_ack' })];
  assert.deepEqual(ack?.payload, {
    alert_seq: (ack?.payload as AlertAckEvent | undefined)?.alert_seq,
    reason: 'it was me',
    set_by: 'operator',
  });

  await panel(page, 'policy').getByRole('button', { name: 'Accept…' }).click();
  assert.match(await confirm(seat, null, 'Put it in force'), /order_notional_usdt/);
  assert.equal((await world.ready()).body.pending_policy, null);
  await panel(page, 'policy').getByRole('button', { name: 'Accept…' }).waitFor({ state: 'detached' });

  await press('Flatten');
  const effect = await confirm(seat, 'out', 'Close everything');
  assert.match(effect, /Open now: 0\.\d+ BTCUSDT, 0\.\d+ ETHUSDT/);
  await until(
    'the account is flat',
    world.advancing(
      1_000,
      async () => (await world.position('BTCUSDT')) === 0 && (await world.position('ETHUSDT')) === 0,
    ),
  );
  await panel(page, 'positions').getByText('No position is open.').waitFor();
  assert.deepEqual(complaints, []);
});

test('a symbol is released from its holder, and given to another agent', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await playMorning(t);
  const seat = await openPage(t, world);
  const { page, complaints } = seat;
  await signIn(seat);
  const press = (name: string) => panel(page, 'positions').getByRole('button', { name }).click();
  const recorded = () => world.records('holder');

  await press('Release… ETHUSDT');
  assert.deepEqual(await findInaccessible(page), [], 'the dialog');
  assert.match(
    await confirm(seat, 'it squats', 'Release the symbol', '60'),
    /openings of carry in ETHUSDT are canceled/,
  );
  await page.getByText('ETHUSDT is released from carry; no opening of it is left.').waitFor();
  await panel(page, 'orders').getByText('No order is open, unknown or lost.').waitFor();

  await press('Adopt… ETHUSDT');
  const effect = await confirm(seat, 'it trades it now', 'Give it to the agent', 'momentum');
  assert.match(effect, /All that is held, 0\.\d+ ETHUSDT, now of carry, is that agent’s/);
  await page.getByText(/^momentum holds 0\.\d+ ETHUSDT now\.$/).waitFor();
  await panel(page, 'positions').getByText('carry', { exact: true }).waitFor({ state: 'detached' });
  assert.deepEqual(
    recorded()
      .map((payload) => Object(payload))
      .map(({ action, agent, reason }) => [action, agent, reason]),
    [
      ['released', 'carry', 'it squats'],
      ['adopted', 'momentum', 'it trades it now'],
    ],
  );
  assert.deepEqual(complaints, []);
});

test('a lost order is ended from the console', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await playMorning(t);
  const id = await loseAnOrder(world);
  const seat = await openPage(t, world);
  await signIn(seat);
  await panel(seat.page, 'orders').getByText('1 lost').waitFor();
  await panel(seat.page, 'orders')
    .getByRole('button', { name: `End… lost order ${id}` })
    .click();
  assert.match(await confirm(seat, 'never placed', 'End the order'), /Look at the venue first/);
  await panel(seat.page, 'orders').getByText('0 lost').waitFor();
  assert.deepEqual(seat.complaints, []);
});

test('the keyboard alone halts', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await playMorning(t);
  const seat = await openPage(t, world);
  const { page } = seat;
  await page.getByLabel('Operator token').focus();
  await page.keyboard.type(world.token('operator'));
  await page.keyboard.press('Enter');
  await page.getByText('Live', { exact: true }).waitFor();
  for (let presses = 0; presses < 12; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await page.locator(':focus').textContent()) === 'Halt') break;
  }
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  // The keyboard is at the end; the reason stands two before it.
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.type('by keyboard');
  await page.keyboard.press('Enter');
  await page.locator('.state-word', { hasText: 'halted' }).waitFor();
  assert.equal((await world.tradingState()).layers.at(-1)?.reason, 'by keyboard');
});

test('halt works while the exchange answers nothing but failures', { skip: WITHOUT_BROWSER }, async (t) => {
  const world = await playMorning(t);
  const resting = (await world.orders('?open=true')).filter(({ reduce_only: isExit }) => !isExit).length;
  assert.ok(resting > 0, 'something rests that a halt cancels');
  const seat = await openPage(t, world);
  const { complaints, page } = seat;
  await signIn(seat);
  await world.fault({ kind: 'status', status: 503, count: 10_000, match: {} });
  await page.getByRole('navigation', { name: 'Acts' }).getByRole('button', { name: 'Halt' }).click();
  await tighten(seat, 'the exchange fails', 'Halt trading');
  await page.locator('.state-word', { hasText: 'halted' }).waitFor();
  assert.equal((await world.tradingState()).state, 'halted');
  const { body } = await world.place({ symbol: 'ETHUSDT', requested_notional: 200 });
  assert.equal(body.decision.decision, 'BLOCK', 'nothing opens');
  const atExchange = async () => (await world.books()).orders.filter(({ status }) => status === 'NEW');
  assert.equal((await atExchange()).length, resting, 'the exchange took no cancel yet');
  await world.control('clear-faults', {});
  await until('what rests is canceled', async () => (await atExchange()).length === 0);
  assert.deepEqual(complaints, []);
});
