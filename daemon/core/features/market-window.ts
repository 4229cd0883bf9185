import type { MarketSection } from '../policy.ts';
import {
  type Bar,
  isPlausibleBar,
  jumpRatio,
  liquidityOf,
  MAX_JUMP_RATIO,
  type MarketFeatures,
  readClosedFeatures,
  readLiveFeatures,
  scaleBarCount,
  type WindowSnapshot,
} from './market.ts';
import { SlidingOrderStatistic } from './order-statistic.ts';

export type BarOutcome =
  | { readonly kind: 'applied' }
  /** `missing_bars` bars lie between this bar and the one before: the window starts again with this one. */
  | { readonly kind: 'applied_after_gap'; readonly missing_bars: number }
  | { readonly kind: 'rejected'; readonly reason: 'implausible' | 'not_newer' | 'misaligned' };

export { MAX_JUMP_RATIO };

const APPLIED: BarOutcome = { kind: 'applied' };

/**
 * Incremental market features of one symbol, fed with closed bars in order. The same bars give the same bits however
 * they are chunked: sigma is summed again over its window at every bar, oldest first, so it has no memory beyond it.
 *
 * Gaps: a missing bar is never filled. sigma over a window with a hole would be too small, so the window starts again
 * and `bar_count` falls to 1; until it is full again opening is refused. The baselines stay, since they only give the
 * scale and a hole can but lower it (ratios rise); their values age by time, not by count. No return is taken across
 * a gap. The average of volume goes on: the first bar after an outage is no measure of the market. A bar that is
 * rejected leaves no trace and so becomes a gap.
 */
export class MarketFeatureWindow {
  readonly barMs: number;
  readonly windowBars: number;
  readonly #sigmaBaselineMs: number;
  readonly #liquidityBaselineMs: number;
  readonly #baselineQuantile: number;
  readonly #liquidityQuantile: number;
  readonly #emaWeight: number;
  readonly #sigmas: SlidingOrderStatistic;
  readonly #liquidities: SlidingOrderStatistic;
  /** Squared returns of the window, a ring. */
  readonly #squares: Float64Array;
  #returnCount = 0;
  #nextSquare = 0;

  #openTimeMs = Number.NaN;
  #close = Number.NaN;
  #barCount = 0;
  #volumeEma = 0;
  #sumOfSquares = 0;
  #sigma = 0;
  #sigmaBaseline: number | null = null;
  #liquidity = 0;
  #liquidityFloor: number | null = null;
  #closedJumpRatio = 0;
  #snapshot: WindowSnapshot | null = null;

  /** `barMs` is the length of the bars that will be fed; the policy's counts are scaled to it. */
  constructor(barMs: number, market: MarketSection) {
    if (!Number.isSafeInteger(barMs) || barMs < 1) throw new RangeError(`bar length must be an integer >= 1 ms`);
    const { volatility, liquidity } = market;
    const scale = (count: number): number => scaleBarCount(count, market.bar_ms, barMs);
    this.barMs = barMs;
    this.windowBars = scale(volatility.window_bars);
    this.#baselineQuantile = volatility.baseline_quantile;
    this.#liquidityQuantile = liquidity.below_quantile;
    this.#emaWeight = 2 / (scale(liquidity.ema_bars) + 1);
    this.#sigmas = new SlidingOrderStatistic(scale(volatility.baseline_bars));
    this.#liquidities = new SlidingOrderStatistic(scale(liquidity.baseline_bars));
    this.#sigmaBaselineMs = this.#sigmas.capacity * barMs;
    this.#liquidityBaselineMs = this.#liquidities.capacity * barMs;
    this.#squares = new Float64Array(this.windowBars);
  }

  /** Folds one closed bar in. */
  applyBar(bar: Bar): BarOutcome {
    if (!isPlausibleBar(bar)) return { kind: 'rejected', reason: 'implausible' };
    const elapsed = bar.open_time_ms - this.#openTimeMs;
    if (elapsed <= 0) return { kind: 'rejected', reason: 'not_newer' };
    if (this.#barCount > 0 && elapsed % this.barMs !== 0) return { kind: 'rejected', reason: 'misaligned' };

    // The last bar becomes one "before the current": only now may the baselines know it.
    this.#recordHistory(bar.open_time_ms);
    let outcome = APPLIED;
    if (this.#barCount > 0 && elapsed !== this.barMs) {
      outcome = { kind: 'applied_after_gap', missing_bars: elapsed / this.barMs - 1 };
      this.#restartWindow();
    }
    if (this.#barCount > 0) this.#applyReturn(Math.log(bar.close / this.#close));
    this.#volumeEma =
      this.#snapshot === null ? bar.volume : this.#volumeEma + this.#emaWeight * (bar.volume - this.#volumeEma);
    this.#liquidity = liquidityOf(this.#volumeEma, this.#sigma);
    this.#openTimeMs = bar.open_time_ms;
    this.#close = bar.close;
    this.#barCount += 1;
    this.#snapshot = this.#takeSnapshot();
    return outcome;
  }

  /** Figures as of the last closed bar, from which both readings follow; null before the first. */
  snapshot(): WindowSnapshot | null {
    return this.#snapshot;
  }

  /** Features as of the last closed bar; null before the first. */
  readClosed(): MarketFeatures | null {
    return this.#snapshot === null ? null : readClosedFeatures(this.#snapshot);
  }

  /** Features with the running bar (`readLiveFeatures`); null before the first bar or when the mark is not a price. */
  readLive(mark: number): MarketFeatures | null {
    return this.#snapshot === null ? null : readLiveFeatures(this.#snapshot, mark);
  }

  #takeSnapshot(): WindowSnapshot {
    return {
      bar_ms: this.barMs,
      bars_as_of_ms: this.#openTimeMs + this.barMs,
      bar_count: this.#barCount,
      history_count: this.#sigmas.size,
      return_count: this.#returnCount,
      close: this.#close,
      volume_ema: this.#volumeEma,
      sum_of_squares: this.#sumOfSquares,
      sigma: this.#sigma,
      sigma_baseline: this.#sigmaBaseline,
      liquidity_floor: this.#liquidityFloor,
      jump_ratio: this.#closedJumpRatio,
    };
  }

  /** Only values of a full window are a scale to measure by. */
  #recordHistory(nextOpenTimeMs: number): void {
    if (this.#returnCount === this.windowBars) {
      this.#sigmas.push(this.#sigma, this.#openTimeMs);
      this.#liquidities.push(this.#liquidity, this.#openTimeMs);
    }
    this.#sigmas.evictThrough(nextOpenTimeMs - this.#sigmaBaselineMs - this.barMs);
    this.#liquidities.evictThrough(nextOpenTimeMs - this.#liquidityBaselineMs - this.barMs);
    this.#sigmaBaseline = this.#sigmas.quantile(this.#baselineQuantile);
    const floor = this.#liquidities.quantile(this.#liquidityQuantile);
    // The quantile 0 would be the least of the past, below which a new low falls; it is meant as never.
    this.#liquidityFloor = this.#liquidityQuantile === 0 && floor !== null ? 0 : floor;
  }

  #applyReturn(move: number): void {
    this.#closedJumpRatio = jumpRatio(move, this.#sigma, this.#returnCount);
    this.#squares[this.#nextSquare] = move * move;
    this.#nextSquare = this.#nextSquare + 1 === this.windowBars ? 0 : this.#nextSquare + 1;
    if (this.#returnCount < this.windowBars) this.#returnCount += 1;
    this.#sumOfSquares = this.#sumWindow();
    this.#sigma = Math.sqrt(this.#sumOfSquares);
  }

  #sumWindow(): number {
    const squares = this.#squares;
    let sum = 0;
    // Oldest first: while the window fills, the ring starts at 0; afterwards the oldest is at `nextSquare`.
    if (this.#returnCount === this.windowBars)
      for (let i = this.#nextSquare; i < squares.length; i++) sum += squares[i]!;
    for (let i = 0; i < this.#nextSquare; i++) sum += squares[i]!;
    return sum;
  }

  #restartWindow(): void {
    this.#returnCount = 0;
    this.#nextSquare = 0;
    this.#barCount = 0;
    this.#sumOfSquares = 0;
    this.#sigma = 0;
    this.#closedJumpRatio = 0;
  }
}
