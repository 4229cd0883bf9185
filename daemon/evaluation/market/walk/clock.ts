import { lotE8, tickE8 } from '../../../engine/records/units.ts';
import {
  FIRST_EXTREME_STEP,
  isLowFirstWhenFlat,
  pathTicks,
  SECOND_EXTREME_STEP,
  STEPS_PER_BAR,
} from '../../../exchange-sim/market/bars.ts';
import type { ReplayInstrument } from '../../facts/markets.ts';
import type { PreparedMarket } from './prepared.ts';

/** Ends of the three straight legs of a bar's path: open -> first extreme -> second extreme -> close. */
export const LEG_ENDS = [FIRST_EXTREME_STEP, SECOND_EXTREME_STEP, STEPS_PER_BAR] as const;
export { STEPS_PER_BAR };

/** Where the leg ends on which the mark moves after a step. */
export function legEndAfter(step: number): number {
  if (step < FIRST_EXTREME_STEP) return FIRST_EXTREME_STEP;
  return step < SECOND_EXTREME_STEP ? SECOND_EXTREME_STEP : STEPS_PER_BAR;
}

/**
 * The sub-bar clock of one account: every symbol's mark walks its bar in twenty steps, the extreme that hurts the
 * position of the bar's opening first (a flat account sees the bar's own direction). During a gap the mark stays where
 * it was and `isLive` is false.
 */
export class MarketClock {
  readonly market: PreparedMarket;
  readonly grid: Grid;
  /** Running marks by symbol; the account values itself at these. */
  readonly marks: Float64Array;
  readonly markTicks: Float64Array;
  /** Index of the running bar by symbol, -1 in a gap. */
  readonly barIndex: Int32Array;
  readonly lowFirst: boolean[];
  /** When a symbol's mark was last seen, ms. */
  readonly markAtMs: Float64Array;
  readonly #next: Int32Array;
  #instant: ReadonlyMap<string, number | null> = new Map();
  #instantMoves = -1;
  /** Rises with every mark that is set. */
  moves = 0;
  step = 0;
  barOpenMs = 0;
  nowMs = 0;

  constructor(market: PreparedMarket) {
    this.market = market;
    this.grid = new Grid(market.series.map(({ bars }) => bars.instrument));
    const count = market.series.length;
    this.marks = new Float64Array(count);
    this.markTicks = new Float64Array(count);
    this.markAtMs = new Float64Array(count);
    this.barIndex = new Int32Array(count).fill(-1);
    this.lowFirst = market.series.map(() => true);
    this.#next = new Int32Array(count);
    for (const [i, series] of market.series.entries()) {
      const { openMs } = series.bars;
      while (this.#next[i]! < openMs.length && openMs[this.#next[i]!]! < market.data.startMs) this.#next[i]! += 1;
      const last = this.#next[i]! - 1;
      if (last >= 0) this.#setTicks(i, series.ticks[last]!.close, market.data.startMs);
    }
  }

  isLive(symbol: number): boolean {
    return this.barIndex[symbol]! >= 0;
  }
  quoteVolume(symbol: number): number {
    const index = this.barIndex[symbol]!;
    return index < 0 ? 0 : this.market.series[symbol]!.quoteVolume[index]!;
  }
  stepAt(ms: number): number {
    return Math.min(STEPS_PER_BAR, Math.floor((ms - this.barOpenMs) / (this.market.barMs / STEPS_PER_BAR)));
  }
  timeOf(step: number): number {
    return this.barOpenMs + step * (this.market.barMs / STEPS_PER_BAR);
  }

  /** Marks of all symbols, as the judge receives them; null in a gap. One map per instant. */
  instantMarks(): ReadonlyMap<string, number | null> {
    if (this.#instantMoves !== this.moves) {
      this.#instantMoves = this.moves;
      this.#instant = new Map(this.market.symbols.map((symbol, i) => [symbol, this.isLive(i) ? this.marks[i]! : null]));
    }
    return this.#instant;
  }

  /** Opens the bar at an instant of the grid; `signOf`: sign of the position that decides which extreme comes first. */
  openBar(openMs: number, signOf: (symbol: number) => number): void {
    this.barOpenMs = openMs;
    this.nowMs = openMs;
    this.step = 0;
    // What is live may be other symbols, also where no mark is set.
    this.moves += 1;
    const { series } = this.market;
    for (let i = 0; i < series.length; i++) {
      const candidate = this.#next[i]!;
      const bar = series[i]!.ticks[candidate];
      if (bar === undefined || bar.openMs !== openMs) {
        this.barIndex[i] = -1;
        continue;
      }
      this.#next[i] = candidate + 1;
      this.barIndex[i] = candidate;
      const sign = signOf(i);
      this.lowFirst[i] = sign === 0 ? isLowFirstWhenFlat(bar) : sign > 0;
      this.#setTicks(i, bar.open, openMs);
    }
  }

  ticksAt(symbol: number, step: number): number {
    const index = this.barIndex[symbol]!;
    if (index < 0) return this.markTicks[symbol]!;
    return pathTicks(this.market.series[symbol]!.ticks[index]!, this.lowFirst[symbol]!, step);
  }
  priceOf(symbol: number, ticks: number): number {
    const { tickMantissa, tickScale } = this.market.series[symbol]!.bars.instrument;
    return (ticks * tickMantissa) / tickScale;
  }

  /** Moves all marks to a step of the running bar. */
  moveTo(step: number): void {
    this.step = step;
    const atMs = this.timeOf(step);
    if (atMs > this.nowMs) this.nowMs = atMs;
    for (let i = 0; i < this.barIndex.length; i++)
      if (this.barIndex[i]! >= 0) this.#setTicks(i, this.ticksAt(i, step), atMs);
  }

  #setTicks(symbol: number, ticks: number, atMs: number): void {
    this.moves += 1;
    this.markTicks[symbol] = ticks;
    this.marks[symbol] = this.priceOf(symbol, ticks);
    this.markAtMs[symbol] = atMs;
  }
}

/**
 * Where an exchange that counts in lots and ticks meets the gate, which counts in units of 1e-8. Steps never change in a
 * replay, so that nothing has to be rounded.
 */
class Grid {
  readonly #lotE8: Float64Array;
  readonly #tickE8: Float64Array;

  /** By index of the symbol, as everything here. */
  constructor(instruments: readonly ReplayInstrument[]) {
    this.#lotE8 = Float64Array.from(instruments, lotE8);
    this.#tickE8 = Float64Array.from(instruments, tickE8);
  }

  quantityE8(symbol: number, lots: number): number {
    return lots * this.#lotE8[symbol]!;
  }
  lots(symbol: number, quantityE8: number): number {
    return quantityE8 / this.#lotE8[symbol]!;
  }
  ticks(symbol: number, priceE8: number): number {
    return priceE8 / this.#tickE8[symbol]!;
  }
}
