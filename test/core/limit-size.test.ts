import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseOrder, buildCase, type Change, codesOf, decideCase } from './decision-fixture.ts';

const at = (mark: number): Change => ({ context: { market: { ask: mark, bid: mark, mark } } });
const limitBuy = (usdt: number, price: number): Change => ({
  request: { order_type: 'limit', limit_price: price, requested_notional: usdt },
});

test('a limit buy of 1,000 USDT at 50,000 is 0.02, whatever the mark, and is told so', () => {
  for (const mark of [60_000, 55_000, 50_010, 50_000, 49_990, 45_000]) {
    const { decision, effective } = decideCase(buildCase(limitBuy(1000, 50_000), at(mark)));
    assert.equal(decision, 'ALLOW', `${mark}`);
    assert.equal(effective?.quantity, '0.020', `${mark}`);
    assert.equal(effective?.notional, 1000, `${mark}`);
  }
});

test('a limit sale is sized at its limit, or where it would fill at the market at the price that is sent', () => {
  const sale = (price: number) => decideCase(buildCase(limitBuy(1000, price), { request: { side: 'sell' } })).effective;
  assert.deepEqual([sale(62_500)?.quantity, sale(62_500)?.notional], ['0.016', 1000]);
  // It fills at 59,940 and above: by 50,000 it would be a fifth more than was asked for.
  assert.deepEqual([sale(50_000)?.quantity, sale(50_000)?.limit_price], ['0.016', '59940.0']);
});

test('budgets count a limit order at the worse of limit and mark', () => {
  // 0.02 BTC are 1,200 USDT at the mark of 60,000, which is the order cap.
  assert.equal(decideCase(buildCase(limitBuy(1000, 50_000), at(60_000))).decision, 'ALLOW');
  const beyond = decideCase(buildCase(limitBuy(1000, 50_000), at(60_050)));
  assert.equal(beyond.decision, 'LIMIT');
  assert.deepEqual(codesOf(beyond), ['BUDGET_NOTIONAL']);
  assert.deepEqual([beyond.reasons[0]?.observed, beyond.reasons[0]?.limit], [1201, 1200]);
});

test('an approval is asked for by the worse of limit and mark: lots far below the mark need a person as well', () => {
  const approvals = { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 60_000 };
  const seen = {
    approved_usdt: 0,
    grant: null,
    opened_usdt: 0,
    order_price_ticks: null,
    pending_count: 0,
    pending_id: null,
  };
  const change: Change = { policy: { approvals }, context: { approval: seen } };
  const decision = decideCase(buildCase(limitBuy(60, 6_000), change));
  assert.deepEqual(codesOf(decision), ['APPROVAL_REQUIRED']);
  assert.equal(decision.approval?.notional_usdt, 600, 'ten lots of 60');
});

test('an exit and an amend by notional are sized at their limit as well', () => {
  const held: Change = {
    request: { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 66_000, requested_notional: 132 },
    context: {
      agent: { share_lots: 5, long_units: 5 * 600_000 },
      exposure: { long_lots: 5, long_units: 5 * 600_000, position_lots: 5 },
    },
  };
  const exit = decideCase(buildCase(held)).effective;
  assert.deepEqual([exit?.action, exit?.quantity, exit?.notional], ['exit', '0.002', 132]);
  const modify: Change = {
    request: { tool: 'modify_order', intent: 'modify', client_order_id: baseOrder.client_order_id, side: null },
    context: { order: baseOrder },
  };
  const change: Change = { request: { limit_price: 50_000, requested_notional: 400 } };
  const amended = decideCase(buildCase(modify, change)).effective;
  assert.deepEqual([amended?.action, amended?.quantity, amended?.notional], ['amend', '0.008', 400]);
});
