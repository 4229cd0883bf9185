import type { MarketSection, RegimeRow } from '../../../daemon/core/policy.ts';

const row: RegimeRow = { leverage: 1, notional: 1, order_rate: 1, slippage: 1, cooldown_ms: 0, slices: 1 };

/** The defaults of SAE section 6 and DESIGN section 4 as far as features and regime read them. */
export const market: MarketSection = {
  bar_ms: 900_000,
  volatility: {
    window_bars: 60,
    baseline_bars: 2880,
    baseline_quantile: 0.75,
    min_history_bars: 240,
    volatile: 1,
    extreme: 2,
    absolute: { volatile: 0.025, extreme: 0.06 },
    jump_sigma: 6,
  },
  regime_hold_bars: 4,
  funding: { extreme: 0.01 },
  liquidity: { ema_bars: 60, below_quantile: 0.02, baseline_bars: 2880 },
  regimes: { calm: row, volatile: row, extreme: row },
  freshness: {
    mark_ms: 5000,
    quote_ms: 5000,
    bars: 2,
    account_ms: 10_000,
    filters_ms: 3_600_000,
    funding_ms: 3_600_000,
    clock_skew_ms: 1000,
    request_ms: 30_000,
  },
  collar_bps: 100,
};

export interface WindowSizes {
  readonly window_bars?: number;
  readonly baseline_bars?: number;
  readonly min_history_bars?: number;
  readonly jump_sigma?: number;
  readonly ema_bars?: number;
}

/** The same section with smaller windows, so that a hand-made series fills them. */
export function withWindows(sizes: WindowSizes): MarketSection {
  const { ema_bars = market.liquidity.ema_bars, ...volatility } = sizes;
  const baseline_bars = sizes.baseline_bars ?? market.liquidity.baseline_bars;
  return {
    ...market,
    volatility: { ...market.volatility, ...volatility },
    liquidity: { ...market.liquidity, ema_bars, baseline_bars },
  };
}
