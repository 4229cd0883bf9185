import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import { findBudget } from '../../daemon/core/rules/budgets.ts';
import { feasibleLeverage, findOpeningRoom, slippageCapOf } from '../../daemon/core/rules/projection.ts';
import { forAll } from '../for-all.ts';
import { cases } from './decide-cases.ts';
import { codesOf } from './decision-fixture.ts';

const CUTS = new Set(['ABOVE_MAXIMUM', 'PRICE_SLIPPAGE']);
const cutsOf = (codes: readonly string[]): readonly string[] =>
  codes.filter((code) => code.startsWith('BUDGET_') || CUTS.has(code));

for (const side of ['buy', 'sell'] as const) {
  test(`SAE-PROJ: a ${side} of exactly what remains is cut by no budget at any leverage, and of more it is [AN-117 AN-118 TD-22 TD-31]`, () => {
    const seen = { whole: 0, cut: 0 };
    forAll(
      [cases, fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()],
      { numRuns: 3000, seed: 77, includeErrorInReport: true },
      (drawn, part, isLimit) => {
        const policy = compilePolicy(drawn.policy, 'a'.repeat(64), drawn.request.agent);
        const { rules, mark } = drawn.context.market;
        if (rules === null || mark === null) return;
        const context = { ...drawn.context, phase: 'parent' as const, slice_lots: null, parent_price_ticks: null };
        const found = findBudget(context, policy);
        const room = findOpeningRoom(context, policy, found.budget, side);
        const cap = feasibleLeverage(policy, rules, side, found.budget);
        // Room is at the mark or the limit, the higher; an order below the mark is sized at its limit.
        const factor = isLimit && part < 0.5 ? (1 + (part - 0.5) / 5) * (1 - 2e-4) : 1;
        const ask = (notional: number) =>
          decide(
            {
              ...drawn.request,
              intent: 'open',
              reduce_only: false,
              side,
              order_type: isLimit ? 'limit' : 'market',
              limit_price: isLimit ? mark * (1 + (part - 0.5) / 5) : null,
              max_slippage_bps: slippageCapOf(policy, found.budget),
              requested_leverage: 1 + Math.floor(part * (cap - 1)),
              quantity: null,
              requested_notional: notional * factor,
            },
            context,
            policy,
          );
        const whole = ask(room.notionalUsdt);
        assert.deepEqual(cutsOf(codesOf(whole)), [], `${room.notionalUsdt} USDT, bound by ${room.boundBy}`);
        // Lots alone may make it smaller.
        if (whole.effective?.action === 'open') seen.whole += 1;
        const more = ask(room.notionalUsdt * 40 + 1e7);
        if (more.decision !== 'LIMIT' || more.effective?.action !== 'open') return;
        seen.cut += 1;
        assert.ok(cutsOf(codesOf(more)).includes(room.boundBy ?? ''), `${codesOf(more)} without ${room.boundBy}`);
      },
    );
    assert.ok(seen.whole > 100 && seen.cut > 100, `too few to look at: ${JSON.stringify(seen)}`);
  });
}
