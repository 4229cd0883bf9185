import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { closedE8 } from '../../../../daemon/engine/orders/claims.ts';
import type { OrderState } from '../../../../daemon/engine/orders/orders.ts';
import type { GateEvent } from '../../../../daemon/engine/records/events.ts';
import { GateState } from '../../../../daemon/engine/state/gate-state.ts';
import { DaemonWorld, until } from '../../../daemon/harness.ts';
import type { PolicyEdits } from '../../../daemon/policy-edits.ts';
import { checkAudit } from '../../../recorded/verdicts.ts';
import { inLots } from '../../fold-fixture.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };

async function hold(t: TestContext, policy: PolicyEdits = {}): Promise<DaemonWorld> {
  const world = await DaemonWorld.of(t, {
    answerWithinMs: 300,
    policy: { 'temporal.duplicate_window_ms': 1, ...policy },
  });
  await world.place({ requested_notional: 900 });
  assert.ok((await world.position('BTCUSDT')) > 0, 'a position is held');
  await world.refresh();
  return world;
}
/** Oldest first; those that have ended for a while are kept elsewhere. */
const exitsOf = (world: DaemonWorld): readonly OrderState[] =>
  [...world.daemon.gate.core.state.orders.all.values()]
    .filter((one) => one.reduceOnly)
    .sort((a, b) => a.plannedAtMs - b.plannedAtMs);
/** Beyond the rate: permitted, and waiting. */
async function closeBeyondRate(world: DaemonWorld): Promise<string> {
  await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.1 });
  const { body } = await world.tool('close_position', { symbol: 'BTCUSDT', request_id: 'close-all' });
  assert.deepEqual([body.decision.decision, body.execution.state], ['ALLOW', 'staging']);
  return body.execution.orders[0]?.client_order_id ?? '';
}
const slowly = { 'exits.rate': { max: 1, window_ms: 60_000 } };
const slowLadder = { 'exits.step_ms': 10_000 };
async function byHand(world: DaemonWorld, ...trades: readonly (readonly [string, number])[]): Promise<void> {
  for (const [side, quantity] of trades)
    await world.hand('POST', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      side,
      type: 'MARKET',
      quantity: quantity.toFixed(3),
    });
}
const droppedIn = (world: DaemonWorld): readonly string[] =>
  world
    .alerts()
    .filter(({ code }) => code === 'EXIT_DROPPED')
    .map(({ detail }) => detail);

describe('exits that a restart interrupts [BY-13, BY-15, BY-36]', () => {
  it('one that waits for its rate is sent when it is due, at the size that is left then [EX-64 PK-58]', async (t) => {
    const world = await hold(t, slowly);
    await closeBeyondRate(world);
    await world.restart();
    const human = { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.005', reduceOnly: 'true' };
    await world.hand('POST', '/fapi/v1/order', human);
    const left = await world.position('BTCUSDT');
    assert.ok(left > 0, `left ${left}`);
    for (let i = 0; i < 6; i += 1) await world.advance(10_000);
    await until('the close', async () => (await world.position('BTCUSDT')) === 0);
    await world.refresh();
    const sent = exitsOf(world).filter((one) => one.status === 'filled');
    assert.equal(inLots(sent.at(-1)?.executedE8), Math.round(left * 1_000));
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT', request_id: 'close-all' });
    await checkAudit(world);
  });

  it('one that its agent canceled while it waited stays canceled', async (t) => {
    const world = await hold(t, slowly);
    const id = await closeBeyondRate(world);
    const held = await world.position('BTCUSDT');
    await world.tool('cancel_order', { client_order_id: id });
    await world.restart();
    for (let i = 0; i < 8; i += 1) await world.advance(10_000);
    assert.equal(await world.position('BTCUSDT'), held);
  });

  it('one that waited while the daemon was down for hours is dropped, and said [EX-66]', async (t) => {
    const world = await hold(t, slowly);
    await closeBeyondRate(world);
    const held = await world.position('BTCUSDT');
    await world.daemon.close();
    await world.control('advance', { ms: 2 * 3_600_000 });
    await world.restart();
    await until('it is dropped', () => exitsOf(world).every((one) => one.status !== 'pending_send'));
    for (let i = 0; i < 8; i += 1) await world.advance(10_000);
    assert.equal(await world.position('BTCUSDT'), held);
    const alerts = world.alerts();
    assert.deepEqual(alerts.filter(({ code }) => code === 'EXIT_DROPPED').length, 1);
  });

  it('a ladder goes on at its next rung [EX-64 EX-65]', async (t) => {
    const world = await hold(t, { 'exits.step_ms': 4_000 });
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    const left = await world.position('BTCUSDT');
    assert.ok(left > 0, 'a part is left when the daemon stops');
    await world.restart();
    await until(
      'the rest is closed',
      world.refreshing(async () => (await world.position('BTCUSDT')) === 0),
      15_000,
    );
    const [first, second, ...more] = exitsOf(world);
    assert.deepEqual([first?.status, second?.status, more.length], ['expired', 'filled', 0]);
    assert.equal(inLots(second?.quantityE8), Math.round(left * 1_000), 'what was left, once');
    assert.notEqual(second?.clientOrderId, first?.clientOrderId);
    await checkAudit(world);
  });

  it('a ladder that was cut off hours ago is dropped, and said', async (t) => {
    const world = await hold(t, slowLadder);
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    const left = await world.position('BTCUSDT');
    assert.ok(left > 0, 'a part is left when the daemon stops');
    await world.daemon.close();
    await world.control('advance', { ms: 2 * 3_600_000 });
    await world.restart();
    await until('it is said', () => droppedIn(world).length > 0);
    assert.match(droppedIn(world)[0] ?? '', /ended with 0\.004 closed: too old to go on after a restart$/);
    assert.equal(await world.position('BTCUSDT'), left);
  });

  for (const [whose, what, minutes, goesOn, resumeMs] of [
    ['an operator’s', 'younger than an hour goes on', 50, true, undefined],
    ['an operator’s', 'older than an hour is dropped, and said', 61, false, undefined],
    ['an agent’s', 'younger than five minutes goes on where the policy says nothing [PK-63]', 4, true, undefined],
    ['an agent’s', 'older than five minutes is dropped where the policy says nothing [PK-63]', 6, false, undefined],
    ['an agent’s', 'younger than exits.resume_ms goes on [PK-62]', 9, true, 600_000],
    ['an agent’s', 'older than exits.resume_ms is dropped [PK-62]', 11, false, 600_000],
  ] as const)
    it(`${whose} ${what} [EX-66]`, async (t) => {
      const world = await hold(t, {
        ...slowLadder,
        ...(resumeMs === undefined ? {} : { 'exits.resume_ms': resumeMs }),
      });
      await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
      const asker = whose === 'an agent’s' ? 'agent' : 'operator';
      await world.tool('close_position', { symbol: 'BTCUSDT' }, world.token(asker));
      await world.daemon.close();
      await world.control('advance', { ms: minutes * 60_000 });
      await world.restart();
      await until(
        'it is over',
        world.refreshing(async () => (goesOn ? (await world.position('BTCUSDT')) === 0 : droppedIn(world).length > 0)),
      );
      assert.deepEqual(
        [droppedIn(world).map((detail) => detail.replace(/.*: /, '')), (await world.position('BTCUSDT')) > 0],
        goesOn ? [[], false] : [['too old to go on after a restart'], true],
      );
    });

  for (const role of ['agent', 'operator'] as const)
    it(`one of an ${role} whose position has turned meanwhile goes no further [EX-66]`, async (t) => {
      const world = await hold(t, slowLadder);
      await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
      await world.tool('close_position', { symbol: 'BTCUSDT' }, world.token(role));
      assert.ok((await world.position('BTCUSDT')) > 0, 'a part is left when the daemon stops');
      await world.daemon.close();
      const sale = { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.02' };
      await world.hand('POST', '/fapi/v1/order', sale);
      const turned = await world.position('BTCUSDT');
      assert.ok(turned < 0, `${turned}`);
      await world.restart();
      // Of an agent no lots are left that it could close.
      if (role === 'operator') await until('it is said', () => droppedIn(world).length > 0);
      for (let i = 0; i < 3; i += 1) await world.advance(5_000);
      assert.equal(await world.position('BTCUSDT'), turned);
    });

  it('one of an operator goes no further where a person has closed and opened again meanwhile [EX-66]', async (t) => {
    const world = await hold(t, slowLadder);
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    await world.tool('close_position', { symbol: 'BTCUSDT' }, world.token('operator'));
    const left = await world.position('BTCUSDT');
    assert.ok(left > 0, 'a part is left when the daemon stops');
    await world.daemon.close();
    await world.control('advance', { ms: 60_000 });
    await byHand(world, ['SELL', left], ['BUY', left]);
    await world.restart();
    await until('it is said', () => droppedIn(world).length > 0);
    assert.match(droppedIn(world)[0] ?? '', /the position is another one by now$/);
    for (let i = 0; i < 3; i += 1) await world.advance(5_000);
    assert.equal(await world.position('BTCUSDT'), left);
  });

  it('one of an operator goes on where a person has sold a part, and bought again', async (t) => {
    const world = await hold(t, slowLadder);
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    await world.tool('close_position', { symbol: 'BTCUSDT' }, world.token('operator'));
    const left = await world.position('BTCUSDT');
    await world.daemon.close();
    await world.control('advance', { ms: 60_000 });
    await byHand(world, ['SELL', left - 0.002], ['BUY', 0.001]);
    await world.restart();
    await until(
      'it is closed',
      world.advancing(1_000, async () => (await world.position('BTCUSDT')) === 0),
    );
    assert.deepEqual(droppedIn(world), []);
  });

  it('the gate’s own is dropped, and the gate looks anew at what it protects [EX-66]', async (t) => {
    const world = await hold(t, { 'exits.step_ms': 10_000, 'standing.on_breach': 'reduce' });
    const held = await world.position('BTCUSDT');
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    await world.setMark('BTCUSDT', 62_500);
    await until(
      'a part of the cut has filled',
      world.advancing(1_000, async () => (await world.position('BTCUSDT')) < held),
    );
    await world.restart();
    await until('it is said', () => droppedIn(world).some((detail) => /the gate looks anew/.test(detail)));
    await until(
      'the position fits its cap',
      world.advancing(6_000, async () => (await world.position('BTCUSDT')) * 62_500 <= 500),
    );
    assert.ok((await world.position('BTCUSDT')) > 0);
  });

  it('one past its valid_until_ms is dropped, and said [EX-66 TF-9]', async (t) => {
    const world = await hold(t, slowLadder);
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    const close = { intent: 'close', side: 'sell', valid_until_ms: world.nowMs() + 60_000 };
    await world.place({ requested_notional: 900, ...close });
    const left = await world.position('BTCUSDT');
    assert.ok(left > 0, 'a part is left when the daemon stops');
    await world.daemon.close();
    await world.control('advance', { ms: 120_000 });
    await world.restart();
    await until('it is said', () => droppedIn(world).length > 0);
    assert.match(droppedIn(world)[0] ?? '', /it is past valid_until_ms$/);
    assert.equal(await world.position('BTCUSDT'), left);
  });

  for (const [minutes, what] of [
    [1, 'past its valid_until_ms'],
    [6, 'older than exits.resume_ms'],
  ] as const)
    it(`one with a price that rests at the venue goes on there, though it is ${what} by then [EX-76]`, async (t) => {
      const world = await hold(t);
      const held = await world.position('BTCUSDT');
      // The venue's book has moved away from the quote that the decision sees, and its answer is lost.
      await world.control('set-mark', { symbol: 'BTCUSDT', price: 59_800 });
      await world.fault({ kind: 'accept-then-timeout', match: SEND });
      const validity = minutes === 1 ? { valid_until_ms: world.nowMs() + 30_000 } : {};
      const close = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 59_900, ...validity };
      const { body } = await world.place({ requested_notional: 900, ...close });
      const id = body.decision.decision_id;
      const claim = () => world.daemon.gate.core.state.claims.find(id);
      assert.equal(claim()?.wants, 'now', 'by the quote of its decision it closes at once');
      await world.daemon.close();
      await world.control('advance', { ms: minutes * 60_000 });
      await world.restart();
      await until(
        'it is known to rest',
        world.advancing(1_000, () => claim()?.orders[0]?.status === 'working'),
      );
      for (let i = 0; i < 3; i += 1) await world.advance(5_000);
      assert.equal(await world.position('BTCUSDT'), held);
      assert.deepEqual([claim()?.wants, claim()?.end ?? null], ['rest', null]);
      assert.deepEqual(droppedIn(world), []);
    });

  it('one with a price that never arrived is dropped once that is proven, where it is too old by then [EX-66]', async (t) => {
    const world = await hold(t);
    const held = await world.position('BTCUSDT');
    await world.fault({ kind: 'drop-before', match: SEND });
    const close = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 59_900 };
    await world.place({ requested_notional: 900, ...close });
    await world.daemon.close();
    await world.control('advance', { ms: 6 * 60_000 });
    await world.restart();
    await until(
      'it is said',
      world.advancing(1_000, () => droppedIn(world).length > 0),
    );
    assert.deepEqual(
      exitsOf(world).map((one) => one.status),
      ['not_placed'],
    );
    for (let i = 0; i < 3; i += 1) await world.advance(5_000);
    assert.equal(await world.position('BTCUSDT'), held);
  });

  it('goes on ten seconds after a start at which not everything can be read [EX-65]', async (t) => {
    const world = await hold(t, slowLadder);
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    assert.ok((await world.position('BTCUSDT')) > 0, 'a part is left when the daemon stops');
    await world.fault({ kind: 'status', status: 500, count: 100_000, match: { path: '/fapi/v1/openOrders' } });
    const fromMs = world.monotonicMs();
    await assert.rejects(world.restart(), /not ready: the open orders/);
    assert.equal(await world.position('BTCUSDT'), 0);
    const sent = world.wire.records.findLast(({ method, path }) => method === 'POST' && path.endsWith('/order'));
    const tookMs = (sent?.sentAtMs ?? 0) - fromMs;
    assert.ok(tookMs > 9_000 && tookMs < 13_000, `${tookMs} ms`);
  });

  it('a part that may have been sent is not sent again before it is proven that it was not placed', async (t) => {
    const world = await hold(t);
    const held = await world.position('BTCUSDT');
    await world.fault({ kind: 'drop-before', match: SEND });
    await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.4 });
    await until('its outcome is unknown', () => exitsOf(world).some((one) => one.status === 'unknown'));
    await world.restart();
    await world.sleep(1_500);
    assert.equal(exitsOf(world).length, 1, 'nothing follows yet');
    assert.equal(await world.position('BTCUSDT'), held);
    await world.advance(2 * world.daemon.gate.core.ports.venue.acceptanceHorizonMs);
    await until('it is closed', async () => (await world.position('BTCUSDT')) < held, 20_000);
    assert.deepEqual(
      exitsOf(world).map((one) => one.status),
      ['not_placed', 'filled'],
    );
    await checkAudit(world);
  });

  it('a full close goes on beside an order that may have been sent: reduceOnly keeps both inside', async (t) => {
    const world = await hold(t);
    await world.fault({ kind: 'drop-before', match: SEND });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await until('its outcome is unknown', () => exitsOf(world).some((one) => one.status === 'unknown'));
    await world.restart();
    await until('it is closed', async () => (await world.position('BTCUSDT')) === 0, 5_000);
    const { body } = await world.place({ requested_notional: 300 });
    assert.ok(body.decision.reasons.some(({ code }) => code === 'EXIT_IN_PROGRESS' || code === 'ORDER_UNPROVEN'));
    await world.advance(2 * world.daemon.gate.core.ports.venue.acceptanceHorizonMs);
    await until('what became of the first is proven', () => exitsOf(world)[0]?.status === 'not_placed', 20_000);
    assert.deepEqual(
      exitsOf(world).map((one) => one.status),
      ['not_placed', 'filled'],
    );
    await checkAudit(world);
  });

  it('whose, how many, rung and bound are folded from the records, however often a start was cut off [EX-22]', async (t) => {
    const world = await hold(t, { 'exits.step_ms': 10_000 });
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    const asked = await world.tool('close_position', { symbol: 'BTCUSDT', max_slippage_bps: 400 });
    const [order] = exitsOf(world);
    assert.ok(order?.status === 'expired' && inLots(order.quantityE8) > inLots(order.executedE8), 'between two rungs');
    const state = new GateState();
    for (const event of world.daemon.ledger.iterateEvents()) state.apply(event as GateEvent);
    const [claim, ...more] = state.claims.open;
    assert.equal(more.length, 0);
    assert.equal(claim?.decisionId, asked.body.decision.decision_id);
    assert.deepEqual(
      [inLots(claim.askedE8), inLots(closedE8(claim)), claim.rung, claim.wants, claim.end],
      [inLots(order.quantityE8), inLots(order.executedE8), 0, 'now', null],
    );
    assert.equal(claim.first.slippageBps, 400);
  });
});
