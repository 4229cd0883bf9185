import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { cutBars } from '../../../daemon/evaluation/facts/cut-bars.ts';
import type { FundingPoint, MarketData, SymbolBars } from '../../../daemon/evaluation/facts/markets.ts';
import { convertInstrument } from '../../../daemon/evaluation/market/instruments.ts';
import { findInstrument } from '../../../daemon/exchange-sim/core/instruments.ts';
import { syntheticBars } from '../../core/features/synthetic-bars.ts';

export const BTC = convertInstrument(findInstrument('BTCUSDT')!);
const HOUR_MS = 3_600_000;

export interface WalkOptions {
  readonly seed: number;
  readonly bars: number;
  readonly barMs: number;
  readonly warmupBars: number;
  /** Indices of bars that are left out. */
  readonly holes?: readonly number[];
  /** Hours between settlements; rates are up to 3 % per interval, mostly small. */
  readonly fundingHours?: number;
}

/** A market of one symbol around a seeded walk with bursts; prices are not on ticks, and now and then one bar jumps. */
export function buildWalk({ seed, bars, barMs, warmupBars, holes = [], fundingHours = 8 }: WalkOptions): MarketData {
  const random = xoroshiro128plus(seed ^ 0x5bd1e995);
  const rows = syntheticBars(seed, bars, barMs)
    .map((bar) => {
      const reach = uniformFloat64(random) < 0.02 ? 0.06 * uniformFloat64(random) : 0.004 * uniformFloat64(random);
      const isDown = uniformFloat64(random) < 0.5;
      return isDown ? { ...bar, low: bar.low * (1 - reach) } : { ...bar, high: bar.high * (1 + reach) };
    })
    .filter((_, i) => !holes.includes(i));
  const startMs = rows[Math.min(warmupBars, rows.length - 1)]!.open_time_ms;
  const endMs = rows.at(-1)!.open_time_ms + barMs;
  const funding: FundingPoint[] = [];
  for (let atMs = rows[0]!.open_time_ms + HOUR_MS; atMs < endMs; atMs += fundingHours * HOUR_MS) {
    const size = uniformFloat64(random) < 0.03 ? 0.03 : 0.0003;
    funding.push({ atMs, rate: size * (2 * uniformFloat64(random) - 1), intervalMs: fundingHours * HOUR_MS });
  }
  const symbol: SymbolBars = {
    instrument: BTC,
    openMs: Float64Array.from(rows, (row) => row.open_time_ms),
    open: Float64Array.from(rows, (row) => row.open),
    high: Float64Array.from(rows, (row) => row.high),
    low: Float64Array.from(rows, (row) => row.low),
    close: Float64Array.from(rows, (row) => row.close),
    volume: Float64Array.from(rows, (row) => row.volume),
    funding,
    gaps: [],
  };
  return { barMs, startMs, endMs, symbols: [symbol], inputs: [] };
}

/** The bars [from, to) of every symbol, judged from bar `start`. */
export function sliceMarket(market: MarketData, from: number, to: number, start: number): MarketData {
  const first = market.symbols[0]!.openMs;
  const endMs = first[to - 1]! + market.barMs;
  const symbols = market.symbols.map((bars) => cutBars(bars, first[from]!, endMs));
  return { ...market, symbols, startMs: first[start]!, endMs };
}
