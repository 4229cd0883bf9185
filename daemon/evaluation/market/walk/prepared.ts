import type { Bar as TickBar } from '../../../exchange-sim/market/bars.ts';
import type { FundingPoint, MarketData, SymbolBars } from '../../facts/markets.ts';
import { readTickBar } from '../track.ts';

/** One symbol's bars as the clock walks them: prices in whole ticks. */
export interface PreparedSymbol {
  readonly bars: SymbolBars;
  readonly ticks: readonly TickBar[];
  /** Quote volume of each bar at its typical price, USDT. */
  readonly quoteVolume: Float64Array;
  readonly funding: readonly FundingPoint[];
}
/** A market ready to be walked many times; nothing in it changes. */
export interface PreparedMarket {
  readonly data: MarketData;
  readonly barMs: number;
  readonly symbols: readonly string[];
  readonly series: readonly PreparedSymbol[];
  /** Bars on the judged grid: instants startMs + i * barMs, i in [0, barCount). */
  readonly barCount: number;
}

export function prepareMarket(data: MarketData): PreparedMarket {
  return {
    data,
    barMs: data.barMs,
    symbols: data.symbols.map((bars) => bars.instrument.symbol),
    series: data.symbols.map(prepareSymbol),
    barCount: Math.round((data.endMs - data.startMs) / data.barMs),
  };
}

function prepareSymbol(bars: SymbolBars): PreparedSymbol {
  const ticks: TickBar[] = [];
  const quoteVolume = new Float64Array(bars.openMs.length);
  for (let i = 0; i < bars.openMs.length; i++) {
    ticks.push(readTickBar(bars, i));
    quoteVolume[i] = (bars.volume[i]! * (bars.high[i]! + bars.low[i]! + bars.close[i]!)) / 3;
  }
  return { bars, ticks, quoteVolume, funding: bars.funding };
}
