import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forAll } from '../for-all.ts';
import { cases } from './decide-cases.ts';
import { baseOrder, buildCase, type Change, decideCase } from './decision-fixture.ts';
import { NO_APPROVAL } from './table-approval.ts';

const RUNS = { seed: 11, numRuns: 1_500 };
const effectiveOf = (...changes: Change[]) => decideCase(buildCase(...changes)).effective;

test('a verdict has both figures with their unit, or none of the three [AN-2 AN-3 AN-4]', () => {
  let bare = 0;
  forAll([cases], RUNS, (drawn) => {
    for (const verdict of decideCase(drawn).verdicts) {
      const members = ['observed', 'limit', 'unit'].filter((key) => Object.hasOwn(verdict, key));
      assert.ok(members.length === 0 || members.length === 3, JSON.stringify(verdict));
      if (members.length === 0) bare += 1;
      else assert.ok(verdict.observed !== null || verdict.limit !== null, JSON.stringify(verdict));
    }
  });
  assert.ok(bare > 0, 'rules that compare nothing are among them');
});

test('BLOCK sends nothing, ALLOW has no reasons, and the parts are what is sent [AN-8 AN-15 AN-23 AN-24]', () => {
  const seen = { ALLOW: 0, LIMIT: 0, BLOCK: 0 };
  forAll([cases], RUNS, (drawn) => {
    const { constraints, decision, effective, reasons } = decideCase(drawn);
    seen[decision] += 1;
    assert.equal(decision === 'ALLOW', reasons.length === 0);
    assert.equal(decision === 'BLOCK', effective === null);
    const plan = constraints.staging_plan;
    if (effective?.action !== 'open' && effective?.action !== 'exit') assert.deepEqual(plan, []);
    else {
      const sum = plan.reduce((total, { quantity }) => total + Number(quantity), 0);
      assert.ok(Math.abs(sum - Number(effective.quantity)) < 1e-9, `${sum} of ${effective.quantity}`);
    }
  });
  assert.ok(Math.min(...Object.values(seen)) > 20, JSON.stringify(seen));
});

test('a state of the account that leaves exits only opens nothing; leverage is not clamped in the budget [AN-16 AN-27]', () => {
  let [reducing, belowOne] = [0, 0];
  forAll([cases], RUNS, (drawn) => {
    const { budget, condition_reducing: isReducing, constraints, decision, effective } = decideCase(drawn);
    assert.ok(constraints.leverage_cap >= 1, 'the cap is clamped');
    if (budget.budget.leverage < 1) belowOne += 1;
    if (!isReducing) return;
    reducing += 1;
    assert.notEqual(effective?.action, 'open', decision);
  });
  assert.ok(reducing > 20 && belowOne > 20, `${reducing}, ${belowOne}`);
});

test('what an order is worth: at its limit, at the bound of a market order, at the mark of a market exit, nothing of a cancel [AN-5 AN-9]', () => {
  const market = effectiveOf({ request: { requested_notional: 115 } });
  assert.deepEqual([market?.limit_price, market?.notional], ['60060.0', 60.06]);
  assert.equal(market?.requested_quantity, '0.00191475', 'before lots');
  const limit = effectiveOf({ request: { order_type: 'limit', limit_price: 50_000, requested_notional: 100 } });
  assert.deepEqual([limit?.limit_price, limit?.notional], ['50000.0', 100]);
  const held: Change = { context: { exposure: { long_lots: 10, long_units: 6_000_000 }, agent: { share_lots: 10 } } };
  const exit = effectiveOf(held, { request: { intent: 'close', side: 'sell', requested_notional: null } });
  assert.deepEqual([exit?.quantity, exit?.notional], ['0.010', 600]);
  assert.ok(Number(exit?.limit_price) < 60_000, 'whatever its bound');
});

test('a cancel has the size that may still fill, and of all orders none [AN-10 AN-11 AN-12]', () => {
  const cancel: Change = { request: { intent: 'cancel', tool: 'cancel_order', requested_notional: null } };
  const order = { ...baseOrder, lots: 10, filled_lots: 4 };
  const one = effectiveOf(cancel, { request: { client_order_id: order.client_order_id }, context: { order } });
  assert.deepEqual([one?.quantity, one?.requested_quantity, one?.notional], ['0.006', '0.006', 0]);
  const all = effectiveOf(cancel, { request: { client_order_id: null }, context: { order: null } });
  assert.deepEqual([all?.quantity, all?.requested_quantity, all?.lots], [null, null, null]);
});

test('what a person approves is worth what it is at the worse of mark and price [AN-18]', () => {
  const asked: Change = {
    policy: { approvals: { when: [{}], window_ms: 3_600_000, expiry_ms: 300_000 } },
    context: { approval: NO_APPROVAL },
  };
  const worthOf = (request: object): readonly unknown[] => {
    const { approval } = decideCase(buildCase(asked, { request }));
    return [approval?.worst_price, approval?.lots, approval?.notional_usdt];
  };
  assert.deepEqual(worthOf({ requested_notional: 130 }), ['60060.0', 2, 120.12], 'at its bound');
  const below = { order_type: 'limit', limit_price: 50_000, requested_notional: 100 };
  assert.deepEqual(worthOf(below), ['50000.0', 2, 120], 'at the mark');
});
