import {
  type MarketFeatures,
  readClosedFeatures,
  readLiveFeatures,
  type WindowSnapshot,
} from '../../core/features/market.ts';
import { MarketFeatureWindow } from '../../core/features/market-window.ts';
import { type MarketSection, REGIMES, type Regime } from '../../core/policy.ts';
import type { Bar as TickBar } from '../../exchange-sim/market/bars.ts';
import type { MarketData, SymbolBars } from '../facts/markets.ts';
import { MARKS_PER_BAR, RegimeWalk, SettledFunding } from './regime-walk.ts';

interface SymbolTrack {
  readonly firstOpenMs: number;
  /** Index of the bar by its place on the grid from the first bar on; -1 in a gap. */
  readonly grid: Int32Array;
  /** Place `bar`: the window as that bar opens; one more place than bars. */
  readonly snapshots: SnapshotColumns;
  /** Ranks in force at the 21 marks of every bar, low first, then high first. */
  readonly ranks: Uint8Array;
  readonly funding: SettledFunding;
}

/**
 * Features and held regimes of a whole market under one policy's market section, computed once with the core's own
 * functions, so that a replay asks in constant time. What it says of an instant rests on bars that closed before it, on
 * settled funding, and on the running bar's path up to it. Bars before `startMs` are history: no quote was seen in
 * them.
 */
export class MarketTrack {
  readonly #barMs: number;
  readonly #symbols: readonly SymbolTrack[];

  constructor(market: MarketData, section: MarketSection) {
    this.#barMs = market.barMs;
    this.#symbols = market.symbols.map((bars) => buildSymbolTrack(bars, market, section));
  }

  /** Index of the bar that runs at an instant; -1 in a gap, before the first and after the last bar. */
  barIndexAt(symbolIndex: number, atMs: number): number {
    const { firstOpenMs, grid } = this.#symbol(symbolIndex);
    return grid[Math.floor((atMs - firstOpenMs) / this.#barMs)] ?? -1;
  }

  /**
   * Features as of the bars that closed before bar `bar` opened; null before the first. `bar` may be one past the end.
   */
  closed(symbolIndex: number, bar: number): MarketFeatures | null {
    const snapshot = this.#symbol(symbolIndex).snapshots.at(bar);
    return snapshot === null ? null : readClosedFeatures(snapshot);
  }

  /** The same with bar `bar` running at `mark`; null also when the mark is not a price. */
  live(symbolIndex: number, bar: number, mark: number): MarketFeatures | null {
    const snapshot = this.#symbol(symbolIndex).snapshots.at(bar);
    return snapshot === null ? null : readLiveFeatures(snapshot, mark);
  }

  /** Regime in force at sub-step `step` (0 to 20) of bar `bar`, every mark up to it seen. */
  held(symbolIndex: number, bar: number, lowFirst: boolean, step: number): Regime {
    const rank = this.#symbol(symbolIndex).ranks[(2 * bar + (lowFirst ? 0 : 1)) * MARKS_PER_BAR + step];
    if (rank === undefined || step < 0 || step >= MARKS_PER_BAR) {
      throw new RangeError(`there is no step ${step} of bar ${bar}`);
    }
    return REGIMES[rank]!;
  }

  /** Whether the regimes in force at two sub-steps of bar `bar` are the same. */
  isSteady(symbolIndex: number, bar: number, lowFirst: boolean, [from, to]: readonly [number, number]): boolean {
    const { ranks } = this.#symbol(symbolIndex);
    const first = (2 * bar + (lowFirst ? 0 : 1)) * MARKS_PER_BAR;
    return ranks[first + from] === ranks[first + to];
  }

  /** The last settled rate at an instant, a fraction per 8 hours; 0 before the first settlement. */
  fundingRate8h(symbolIndex: number, atMs: number): number {
    return this.#symbol(symbolIndex).funding.rate8hAt(atMs);
  }

  #symbol(index: number): SymbolTrack {
    const track = this.#symbols[index];
    if (track === undefined) throw new RangeError(`there is no symbol ${index}`);
    return track;
  }
}

function buildSymbolTrack(bars: SymbolBars, market: MarketData, section: MarketSection): SymbolTrack {
  const { barMs } = market;
  const count = bars.openMs.length;
  const window = new MarketFeatureWindow(barMs, section);
  const funding = new SettledFunding(bars.funding);
  const walk = new RegimeWalk(section, barMs, bars.instrument, funding);
  const snapshots = new SnapshotColumns(count + 1, barMs);
  const ranks = new Uint8Array(count * 2 * MARKS_PER_BAR);
  for (let i = 0; i < count; i++) {
    const before = window.snapshot();
    if (before !== null) snapshots.set(i, before);
    const from = i * 2 * MARKS_PER_BAR;
    const middle = from + MARKS_PER_BAR;
    const isQuoted = bars.openMs[i]! >= market.startMs;
    const tickBar = readTickBar(bars, i);
    if (isQuoted)
      walk.run(before, tickBar, ranks.subarray(from, middle), ranks.subarray(middle, middle + MARKS_PER_BAR));
    else ranks.fill(walk.rank, from, middle + MARKS_PER_BAR);
    const after = applyBar(window, bars, i);
    if (isQuoted) walk.closeQuoted(after, tickBar.close);
    else walk.closeHistory(after);
    snapshots.set(i + 1, after);
  }
  return { firstOpenMs: bars.openMs[0] ?? 0, grid: buildGrid(bars.openMs, barMs), snapshots, ranks, funding };
}

function applyBar(window: MarketFeatureWindow, bars: SymbolBars, i: number) {
  const outcome = window.applyBar({
    open_time_ms: bars.openMs[i]!,
    open: bars.open[i]!,
    high: bars.high[i]!,
    low: bars.low[i]!,
    close: bars.close[i]!,
    volume: bars.volume[i]!,
  });
  const snapshot = window.snapshot();
  if (outcome.kind === 'rejected' || snapshot === null) {
    throw new RangeError(`bar ${i} of ${bars.instrument.symbol} is not one of a market (${outcome.kind})`);
  }
  return snapshot;
}

/** A bar in whole ticks, as the mark walks it. */
export function readTickBar({ instrument, ...bars }: SymbolBars, i: number): TickBar {
  const { tickMantissa, tickScale } = instrument;
  const toTicks = (price: number): number => Math.round((price * tickScale) / tickMantissa);
  return {
    openMs: bars.openMs[i]!,
    open: toTicks(bars.open[i]!),
    high: toTicks(bars.high[i]!),
    low: toTicks(bars.low[i]!),
    close: toTicks(bars.close[i]!),
    volume: bars.volume[i]!,
  };
}

function buildGrid(openMs: Float64Array, barMs: number): Int32Array {
  const first = openMs[0];
  const last = openMs.at(-1);
  if (first === undefined || last === undefined) return new Int32Array(0);
  const grid = new Int32Array((last - first) / barMs + 1).fill(-1);
  for (let i = 0; i < openMs.length; i++) grid[(openMs[i]! - first) / barMs] = i;
  return grid;
}

const COLUMNS = [
  'bars_as_of_ms',
  'bar_count',
  'history_count',
  'return_count',
  'close',
  'volume_ema',
  'sum_of_squares',
  'sigma',
  'sigma_baseline',
  'liquidity_floor',
  'jump_ratio',
] as const satisfies readonly (keyof WindowSnapshot)[];
const WIDTH = COLUMNS.length;
type Filled = { -readonly [name in keyof WindowSnapshot]: WindowSnapshot[name] };

/** A window's snapshot after every bar of a series, in one array of numbers. */
export class SnapshotColumns {
  readonly #figures: Float64Array;
  /** Handed out again and again: of use until the next `at`. */
  readonly #scratch: Filled;

  constructor(places: number, barMs: number) {
    this.#figures = new Float64Array(places * WIDTH).fill(Number.NaN);
    this.#scratch = {
      bar_ms: barMs,
      bars_as_of_ms: 0,
      bar_count: 0,
      history_count: 0,
      return_count: 0,
      close: 0,
      volume_ema: 0,
      sum_of_squares: 0,
      sigma: 0,
      sigma_baseline: null,
      liquidity_floor: null,
      jump_ratio: 0,
    };
  }

  set(place: number, snapshot: WindowSnapshot): void {
    const from = place * WIDTH;
    for (let i = 0; i < WIDTH; i++) this.#figures[from + i] = snapshot[COLUMNS[i]!] ?? Number.NaN;
  }

  /** The snapshot at a place; null where none was set. The object is overwritten by the next call. */
  at(place: number): WindowSnapshot | null {
    const figures = this.#figures;
    const from = place * WIDTH;
    const asOf = figures[from];
    if (asOf === undefined || Number.isNaN(asOf)) return null;
    const into = this.#scratch;
    into.bars_as_of_ms = asOf;
    into.bar_count = figures[from + 1]!;
    into.history_count = figures[from + 2]!;
    into.return_count = figures[from + 3]!;
    into.close = figures[from + 4]!;
    into.volume_ema = figures[from + 5]!;
    into.sum_of_squares = figures[from + 6]!;
    into.sigma = figures[from + 7]!;
    into.sigma_baseline = orNull(figures[from + 8]!);
    into.liquidity_floor = orNull(figures[from + 9]!);
    into.jump_ratio = figures[from + 10]!;
    return into;
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
