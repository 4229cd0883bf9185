import type { SymbolRules } from '../../engine/records/venue.ts';
import type { ReplayInstrument } from '../facts/markets.ts';

/** PERCENT_PRICE of the exchange: how far a limit may lie from the mark. */
const MULTIPLIER_UP = 1.05;
const MULTIPLIER_DOWN = 0.95;

/** An instrument as the gate's venue port would have read it. Bars come without PRICE_FILTER: every price is taken. */
export function toSymbolRules(instrument: ReplayInstrument, observedAtMs: number): SymbolRules {
  const { symbol, tickMantissa, tickScale, lotMantissa, lotScale, minLots, maxLots, minNotionalUsdt } = instrument;
  return {
    symbol,
    trading: true,
    tickMantissa,
    tickScale,
    lotMantissa,
    lotScale,
    minLots,
    maxLots,
    maxMarketLots: maxLots,
    minPriceTicks: 1,
    maxPriceTicks: Number.MAX_SAFE_INTEGER,
    minNotionalUsdt,
    multiplierUp: MULTIPLIER_UP,
    multiplierDown: MULTIPLIER_DOWN,
    takerFee: instrument.takerFee,
    makerFee: instrument.makerFee,
    brackets: instrument.brackets,
    observedAtMs,
  };
}
