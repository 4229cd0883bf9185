import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import { buildBaseRequest, buildCaseContext, type JsonRecord } from '../../daemon/policy/cases/case-context.ts';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import { readText } from './documents.ts';

function compile(name: string) {
  const parsed = parsePolicy(readText(`test/fixtures/policies/${name}`), name);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.deepEqual(parsed.warnings, []);
  return compilePolicy(parsed.policy.spec, parsed.policy.hash, 'agent');
}
function contextWith(partial: JsonRecord) {
  const violations: never[] = [];
  const context = buildCaseContext(partial, 'context', violations);
  assert.deepEqual(violations, []);
  return context;
}
// A limit order at the mark is worth exactly 50 USDT a lot.
const MARKET = { held_regime: 'extreme', mark: 50_000, bid: 49_999.9, ask: 50_000.1 };
const ASK = { order_type: 'limit', limit_price: 50_000, requested_leverage: 5 } as const;

describe('SAE fixtures', () => {
  it('SAE-BUDGET: the walkthrough gives B_L = 0.5, clamped to 1x, and 0.20 of the default notional', () => {
    const policy = compile('sae-walkthrough.yaml');
    const request = { ...buildBaseRequest('place_order', 'agent'), ...ASK, requested_notional: 500 };
    const decision = decide(request, contextWith({ market: MARKET, trust: { signals: ['injection'] } }), policy);
    assert.deepEqual(
      [policy.budgets.leverage, decision.budget.market.leverage, decision.budget.trust.leverage],
      [3, 1 / 3, 0.5],
    );
    assert.deepEqual([decision.budget.market.notional, decision.budget.trust.notional], [0.5, 0.4]);
    assert.equal(decision.budget.budget.leverage, 0.5);
    assert.equal(decision.budget.budget.order_notional_usdt / policy.budgets.order_notional_usdt, 0.2);
    assert.equal(decision.decision, 'LIMIT');
    assert.equal(decision.constraints.leverage_cap, 1);
    assert.equal(decision.constraints.notional_cap, 200);
    assert.equal(decision.effective?.leverage, 1);
    assert.equal(decision.effective?.notional, 200);
  });

  it('SAE-DEC: the worked example, 5x and 50 % with a wide slippage bound, becomes 1x and 20 % with a tighter bound and a cooldown', () => {
    const policy = compile('sae-worked-example.yaml');
    const budget = policy.budgets.order_notional_usdt;
    const request = {
      ...buildBaseRequest('place_order', 'agent'),
      ...ASK,
      requested_notional: 0.5 * budget,
      max_slippage_bps: 100,
    };
    const decision = decide(request, contextWith({ market: MARKET }), policy);
    assert.equal(decision.decision, 'LIMIT');
    assert.equal(decision.effective?.leverage, 1);
    assert.equal(decision.effective?.notional, 0.2 * budget);
    assert.equal(decision.effective?.max_slippage_bps, 10);
    assert.equal(decision.constraints.slippage_cap_bps, 10);
    assert.equal(decision.constraints.cooldown_ms, 120_000);
    assert.deepEqual(
      decision.reasons.map((reason) => reason.code),
      ['REGIME_TIGHTENED', 'PRICE_SLIPPAGE', 'BUDGET_LEVERAGE', 'BUDGET_NOTIONAL', 'BUDGET_SYMBOL'],
    );
  });
});
