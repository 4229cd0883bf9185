import { FIRST_EXTREME_STEP, SECOND_EXTREME_STEP, STEPS_PER_BAR } from '../../exchange-sim/market/bars.ts';
import { Grid } from './grid.ts';
import { isLowFirstWhenFlat, type PreparedMarket, pathTicks } from './prepared.ts';

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
  stepMs(): number {
    return this.market.barMs / STEPS_PER_BAR;
  }
  stepAt(ms: number): number {
    return Math.min(STEPS_PER_BAR, Math.floor((ms - this.barOpenMs) / this.stepMs()));
  }
  timeOf(step: number): number {
    return this.barOpenMs + step * this.stepMs();
  }

  /** Opens the bar at an instant of the grid; `signOf`: sign of the position that decides which extreme comes first. */
  openBar(openMs: number, signOf: (symbol: number) => number): void {
    this.barOpenMs = openMs;
    this.nowMs = openMs;
    this.step = 0;
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

  /** Index of the bar that closed when the running bar opened; -1: none on this grid point. */
  closedIndex(symbol: number): number {
    const index = this.barIndex[symbol]!;
    return index >= 0 ? index - 1 : -1;
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
