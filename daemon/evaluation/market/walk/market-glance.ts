import type { MarketGlance } from '../../facts/agents.ts';
import type { ReplayInstrument } from '../../facts/markets.ts';
import type { MarketClock } from './clock.ts';

/**
 * The market as an agent sees it: bars that have closed and the mark of now. `closed[i]`: index of the last closed bar
 * of symbol i, kept by the run; nothing beyond it can be reached.
 */
export function createMarketGlance(clock: MarketClock, closed: Int32Array): MarketGlance {
  const { market } = clock;
  const index = new Map(market.symbols.map((symbol, i) => [symbol, i]));
  const at = (symbol: string, back: number, column: 'close' | 'high' | 'low' | 'volume'): number | undefined => {
    const i = index.get(symbol);
    if (i === undefined || back < 0) return undefined;
    const bar = closed[i]! - back;
    return bar < 0 ? undefined : market.series[i]!.bars[column][bar];
  };
  return {
    symbols: market.symbols,
    barMs: market.barMs,
    instrument(symbol): ReplayInstrument {
      const i = index.get(symbol);
      if (i === undefined) throw new RangeError(`no symbol ${symbol} in this market`);
      return market.series[i]!.bars.instrument;
    },
    close: (symbol, back) => at(symbol, back, 'close'),
    high: (symbol, back) => at(symbol, back, 'high'),
    low: (symbol, back) => at(symbol, back, 'low'),
    volume: (symbol, back) => at(symbol, back, 'volume'),
    mark(symbol): number | null {
      const i = index.get(symbol);
      return i === undefined || !clock.isLive(i) ? null : clock.marks[i]!;
    },
  };
}
