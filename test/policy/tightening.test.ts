import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import type { ExecutionDecision } from '../../daemon/core/decision.ts';
import { isAtMost } from '../../daemon/core/looser/is-at-most.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { buildBaseRequest, buildCaseContext } from '../../daemon/policy/cases/case-context.ts';
import { forAll } from '../for-all.ts';
import { DEFAULT_POLICY, loadSpec } from './documents.ts';
import { tightening } from './tightenings.ts';

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
/** Limit orders that do not cross the mark: one lot is worth the same whatever the slippage bound. */
const request = fc
  .record({
    side: fc.constantFrom('buy', 'sell'),
    notional: number(60, 4000),
    leverage: fc.integer({ min: 1, max: 8 }),
    slippage: number(1, 60),
  })
  .map(({ side, notional, leverage, slippage }) => ({
    ...buildBaseRequest('place_order', 'bob'),
    side: side as 'buy' | 'sell',
    order_type: 'limit' as const,
    limit_price: 60_000,
    requested_notional: notional,
    requested_leverage: leverage,
    max_slippage_bps: slippage,
  }));
/** A position lies on the side of the order: one against it is refused, whatever the policy. */
const context = fc
  .record({
    regime: fc.constantFrom('calm', 'calm', 'volatile', 'extreme'),
    ratio: number(0.2, 2.5),
    jump: fc.constantFrom(1, 1, 5.5, 7),
    otherGross: fc.constantFrom(0, 0, 400, 2000),
    position: fc.constantFrom(0, 0, 3, 20),
    drawdown: fc.constantFrom(0, 0, 0.03, 0.06, 0.09),
    marginRatio: fc.constantFrom(0, 0, 0.3, 0.6),
    distance: fc.constantFrom(0.9, 0.3, 0.16),
    pRisk: fc.oneof(fc.constant(0.1), number(0, 1)),
    sends: fc.constantFrom(0, 0, 3, 8, 19, 20),
    lastOpen: fc.constantFrom(200_000, 200_000, 61_000, 125_000, 30_000),
    turnover: fc.constantFrom(0, 0, 15_000, 19_900),
    fees: fc.constantFrom(0, 0, 5, 7.9),
    signals: fc.subarray(['injection', 'narrative']),
    digest: fc.constantFrom(null, null, 'a'.repeat(64)),
    markAge: fc.constantFrom(100, 100, 4000, 5000),
  })
  .map((w) => (side: 'buy' | 'sell') => {
    const violations: never[] = [];
    const built = buildCaseContext(
      {
        ...(w.position === 0 ? {} : { position_lots: side === 'buy' ? w.position : -w.position }),
        market: { held_regime: w.regime, sigma: 0.02 * w.ratio, jump_ratio: w.jump, mark_ago_ms: w.markAge },
        exposure: {
          gross_other_usdt: w.otherGross,
          other_positions: w.otherGross === 0 ? 0 : 1,
          ...(w.position === 0 ? {} : { liquidation_distance: w.distance }),
        },
        account: { drawdown: w.drawdown, margin_ratio: w.marginRatio },
        agent: { p_risk: w.pRisk, fees_usdt: w.fees / 2 },
        pacing: {
          account_sends: w.sends,
          last_open_parent_ago_ms: w.lastOpen,
          turnover_usdt: w.turnover,
          fees_usdt: w.fees,
        },
        trust: { signals: w.signals, token_skill_sha256: w.digest },
      },
      '',
      violations,
    );
    assert.deepEqual(violations, []);
    return built;
  });

function assertNotLooser(tighter: ExecutionDecision, current: ExecutionDecision): void {
  if (tighter.decision === 'BLOCK') return;
  assert.notEqual(current.decision, 'BLOCK', 'what was blocked stays blocked');
  const [now, before] = [tighter.effective, current.effective];
  assert.ok(now !== null && before !== null);
  assert.equal(now.action, before.action);
  if (now.action !== 'open' || before.action !== 'open') return;
  assert.ok(now.lots <= before.lots, `${now.lots} lots after ${before.lots}`);
  assert.ok((now.leverage ?? 0) <= (before.leverage ?? 0), 'leverage');
  assert.ok((now.max_slippage_bps ?? 0) <= (before.max_slippage_bps ?? 0), 'slippage');
}

describe('a policy that is not looser', () => {
  it('never loosens a decision (random tightenings of the default policy)', () => {
    let opened = 0;
    let changedDecisions = 0;
    forAll(
      [fc.array(tightening(), { minLength: 3, maxLength: 12 }), request, context],
      { seed: 21, numRuns: 2600 },
      (steps, ask, worldOf) => {
        const world = worldOf(ask.side);
        const tighter = steps.reduce<IntendedPolicySpec>((spec, step) => step(spec), DEFAULT_POLICY);
        assert.deepEqual(isAtMost(tighter, DEFAULT_POLICY), []);
        const before = decide(ask, world, compilePolicy(DEFAULT_POLICY, 'before', 'bob'));
        const after = decide(ask, world, compilePolicy(tighter, 'after', 'bob'));
        assertNotLooser(after, before);
        if (before.decision !== 'BLOCK') opened++;
        if (JSON.stringify(before.effective) !== JSON.stringify(after.effective)) changedDecisions++;
      },
    );
    assert.ok(opened > 300, `${opened} orders were permitted`);
    assert.ok(changedDecisions > 40, `${changedDecisions} decisions were tightened`);
  });

  it('changes no key that has no safe direction, also by adding or dropping it', () => {
    const { exits } = DEFAULT_POLICY;
    const added = { ...DEFAULT_POLICY, exits: { ...exits, resting: 10, resume_ms: 60_000 } };
    assert.equal('resting' in exits || 'resume_ms' in exits, false);
    for (const [to, from] of [
      [added, DEFAULT_POLICY],
      [DEFAULT_POLICY, added],
    ] as const)
      assert.deepEqual(
        isAtMost(to, from).map(({ path }) => path),
        ['exits.resting', 'exits.resume_ms'],
      );
  });

  it('never loosens a decision (strict against default)', () => {
    const strict = compilePolicy(loadSpec('policies/strict.yaml'), 'strict', 'bob');
    const standard = compilePolicy(DEFAULT_POLICY, 'default', 'bob');
    forAll([request, context], { seed: 22, numRuns: 800 }, (ask, worldOf) => {
      const world = worldOf(ask.side);
      assertNotLooser(decide(ask, world, strict), decide(ask, world, standard));
    });
  });
});
