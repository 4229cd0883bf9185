import type {
  FundingPoint,
  MarketData,
  ReplayInstrument,
  SymbolBars,
} from '../../../daemon/evaluation/facts/markets.ts';

export const BAR_MS = 900_000;
/** A midnight (UTC): the first judged bar of every scene opens here, so that days of the account are whole days. */
export const START_MS = 1_759_968_000_000;
const START_PRICE_USDT = 1000;
/** Base asset a bar, at which an order of some thousand USDT costs nothing but half the spread. */
const DEEP_VOLUME = 1_000_000;
/** What a bar lies beyond its open and close, a fraction of the price. */
const WICK = 0.00001;

/**
 * One bar of a constructed path: the log return of its close, and its volume in base asset. Null: the bar is missing.
 */
export type Move = { readonly r: number; readonly volume: number } | null;

/** Bars that go up and down by the same size, so that sigma is `size` x sqrt(window) and the price stays. */
export function noise(count: number, size: number, volume: number = DEEP_VOLUME): readonly Move[] {
  return Array.from({ length: count }, (_, i) => ({ r: i % 2 === 0 ? size : -size, volume }));
}
/** Bars that together move the price by the log return `total`. */
export function drift(count: number, total: number, volume: number = DEEP_VOLUME): readonly Move[] {
  return Array.from({ length: count }, () => ({ r: total / count, volume }));
}
export function gap(count: number): readonly Move[] {
  return Array.from({ length: count }, () => null);
}

/**
 * A past in which the present is quiet: sigma lies far below its 75 % quantile, no absolute floor is near, and 700 bars
 * are more than the least history; the present is calm for as long as the noisy part is more than a quarter of the
 * past.
 */
export const CALM_PAST: readonly Move[] = [...noise(600, 0.0012), ...noise(100, 0.0002)];
/**
 * Sigma ends at 1.17 times its quantile, below both floors, and no single move is a jump; more is traded too: volatile
 * by its ratio alone.
 */
export const VOLATILE_PAST: readonly Move[] = [
  ...noise(600, 0.0012),
  ...noise(60, 0.0002),
  ...noise(10, 0.001, 3 * DEEP_VOLUME),
  ...noise(60, 0.0014, 3 * DEEP_VOLUME),
];
export const VOLATILE_MOVE = 0.0014;
export const VOLATILE_VOLUME = 3 * DEEP_VOLUME;
export const QUIET_MOVE = 0.0002;

export interface SymbolPath {
  readonly symbol: string;
  /** Before the first judged bar, and from it on. */
  readonly past: readonly Move[];
  readonly judged: readonly Move[];
  readonly funding?: readonly FundingPoint[];
  readonly instrument?: Partial<ReplayInstrument>;
}

const INSTRUMENT: Omit<ReplayInstrument, 'symbol'> = {
  tickMantissa: 1,
  tickScale: 100,
  lotMantissa: 1,
  lotScale: 1000,
  minLots: 1,
  maxLots: 1_000_000_000,
  minNotionalUsdt: 5,
  takerFee: 0.0005,
  makerFee: 0.0002,
  brackets: [{ initialLeverage: 125, notionalFloor: 0, notionalCap: 1_000_000_000, maintenanceRate: 0.004, cum: 0 }],
};

/** A market of constructed paths, one price and one lot of a tenth of a percent of it (1 USDT) for every symbol. */
export function buildSceneMarket(paths: readonly SymbolPath[]): MarketData {
  const judgedBars = Math.max(...paths.map((path) => path.judged.length));
  const symbols = paths.map(buildBars);
  return {
    barMs: BAR_MS,
    startMs: START_MS,
    endMs: START_MS + judgedBars * BAR_MS,
    symbols,
    inputs: [{ name: 'constructed', sha256: '', rows: symbols.reduce((sum, bars) => sum + bars.openMs.length, 0) }],
  };
}

function buildBars(path: SymbolPath): SymbolBars {
  const rows: { readonly openMs: number; readonly open: number; readonly close: number; readonly volume: number }[] =
    [];
  let price = START_PRICE_USDT;
  for (const [i, move] of [...path.past, ...path.judged].entries()) {
    if (move === null) continue;
    const close = Math.round(price * Math.exp(move.r) * 100) / 100;
    rows.push({ openMs: START_MS + (i - path.past.length) * BAR_MS, open: price, close, volume: move.volume });
    price = close;
  }
  const column = (of: (row: (typeof rows)[number]) => number): Float64Array => Float64Array.from(rows, of);
  return {
    instrument: { ...INSTRUMENT, ...path.instrument, symbol: path.symbol },
    openMs: column((row) => row.openMs),
    open: column((row) => row.open),
    high: column(({ open, close }) => Math.max(open, close) * (1 + WICK)),
    low: column(({ open, close }) => Math.min(open, close) * (1 - WICK)),
    close: column((row) => row.close),
    volume: column((row) => row.volume),
    funding: path.funding ?? [],
    gaps: [],
  };
}
