import type { MarketView } from '../context.ts';
import { areUsable, lotsToQuantity, ticksToPrice } from '../quantities.ts';
import { boundPrice } from './price.ts';
import { minimumLots } from './staging.ts';

/**
 * The least notional of an opening market order that is not below the venue's minimum, USDT, in whole cents upwards: on
 * either side and with any slippage bound up to `slippageBps`. Null while mark or filters are not known.
 */
export function smallestOrderUsdt(market: MarketView, slippageBps: number, collarBps: number): number | null {
  const { ask, bid, mark, rules } = market;
  if (rules === null || mark === null || !(mark > 0) || !areUsable(rules)) return null;
  const mid = bid !== null && ask !== null && bid > 0 ? (bid + ask) / 2 : mark;
  let least = 0;
  for (const side of ['buy', 'sell'] as const)
    for (const bps of [0, slippageBps]) {
      const { priceTicks, valueTicks } = boundPrice(rules, side, null, bps, { mid, mark, collarBps });
      if (!(priceTicks > 0)) return null;
      least = Math.max(least, lotsToQuantity(minimumLots(rules, priceTicks), rules) * ticksToPrice(valueTicks, rules));
    }
  return Math.ceil(least * 100 - 1e-6) / 100;
}
