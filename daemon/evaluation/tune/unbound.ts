import { UNBOUND_DAY } from '../../core/keys/budgets.ts';
import type { IntendedPolicySpec, RegimeRow } from '../../core/policy.ts';
import { hashPolicy } from '../../policy/parse.ts';
import type { Variant } from '../setup/variants.ts';

const FREE_USDT = 1_000_000_000;
const FREE_ROW: RegimeRow = { leverage: 1, notional: 1, order_rate: 1, slippage: 1, cooldown_ms: 0, slices: 1 };

/**
 * The start policy in which nothing binds but R: regimes, tiers, trust, trader state, pauses and budgets of the day are
 * off. What its accounts execute without attacks is what utility is a share of; no candidate can move it.
 */
export function unboundVariant(start: Variant): Variant {
  const { spec } = start;
  const { min_liquidation_distance, margin_buffer_usdt } = spec.account;
  const unbound: IntendedPolicySpec = {
    ...spec,
    budgets: { ...spec.budgets, ...UNBOUND_DAY },
    market: { ...spec.market, regimes: { calm: FREE_ROW, volatile: FREE_ROW, extreme: FREE_ROW } },
    account: {
      drawdown: { ...spec.account.drawdown, tiers: [] },
      daily_loss: { tiers: [] },
      margin_ratio: { tiers: [] },
      concentration: { share: 0.99, floor_usdt: FREE_USDT },
      min_liquidation_distance,
      margin_buffer_usdt,
    },
    trust: { ...spec.trust, tiers: [] },
    trader_state: { ...spec.trader_state, limit_at: 1, block_at: 1, multiplier: 1, enforce_block: false },
    temporal: {
      ...spec.temporal,
      duplicate_window_ms: 1,
      flip_interval_ms: 1,
      breaker: { ...spec.temporal.breaker, repeats: 1_000_000 },
    },
    agents: { default: {} },
  };
  return { name: 'R alone', spec: unbound, hash: hashPolicy(unbound) };
}
