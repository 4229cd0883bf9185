import { createHash } from 'node:crypto';
import { toNumber } from '../../exchange-sim/core/fixed.ts';
import { findInstrument, type Instrument } from '../../exchange-sim/core/instruments.ts';
import type { BarSource } from '../../exchange-sim/market/bars.ts';
import { SyntheticMarket } from '../../exchange-sim/market/synthetic.ts';
import type { FundingPoint, MarketData, SymbolBars } from '../facts/markets.ts';
import { allocateColumns, type BarColumns } from './bar-columns.ts';
import { convertInstrument } from './instruments.ts';

/** First judged instant of a synthetic market: a Monday at midnight UTC. */
const START_MS = Date.UTC(2025, 0, 6);
const FUNDING_MS = 8 * 3_600_000;

export interface SyntheticMarketOptions {
  /** 32-bit integer: the same seed and options, the same market to the bit. */
  readonly seed: number;
  /** Judged bars, and bars of history before them, one at least. */
  readonly bars: number;
  readonly warmupBars: number;
  /** A divisor of 8 hours, or a multiple of them. */
  readonly barMs: number;
  /** Symbols of the simulated exchange. */
  readonly symbols: readonly string[];
}

/**
 * A made-up market for when there are no data: that of the simulated exchange, which begins at the open of the first
 * judged bar. Prices are whole ticks, volumes whole lots, every bar opens at the close before it, and there are no gaps.
 *
 * @throws RangeError for options that make no market
 */
export function buildSyntheticMarket(options: SyntheticMarketOptions): MarketData {
  const { seed, bars, warmupBars, barMs } = options;
  const instruments = checkOptions(options);
  const count = warmupBars + bars;
  const { sources } = new SyntheticMarket(instruments, seed, START_MS, { prehistoryBars: warmupBars, barMs });
  const symbols = instruments.map((instrument): SymbolBars => {
    const source = sources.get(instrument.symbol)!;
    const columns = readBars(source, instrument, count);
    const funding = readFunding(source, columns.openMs[0]!, columns.openMs[count - 1]! + barMs);
    return { instrument: convertInstrument(instrument), ...columns, funding, gaps: [] };
  });
  const startMs = symbols[0]!.openMs[warmupBars]!;
  return {
    barMs,
    startMs,
    endMs: startMs + bars * barMs,
    symbols,
    inputs: [{ name: 'synthetic', sha256: hashSymbols(symbols), rows: count * symbols.length }],
  };
}

function checkOptions({ seed, bars, warmupBars, barMs, symbols }: SyntheticMarketOptions): readonly Instrument[] {
  if (!Number.isInteger(seed) || (seed | 0) !== seed) throw new RangeError('the seed must be a 32-bit integer');
  if (!Number.isSafeInteger(bars) || bars < 1) throw new RangeError('bars must be an integer, 1 or more');
  if (!Number.isSafeInteger(warmupBars) || warmupBars < 1) throw new RangeError('warmupBars must be an integer >= 1');
  const isWhole =
    Number.isSafeInteger(barMs) && barMs >= 60_000 && (FUNDING_MS % barMs === 0 || barMs % FUNDING_MS === 0);
  if (!isWhole) throw new RangeError('barMs must divide 8 hours or be a multiple of them, at least a minute');
  if (symbols.length === 0 || new Set(symbols).size !== symbols.length) {
    throw new RangeError('symbols must be given, each once');
  }
  return symbols.map((symbol) => {
    const instrument = findInstrument(symbol);
    if (instrument === undefined) throw new RangeError(`the synthetic market knows no symbol ${symbol}`);
    return instrument;
  });
}

function readBars(source: BarSource, instrument: Instrument, count: number): BarColumns {
  const { tickMantissa, tickScale, lotMantissa, lotScale } = convertInstrument(instrument);
  const columns = allocateColumns(count);
  const toPrice = (ticks: number): number => (ticks * tickMantissa) / tickScale;
  for (let i = 0; i < count; i++) {
    const bar = source.bar(i)!;
    columns.openMs[i] = bar.openMs;
    columns.open[i] = toPrice(bar.open);
    columns.high[i] = toPrice(bar.high);
    columns.low[i] = toPrice(bar.low);
    columns.close[i] = toPrice(bar.close);
    columns.volume[i] = (bar.volume * lotMantissa) / lotScale;
  }
  return columns;
}

function readFunding(source: BarSource, fromMs: number, endMs: number): readonly FundingPoint[] {
  return source
    .fundingBetween(fromMs, endMs - 1)
    .map(({ atMs, rate }) => ({ atMs, rate: toNumber(rate), intervalMs: FUNDING_MS }));
}

/** Over the bars and settlements themselves, little-endian, in the order of the symbols. */
function hashSymbols(symbols: readonly SymbolBars[]): string {
  const hash = createHash('sha256');
  for (const { openMs, open, high, low, close, volume, funding } of symbols) {
    const settled = Float64Array.from(funding.flatMap(({ atMs, rate }) => [atMs, rate]));
    for (const column of [openMs, open, high, low, close, volume, settled]) {
      hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    }
  }
  return hash.digest('hex');
}
