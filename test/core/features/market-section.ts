import type { MarketSection, RegimeRow } from '../../../daemon/core/policy.ts';
import { basePolicy } from '../decision-fixture.ts';

const row: RegimeRow = { leverage: 1, notional: 1, order_rate: 1, slippage: 1, cooldown_ms: 0, slices: 1 };

/** The defaults of SAE section 6 and DESIGN section 4 as far as features and regime read them. */
export const market: MarketSection = { ...basePolicy.market, regimes: { calm: row, volatile: row, extreme: row } };

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
