import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import type { ExecutionDecision } from '../../daemon/core/decision.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import { buildCase, type Change, codesOf } from './decision-fixture.ts';

/** The figures of SAE sections 2 and 5 and of DESIGN section 5, from the policies that are shipped for them. */
function load(path: string): IntendedPolicySpec {
  const parsed = parsePolicy(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'), path);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.policy.spec;
}
function decideUnder(path: string, ...changes: readonly Change[]): ExecutionDecision {
  const { request, context } = buildCase(...changes);
  return decide(request, context, compilePolicy(load(path), 'test', request.agent));
}
const EXTREME: Change = { context: { market: { sigma: 0.0462, sigma_baseline: 0.02 } } };

test('SAE-BUDGET: B0_L = 3, g_L = 1/3, q_L = 0.5 make 0.5x, clamped to 1x; g_N = 0.5, q_N = 0.4 make 0.20 of default [PK-165 PK-166]', () => {
  const decision = decideUnder('test/fixtures/policies/sae-walkthrough.yaml', EXTREME, {
    request: { requested_leverage: 3, requested_notional: 1000, side: 'sell' },
    context: { trust: { signals: ['injection'] } },
  });
  const { budget } = decision;
  assert.deepEqual(
    [budget.market.leverage, budget.trust.leverage, budget.market.notional, budget.trust.notional],
    [1 / 3, 0.5, 0.5, 0.4],
  );
  assert.equal(budget.budget.leverage, 0.5, 'B_L itself is recorded');
  assert.equal(decision.constraints.leverage_cap, 1, 'the clamp is the venue minimum');
  assert.equal(budget.budget.order_notional_usdt, 200);
  assert.equal(decision.decision, 'LIMIT');
  // 200 USDT at 60 a lot: three lots of the asked sixteen.
  assert.deepEqual([decision.effective?.leverage, decision.effective?.lots, decision.effective?.notional], [1, 3, 180]);
});

test('SAE-DEC: 5x, half the budget and a wide bound become LIMIT with 1x, 20 % of the budget, a tighter bound and a cooldown [PK-168]', () => {
  const decision = decideUnder('test/fixtures/policies/sae-worked-example.yaml', EXTREME, {
    request: { requested_leverage: 5, requested_notional: 5000, max_slippage_bps: 100, side: 'sell' },
  });
  assert.equal(decision.decision, 'LIMIT');
  assert.equal(decision.effective?.leverage, 1);
  assert.equal(decision.constraints.notional_cap, 2000);
  // 33 lots of 60 USDT are the most that 2000 USDT hold.
  assert.deepEqual([decision.effective?.lots, decision.effective?.notional], [33, 1980]);
  assert.equal(decision.effective?.max_slippage_bps, 10);
  assert.equal(decision.constraints.cooldown_ms, 120_000);
  assert.ok(['PRICE_SLIPPAGE', 'BUDGET_LEVERAGE', 'BUDGET_NOTIONAL'].every((code) => codesOf(decision).includes(code)));
});

test('DESIGN section 5: 5000 USDT of BTC in an extreme market become 0.002 BTC at 108057.9 in two slices [PK-11 PK-43 TD-34 TD-42 TF-4 TF-36 TF-37]', () => {
  const decision = decideUnder('policies/default.yaml', EXTREME, {
    request: { requested_leverage: 5, requested_notional: 5000, max_slippage_bps: 50 },
    context: { market: { mark: 107_950, bid: 107_949.9, ask: 107_950.1 } },
  });
  assert.equal(decision.decision, 'LIMIT');
  const { effective, constraints } = decision;
  assert.deepEqual(
    [effective?.quantity, effective?.requested_quantity, effective?.limit_price, effective?.time_in_force],
    ['0.002', '0.04627148', '108057.9', 'IOC'],
  );
  assert.deepEqual([effective?.leverage, effective?.max_slippage_bps, effective?.reduce_only], [1, 10, false]);
  assert.equal(effective?.notional.toFixed(1), '216.1');
  assert.deepEqual(constraints, {
    leverage_cap: 1,
    notional_cap: 250,
    order_rate_cap: 8,
    slippage_cap_bps: 10,
    cooldown_ms: 120_000,
    staging_plan: [
      { slice: 0, quantity: '0.001', delay_ms: 0 },
      { slice: 1, quantity: '0.001', delay_ms: 2000 },
    ],
  });
  const reason = decision.reasons.find(({ code }) => code === 'BUDGET_NOTIONAL');
  assert.deepEqual([reason?.observed, reason?.limit, reason?.unit], [5000, 250, 'USDT']);
});

test('SAE-M: the defaults of SAE section 6 cap leverage at exactly 3, 2 and 1, with cooldowns of 0, 60 and 120 seconds [PK-73]', () => {
  for (const [regime, leverage, cooldown] of [
    ['calm', 3, 0],
    ['volatile', 2, 60_000],
    ['extreme', 1, 120_000],
  ] as const) {
    const decision = decideUnder('policies/default.yaml', {
      request: { requested_leverage: 10, requested_notional: 400 },
      context: { market: { held_regime: regime } },
    });
    assert.deepEqual([decision.constraints.leverage_cap, decision.effective?.leverage], [leverage, leverage]);
    assert.equal(decision.constraints.cooldown_ms, cooldown);
  }
});
