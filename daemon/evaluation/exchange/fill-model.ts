import type { Side } from '../../core/request.ts';
import { HALF_SPREAD_BPS } from '../market/walk/market-inputs.ts';

/**
 * What a taker pays, as a stated function of notional and bar volume: the marginal price at a depth of n USDT lies
 * HALF_SPREAD_BPS + IMPACT_BPS * sqrt(n / V) basis points beyond the mark, V the quote volume of the running bar; so an
 * order of n pays HALF_SPREAD_BPS + 2/3 IMPACT_BPS * sqrt(n / V) on average. Own impact does not persist.
 */
const IMPACT_BPS = 100;
/** Takes the place of the volume of a bar without one, USDT. */
const MIN_QUOTE_VOLUME = 1000;

/** Average distance from the mark that a taker order of `notional` USDT pays, bps. */
export function averageSlippageBps(notional: number, quoteVolume: number): number {
  return HALF_SPREAD_BPS + (2 / 3) * IMPACT_BPS * Math.sqrt(notional / Math.max(quoteVolume, MIN_QUOTE_VOLUME));
}

/** Largest notional in USDT whose last unit still costs no more than `boundBps` from the mark; 0 below the spread. */
export function depthWithin(boundBps: number, quoteVolume: number): number {
  const room = (boundBps - HALF_SPREAD_BPS) / IMPACT_BPS;
  return room <= 0 ? 0 : room * room * Math.max(quoteVolume, MIN_QUOTE_VOLUME);
}

export function takerPrice(mark: number, side: Side, slippageBps: number): number {
  return side === 'buy' ? mark * (1 + slippageBps / 1e4) : mark * (1 - slippageBps / 1e4);
}
