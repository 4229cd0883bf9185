import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { MarketData, ReplayInstrument, SymbolBars } from '../../../daemon/evaluation/facts/markets.ts';
import { readBarRows, WINDOW_END_MS, WINDOW_START_MS } from '../../fixtures/recorded.ts';

export const BAR_MS = 900_000;
const DAY_MS = 86_400_000;
export const BUDGETS = {
  orderNotionalUsdt: 1000,
  symbolNotionalUsdt: 2000,
  grossNotionalUsdt: 3000,
  leverage: 3,
  slippageBps: 20,
} as const;

export function instrumentOf(symbol: string): ReplayInstrument {
  const isBtc = symbol === 'BTCUSDT';
  return {
    symbol,
    tickMantissa: 1,
    tickScale: isBtc ? 10 : 100,
    lotMantissa: 1,
    lotScale: 1000,
    minLots: 1,
    maxLots: 1_000_000,
    minNotionalUsdt: isBtc ? 50 : 20,
    takerFee: 0.0005,
    makerFee: 0.0002,
    brackets: [{ initialLeverage: 125, notionalFloor: 0, notionalCap: 1e9, maintenanceRate: 0.004, cum: 0 }],
  };
}

export interface MarketShape {
  readonly seed: number;
  readonly days: number;
  readonly warmupDays?: number;
  readonly barMs?: number;
  /** Days on which bars move five times as much. */
  readonly wildDays?: readonly number[];
  /** Share of the bars that are missing, in runs of eight. */
  readonly gapEvery?: number;
}

/** A random walk of two symbols with some wild days. */
export function buildWalk(shape: MarketShape): MarketData {
  const barMs = shape.barMs ?? BAR_MS;
  const warmupMs = (shape.warmupDays ?? 5) * DAY_MS;
  const startMs = Date.UTC(2024, 0, 10);
  const endMs = startMs + shape.days * DAY_MS;
  const symbols = [
    ['BTCUSDT', 50_000],
    ['ETHUSDT', 2500],
  ] as const;
  return {
    barMs,
    startMs,
    endMs,
    inputs: [],
    symbols: symbols.map(([symbol, price], i) => {
      const random = xoroshiro128plus(shape.seed * 7919 + i);
      const rows: number[][] = [];
      let last: number = price;
      for (let openMs = startMs - warmupMs, n = 0; openMs < endMs; openMs += barMs, n++) {
        const isWild = shape.wildDays?.includes(Math.floor((openMs - startMs) / DAY_MS)) === true;
        const draw = (): number => uniformFloat64(random) + uniformFloat64(random) + uniformFloat64(random) - 1.5;
        const move = draw() * (isWild ? 0.02 : 0.004) * Math.sqrt(barMs / BAR_MS);
        const close = last * (1 + move);
        const spread = Math.abs(move) * 0.5 + 0.0005;
        const high = Math.max(last, close) * (1 + spread * uniformFloat64(random));
        const low = Math.min(last, close) * (1 - spread * uniformFloat64(random));
        if (shape.gapEvery === undefined || n % shape.gapEvery >= 8 || openMs < startMs) {
          rows.push([openMs, last, high, low, close, 500 + 500 * uniformFloat64(random)]);
        }
        last = close;
      }
      return barsOf(symbol, rows, barMs);
    }),
  };
}

function barsOf(symbol: string, rows: readonly number[][], barMs: number): SymbolBars {
  const column = (i: number): Float64Array => Float64Array.from(rows, (row) => row[i]!);
  const openMs = column(0);
  const gaps = [];
  for (let i = 1; i < openMs.length; i++) {
    const missingBars = Math.round((openMs[i]! - openMs[i - 1]!) / barMs) - 1;
    if (missingBars > 0) gaps.push({ symbol, afterOpenMs: openMs[i - 1]!, missingBars });
  }
  return {
    instrument: instrumentOf(symbol),
    openMs,
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(5),
    funding: [],
    gaps,
  };
}

/** The recorded bars of two weeks, with their warm-up. */
export function readRecordedMarket(): MarketData {
  const symbols = ['BTCUSDT', 'ETHUSDT'].map((symbol) =>
    barsOf(symbol, [...readBarRows(symbol, 'warmup'), ...readBarRows(symbol, 'window')], BAR_MS),
  );
  return { barMs: BAR_MS, startMs: WINDOW_START_MS, endMs: WINDOW_END_MS, symbols, inputs: [] };
}

/** The same market without anything after an instant. */
export function cutMarket(market: MarketData, endMs: number): MarketData {
  return {
    ...market,
    endMs,
    symbols: market.symbols.map((bars) => {
      const length = bars.openMs.findIndex((openMs) => openMs >= endMs);
      const cut = (column: Float64Array): Float64Array => (length < 0 ? column : column.slice(0, length));
      const { openMs, open, high, low, close, volume } = bars;
      return {
        ...bars,
        openMs: cut(openMs),
        open: cut(open),
        high: cut(high),
        low: cut(low),
        close: cut(close),
        volume: cut(volume),
      };
    }),
  };
}
