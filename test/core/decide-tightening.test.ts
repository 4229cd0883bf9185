import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { factorValue } from '../../daemon/core/compiled-policy.ts';
import { isAtMost, regimesAreOrdered } from '../../daemon/core/looser/is-at-most.ts';
import type { Factor, IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { forAll } from '../for-all.ts';
import { cases } from './decide-cases.ts';
import {
  basePolicy,
  type DeepPartial,
  decideCase,
  hasAmpleBrackets,
  loosened,
  withChange,
} from './decision-fixture.ts';

/** One key moved in its tighter direction. */
interface Step {
  readonly key: string;
  readonly apply: (policy: IntendedPolicySpec, by: number) => DeepPartial<IntendedPolicySpec>;
  /** Narrows the price bound: a lot is then worth less, so the same notional may be more lots, and leaves more margin. */
  readonly movesPrice?: true;
}
const step = (key: string, apply: Step['apply']): Step => ({ key, apply });
const pricing = (key: string, apply: Step['apply']): Step => ({ key, apply, movesPrice: true });
const scaled = (factor: Factor, by: number): number => factorValue(factor) * by;

const BUDGETS: readonly Step[] = (
  [
    'order_notional_usdt',
    'symbol_notional_usdt',
    'gross_notional_usdt',
    'holding_time_ms',
    'turnover_usdt_per_day',
    'fees_usdt_per_day',
  ] as const
).map((key) => ({ key: `budgets.${key}`, apply: (p, by) => ({ budgets: { [key]: p.budgets[key] * by } }) }));
const COUNTS: readonly Step[] = [
  step('budgets.leverage', (p) => ({ budgets: { leverage: Math.max(1, p.budgets.leverage - 1) } })),
  step('budgets.order_rate', (p, by) => ({
    budgets: { order_rate: { max: Math.max(1, Math.floor(p.budgets.order_rate.max * by)) } },
  })),
  step('budgets.concurrent_positions', (p) => ({
    budgets: { concurrent_positions: Math.max(1, p.budgets.concurrent_positions - 1) },
  })),
];
const REGIMES: readonly Step[] = (['leverage', 'notional', 'order_rate', 'slippage'] as const).map((component) => ({
  key: `market.regimes.*.${component}`,
  apply: ({ market: { regimes } }, by) => ({
    market: {
      regimes: {
        calm: { [component]: scaled(regimes.calm[component], by) },
        volatile: { [component]: scaled(regimes.volatile[component], by) },
        extreme: { [component]: scaled(regimes.extreme[component], by) },
      },
    },
  }),
  ...(component === 'slippage' ? { movesPrice: true as const } : {}),
}));
const THRESHOLDS: readonly Step[] = [
  pricing('volatility.volatile', ({ market: { volatility: v } }, by) => ({
    market: { volatility: { volatile: v.volatile * by } },
  })),
  pricing('volatility.extreme', ({ market: { volatility: v } }, by) => ({
    market: { volatility: { extreme: Math.max(v.volatile, v.extreme * by) } },
  })),
  pricing('volatility.jump_sigma', ({ market: { volatility: v } }, by) => ({
    market: { volatility: { jump_sigma: v.jump_sigma * by } },
  })),
  pricing('funding.extreme', ({ market: { funding } }, by) => ({
    market: { funding: { extreme: funding.extreme * by } },
  })),
];
const FRESHNESS: readonly Step[] = (
  ['mark_ms', 'quote_ms', 'account_ms', 'filters_ms', 'funding_ms', 'clock_skew_ms', 'request_ms'] as const
).map((key) => ({
  key: `market.freshness.${key}`,
  apply: ({ market: { freshness } }, by) => ({ market: { freshness: { [key]: freshness[key] * by } } }),
}));
const OTHERS: readonly Step[] = [
  pricing('budgets.slippage_bps', (p, by) => ({ budgets: { slippage_bps: p.budgets.slippage_bps * by } })),
  pricing('market.collar_bps', (p, by) => ({ market: { collar_bps: p.market.collar_bps * by } })),
  step('account.concentration.share', ({ account: { concentration: c } }, by) => ({
    account: { concentration: { share: c.share * by } },
  })),
  step('account.concentration.floor', ({ account: { concentration: c } }, by) => ({
    account: { concentration: { floor_usdt: c.floor_usdt * by } },
  })),
  step('account.min_liquidation_distance', ({ account }, by) => ({
    account: { min_liquidation_distance: Math.min(0.99, account.min_liquidation_distance / by) },
  })),
  step('account.margin_buffer_usdt', ({ account }, by) => ({
    account: { margin_buffer_usdt: (account.margin_buffer_usdt + 1) / by },
  })),
  pricing('account.drawdown.tiers', ({ account: { drawdown } }, by) => ({
    account: { drawdown: { tiers: [{ at: 0, multiplier: by }, ...drawdown.tiers] } },
  })),
  pricing('trust.signals', (_, by) => ({
    trust: { signals: { injection: { multiplier: 0.4 * by }, narrative: { reduce_only: true } } },
  })),
  pricing('trust.default', (_, by) => ({ trust: { default: { provenance: 0.5 * by, capability_risk: 0.5 / by } } })),
  pricing('trader_state', ({ trader_state: t }, by) => ({
    trader_state: { limit_at: t.limit_at * by, block_at: t.block_at * by, enforce_block: true },
  })),
  step('temporal.flip_interval_ms', ({ temporal }, by) => ({
    temporal: { flip_interval_ms: temporal.flip_interval_ms / by },
  })),
  step('cooldown_ms', ({ market: { regimes: r } }, by) => ({
    market: {
      regimes: {
        volatile: { cooldown_ms: r.volatile.cooldown_ms / by + 1 },
        extreme: { cooldown_ms: r.extreme.cooldown_ms / by + 1 },
      },
    },
  })),
  step('standing.resting', ({ standing }, by) => ({
    standing: { resting: Math.max(1, Math.floor((standing.resting ?? 20) * by)) },
  })),
  step('reduce_only', () => ({ market: { regimes: { extreme: { reduce_only: true } } } })),
  step('scope.symbols', () => ({ scope: { symbols: ['ETHUSDT'] } })),
  step('scope.tools', () => ({ scope: { tools: ['close_position', 'cancel_order', 'cancel_all'] } })),
  step('agents.reserve', ({ agents }) => {
    const own = agents.bob?.reserve ?? [];
    const isTaken = agents.alice?.reserve?.includes('BTCUSDT') === true || own.includes('BTCUSDT');
    return { agents: { bob: { reserve: isTaken ? own : [...own, 'BTCUSDT'] } } };
  }),
  step('agents.budgets', (p, by) => ({
    agents: {
      alice: {
        budgets: {
          ...p.agents.alice?.budgets,
          order_notional_usdt: (p.agents.alice?.budgets?.order_notional_usdt ?? p.budgets.order_notional_usdt) * by,
        },
      },
    },
  })),
];
const STEPS = [...BUDGETS, ...COUNTS, ...REGIMES, ...THRESHOLDS, ...FRESHNESS, ...OTHERS];
/** The amount alone is below what the venue takes. */
function isTooSmall({ reasons }: ReturnType<typeof decideCase>): boolean {
  return reasons.some(({ code }) => code === 'BELOW_MINIMUM') && reasons.every(({ code }) => !/^BUDGET/.test(code));
}
const by = fc.constantFrom(0.999, 0.9, 0.5, 0.1);

test('SAE-BUDGET: tightening one key of the policy never loosens a decision', () => {
  const seen = new Map<string, number>();
  forAll(
    [cases, fc.constantFrom(...STEPS), by],
    { numRuns: 14_000, seed: 99, includeErrorInReport: true },
    (drawn, step, factor) => {
      fc.pre(regimesAreOrdered(drawn.policy) && hasAmpleBrackets(drawn));
      const before = decideCase(drawn);
      const policy = withChange<IntendedPolicySpec>(drawn.policy, step.apply(drawn.policy, factor));
      const after = decideCase({ ...drawn, policy });
      if (after.decision !== before.decision || after.effective?.lots !== before.effective?.lots)
        seen.set(step.key, (seen.get(step.key) ?? 0) + 1);
      let found = loosened(after, before);
      // At a price that reaches less far the same amount is more lots, also the first of them.
      if (step.movesPrice && isTooSmall(before)) return;
      if (step.movesPrice && after.effective?.price_ticks !== before.effective?.price_ticks)
        found = found.filter((line) => !line.startsWith('lots'));
      assert.deepEqual(found, [], step.key);
    },
  );
  assert.ok(seen.size >= 25, `only ${[...seen.keys()].join(', ')} ever changed a decision`);
});

test('every such step is at most the policy it came from, as the comparison of policies sees it, too', () => {
  for (const step of STEPS) {
    const policy = withChange<IntendedPolicySpec>(basePolicy, step.apply(basePolicy, 0.9));
    assert.deepEqual(isAtMost(policy, basePolicy), [], step.key);
    assert.notDeepEqual(policy, basePolicy, step.key);
  }
});
