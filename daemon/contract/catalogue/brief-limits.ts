import type { LimitsBodySchema } from '../bodies/limits.ts';
import * as Type from '../built/typebox.js';
import type { Body } from '../schema/agreement.ts';
import { plainly } from './plain-figures.ts';

/** OpenAPI says no more of it: docs/api.md has the members. */
export const BriefLimitsSchema = Type.Object({ symbols: Type.Array(Type.Object({})) });

type FullLimits = Body<typeof LimitsBodySchema>;
type FullSymbol = FullLimits['symbols'][number];
/**
 * What is left to open in a symbol, without how it comes about: a sixth of the tokens. `trading_state` is left out while
 * active, `cooldown_remaining_ms` at 0. `orders_left` is of the order rate, now.
 */
export interface BriefSymbolLimits
  extends Pick<FullSymbol, 'symbol' | 'held' | 'regime' | 'leverage_cap'>,
    Partial<Pick<FullSymbol, 'trading_state' | 'cooldown_remaining_ms'>> {
  readonly buy: FullSymbol['opening']['buy'];
  readonly sell: FullSymbol['opening']['sell'];
  readonly max_slippage_bps: number;
  readonly orders_left: number;
}
export interface BriefLimits {
  readonly symbols: readonly BriefSymbolLimits[];
}

export function toBriefLimits({ symbols }: FullLimits): BriefLimits {
  return { symbols: symbols.map(shorten) };
}

function shorten(limits: FullSymbol): BriefSymbolLimits {
  const { budgets, cooldown_remaining_ms: cooldownMs, held, opening, trading_state: state } = limits;
  const lineOf = (component: string) => budgets.find((line) => line.component === component);
  return {
    symbol: limits.symbol,
    held,
    ...(state === 'active' ? {} : { trading_state: state }),
    regime: limits.regime,
    buy: inCents(opening.buy),
    sell: inCents(opening.sell),
    leverage_cap: limits.leverage_cap,
    max_slippage_bps: plainly(lineOf('slippage_bps')?.limit ?? 0),
    orders_left: lineOf('order_rate')?.remaining ?? 0,
    ...(cooldownMs === 0 ? {} : { cooldown_remaining_ms: cooldownMs }),
  };
}

/** Rounded down, so that an order of what is told is not cut. */
function inCents({ remaining_usdt: usdt, ...rest }: BriefSymbolLimits['buy']) {
  return { remaining_usdt: Math.floor(usdt * 100) / 100, ...rest };
}
