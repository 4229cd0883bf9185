import type { MarketSection } from '../policy.ts';
import { type Bar, isPlausibleBar, isPrice, scaleBarCount } from './bars.ts';
import type { MarketFeatures } from './market.ts';
import { SlidingOrderStatistic } from './order-statistic.ts';

export type BarOutcome =
  | { readonly kind: 'applied' }
  /** `missing_bars` bars lie between this bar and the one before: the window starts anew with this one. */
  | { readonly kind: 'applied_after_gap'; readonly missing_bars: number }
  | { readonly kind: 'rejected'; readonly reason: 'implausible' | 'not_newer' | 'misaligned' };

/** Stands for a ratio too large to matter, also for a move after a window without any. */
export const MAX_JUMP_RATIO = 1e9;
/** Keeps the liquidity finite when the price has not moved; a thousandth of a basis point. */
const LIQUIDITY_EPSILON = 1e-7;
const APPLIED: BarOutcome = { kind: 'applied' };

function jumpRatio(move: number, sigmaBefore: number, returnsBefore: number): number {
  if (returnsBefore === 0 || move === 0) return 0;
  const ratio = Math.abs(move) / (sigmaBefore / Math.sqrt(returnsBefore));
  return Math.min(ratio, MAX_JUMP_RATIO);
}

/**
 * Incremental market features of one symbol, fed with closed bars in order. The same bars give the same bits however
 * they are chunked: sigma is summed anew over its window at every bar, oldest first, so it has no memory beyond it.
 *
 * Gaps: a missing bar is never filled. sigma over a window with a hole would be too small, so the window starts anew
 * and `bar_count` falls to 1; until it is full again opening is refused. The baselines stay, since they only give the
 * scale and a hole can but lower it (ratios rise); their values age by time, not by count. No return is taken across
 * a gap. A bar that is rejected leaves no trace and so becomes a gap.
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
      this.#barCount === 0 ? bar.volume : this.#volumeEma + this.#emaWeight * (bar.volume - this.#volumeEma);
    this.#liquidity = this.#volumeEma / (this.#sigma + LIQUIDITY_EPSILON);
    this.#openTimeMs = bar.open_time_ms;
    this.#close = bar.close;
    this.#barCount += 1;
    return outcome;
  }

  /** Features as of the last closed bar; null before the first. */
  readClosed(): MarketFeatures | null {
    return this.#barCount === 0 ? null : this.#build(this.#sigma, this.#liquidity, this.#closedJumpRatio);
  }

  /**
   * Features with the running bar: its squared log move from the last close is added to the whole window (window_bars
   * closed bars and the running one), so live volatility is never below the closed one and equals it while the mark
   * stands at the last close. Null before the first bar or when the mark is not a price.
   */
  readLive(mark: number): MarketFeatures | null {
    if (this.#barCount === 0 || !isPrice(mark)) return null;
    const move = Math.log(mark / this.#close);
    const sigma = Math.sqrt(this.#sumOfSquares + move * move);
    const liquidity = this.#volumeEma / (sigma + LIQUIDITY_EPSILON);
    const running = jumpRatio(move, this.#sigma, this.#returnCount);
    return this.#build(sigma, liquidity, Math.max(this.#closedJumpRatio, running));
  }

  #build(sigma: number, liquidity: number, jump: number): MarketFeatures {
    return {
      bar_ms: this.barMs,
      bars_as_of_ms: this.#openTimeMs + this.barMs,
      bar_count: this.#barCount,
      history_count: this.#sigmas.size,
      sigma,
      sigma_baseline: this.#sigmaBaseline,
      jump_ratio: jump,
      liquidity,
      liquidity_floor: this.#liquidityFloor,
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
    this.#liquidityFloor = this.#liquidities.quantile(this.#liquidityQuantile);
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
