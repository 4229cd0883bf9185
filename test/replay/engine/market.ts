import type { MarketData, ReplayInstrument, SymbolBars } from '../../../daemon/evaluation/facts/markets.ts';
import { INSTRUMENT } from './instrument.ts';

export type Candle = readonly [open: number, high: number, low: number, close: number, volume?: number];
export const BAR_MS = 900_000;
export const START_MS = 1_760_000_400_000;

/** One symbol's bars from candles; `null` is a missing bar. The bar `judgedFrom` opens at START_MS. */
export function buildBars(
  candles: readonly (Candle | null)[],
  judgedFrom: number,
  instrument: ReplayInstrument = INSTRUMENT,
): SymbolBars {
  const present = candles.flatMap((candle, i) => (candle === null ? [] : [{ candle, i }]));
  const column = (of: (candle: Candle, i: number) => number): Float64Array =>
    Float64Array.from(present, ({ candle, i }) => of(candle, i));
  return {
    instrument,
    openMs: column((_candle, i) => START_MS + (i - judgedFrom) * BAR_MS),
    open: column(([open]) => open),
    high: column(([, high]) => high),
    low: column(([, , low]) => low),
    close: column(([, , , close]) => close),
    volume: column((candle) => candle[4] ?? 1000),
    funding: [],
    gaps: [],
  };
}

export function buildMarket(symbols: readonly SymbolBars[], judgedBars: number): MarketData {
  return {
    barMs: BAR_MS,
    startMs: START_MS,
    endMs: START_MS + judgedBars * BAR_MS,
    symbols,
    inputs: [{ name: 'test', sha256: '0'.repeat(64), rows: symbols[0]?.openMs.length ?? 0 }],
  };
}

/** A market that hardly moves: `count` bars around a price, so that every indicator is calm. */
export function flatCandles(count: number, price: number): Candle[] {
  return Array.from({ length: count }, (_, i) => {
    const wave = price * 0.0002 * Math.sin(i * 1.7);
    const close = Math.round((price + wave) * 10) / 10;
    return [price, price + price * 0.0004, price - price * 0.0004, close, 1000] as const;
  });
}
