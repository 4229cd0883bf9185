import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { explainDecision } from '../../daemon/core/decide/explain.ts';
import { shadowDecision } from '../../daemon/core/decide/shadow.ts';
import { baseOrder, buildCase, type Change, codesOf, decideCase } from './decision-fixture.ts';

/** One lot is 60.06 USDT: the mark of 60,000 and 10 bps. */
const LOT = 60.06;

function explained(...changes: Change[]) {
  const drawn = buildCase(...changes);
  const decision = decideCase(drawn);
  const { request, context, policy } = drawn;
  const { bound_by, arithmetic } = explainDecision(request, context, compilePolicy(policy, 'test', 'alice'), decision);
  return { decision, boundBy: bound_by, line: arithmetic.line };
}

test('an order that lots alone make smaller by more than 1 % is LIMIT, and says what a lot and the least order are', () => {
  const { boundBy, decision, line } = explained({ request: { requested_notional: 115 } });
  assert.equal(decision.decision, 'LIMIT');
  assert.equal(decision.effective?.quantity, '0.001');
  assert.deepEqual(codesOf(decision), ['LOT_ROUNDING']);
  assert.equal(boundBy, 'LOT_ROUNDING');
  assert.equal(line, 'asked for 115 -> 0.001 BTC, 60.06 (one lot is 60.06, the smallest order 60.06)');
  assert.match(decision.reasons[0]?.hint ?? '', /one lot and the smallest order/);
});

test('what lots take off is a limit from more than 1 % on', () => {
  for (const [asked, expected] of [
    [LOT * 5, 'ALLOW'],
    [(LOT * 5) / 0.99 - 1e-6, 'ALLOW'],
    [(LOT * 5) / 0.99 + 1e-6, 'LIMIT'],
    [LOT * 6 - 1e-6, 'LIMIT'],
  ] as const) {
    const decision = decideCase(buildCase({ request: { requested_notional: asked } }));
    assert.equal(decision.decision, expected, `${asked}`);
  }
  // One lot at 99: exactly 1 % of 100.
  const exactly = { ask: 99_000, bid: 99_000, mark: 99_000 };
  const change: Change = { request: { requested_notional: 100, max_slippage_bps: 0 }, context: { market: exactly } };
  assert.equal(decideCase(buildCase(change)).decision, 'ALLOW');
  assert.equal(decideCase(buildCase(change, { request: { requested_notional: 100.001 } })).decision, 'LIMIT');
});

test('ticks that make a market order smaller count as lots do: what is told of it is compared with what was asked', () => {
  const rules = { tick_mantissa: 1000, tick_scale: 1, min_price_ticks: 1, max_price_ticks: 1000 };
  const decided = (mark: number) => {
    const market = { ask: mark, bid: mark, mark, rules };
    const change: Change = { request: { max_slippage_bps: 0, requested_notional: 300 }, context: { market } };
    const { decision, effective } = decideCase(buildCase(change));
    return [decision, effective?.quantity, effective !== null && 'notional' in effective ? effective.notional : null];
  };
  // Either is made of lots at 60,000, the tick above the mark.
  assert.deepEqual(decided(59_001), ['LIMIT', '0.005', 295.005]);
  assert.deepEqual(decided(59_501), ['ALLOW', '0.005', 297.505]);
});

test('a later slice and a resting order have lots of their own: nothing is rounded', () => {
  for (const phase of ['slice', 'standing'] as const) {
    const decision = decideCase(buildCase({ request: { requested_notional: 115 }, context: { phase, slice_lots: 1 } }));
    assert.equal(decision.decision, 'ALLOW', codesOf(decision).join());
  }
});

/** Three lots long, all of them the agent's. */
const HELD: Change = {
  request: { intent: 'close', side: 'sell' },
  context: {
    agent: { share_lots: 3, long_units: 3 * 600_000 },
    exposure: { long_lots: 3, long_units: 3 * 600_000, position_lots: 3 },
  },
};
test('an exit that whole lots make smaller says so, by notional and as a part', () => {
  const byNotional = explained(HELD, { request: { requested_notional: 115 } });
  assert.equal(byNotional.decision.decision, 'LIMIT');
  assert.equal(byNotional.decision.effective?.quantity, '0.001');
  assert.equal(byNotional.boundBy, 'LOT_ROUNDING');
  assert.equal(byNotional.line, 'asked for 115 -> 0.001 BTC, 60 (one lot is 60, the smallest order 60)');

  const part: Change = { request: { tool: 'close_position', fraction: 0.5, requested_notional: null } };
  const ofThree = explained(HELD, part);
  assert.equal(ofThree.decision.decision, 'LIMIT');
  assert.equal(ofThree.line, 'asked for 0.0015 BTC -> 0.001 BTC (one lot is 0.001, the smallest order 0.001)');

  const third: Change = { request: { tool: 'close_position', fraction: 1 / 3, requested_notional: null } };
  for (const change of [{ request: { requested_notional: 121 } }, third, { request: { fraction: 1 } }])
    assert.equal(explained(HELD, change).decision.decision, 'ALLOW');
});

test('an amend to a size that is no whole number of lots is LIMIT, and the order is amended to whole ones', () => {
  const modify: Change = {
    request: { tool: 'modify_order', intent: 'modify', client_order_id: baseOrder.client_order_id, side: null },
    context: { order: baseOrder },
  };
  for (const [requested, quantity, expected] of [
    [330, '0.005', 'LIMIT'],
    [300, '0.005', 'ALLOW'],
    [699, '0.011', 'LIMIT'],
    [661, '0.011', 'ALLOW'],
  ] as const) {
    const { boundBy, decision } = explained(modify, { request: { requested_notional: requested } });
    assert.equal(decision.effective?.action, 'amend', codesOf(decision).join());
    assert.equal(decision.effective?.quantity, quantity);
    assert.equal(decision.decision, expected, `${requested}`);
    assert.equal(boundBy, expected === 'LIMIT' ? 'LOT_ROUNDING' : null);
  }
});

test('in shadow mode, too, an order that lots make smaller is not ALLOW', () => {
  const shadow = (requested: number) => {
    const { context, policy, request } = buildCase({
      request: { requested_notional: requested },
      policy: { mode: 'shadow' },
    });
    const decision = decideCase({ context, policy, request });
    return shadowDecision(decision, request, context, compilePolicy(policy, 'test', 'alice')).decision;
  };
  assert.equal(shadow(115), 'LIMIT');
  assert.equal(shadow(LOT * 2), 'ALLOW');
});
