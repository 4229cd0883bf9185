import type { ScopeMarket } from './scope.ts';
import { TrailingQuantile } from './trailing-quantile.ts';

/** Labels of SAE-VOL by rank: a higher one is stricter. */
export const CALM = 0;
export const VOLATILE = 1;
export const EXTREME = 2;

/** M of the scope for bars of one length. */
export interface RegimeSettings {
  readonly barMs: number;
  readonly windowBars: number;
  readonly baselineBars: number;
  readonly baselineQuantile: number;
  readonly minHistoryBars: number;
  readonly holdBars: number;
  readonly ratioVolatile: number;
  readonly ratioExtreme: number;
  readonly floorVolatile: number;
  readonly floorExtreme: number;
  /** Share of sigma over the window that one bar's move must reach to be a jump. */
  readonly jumpShare: number;
  readonly emaWeight: number;
  readonly liquidityBars: number;
  readonly illiquidQuantile: number;
}

/** Counts keep their span of time, at least 2; the absolute floors follow what the rounding makes of that span. */
export function scaleMarket(market: ScopeMarket, barMs: number): RegimeSettings {
  const bars = (count: number): number => Math.max(2, Math.round((count * market.bar_ms) / barMs));
  const isSame = barMs === market.bar_ms;
  const windowBars = isSame ? market.window_bars : bars(market.window_bars);
  const stretch = Math.sqrt((windowBars * barMs) / (market.window_bars * market.bar_ms));
  const emaBars = isSame ? market.liquidity.ema_bars : bars(market.liquidity.ema_bars);
  return {
    barMs,
    windowBars,
    baselineBars: isSame ? market.baseline_bars : bars(market.baseline_bars),
    baselineQuantile: market.baseline_quantile,
    minHistoryBars: isSame ? market.min_history_bars : bars(market.min_history_bars),
    holdBars: isSame ? market.regime_hold_bars : bars(market.regime_hold_bars),
    ratioVolatile: market.ratio.volatile,
    ratioExtreme: market.ratio.extreme,
    floorVolatile: market.absolute.volatile * stretch,
    floorExtreme: market.absolute.extreme * stretch,
    jumpShare: market.jump_sigma / Math.sqrt(windowBars),
    emaWeight: 2 / (emaBars + 1),
    liquidityBars: isSame ? market.liquidity.baseline_bars : bars(market.liquidity.baseline_bars),
    illiquidQuantile: market.liquidity.below_quantile,
  };
}

export interface Sigmas {
  readonly sigma: number;
  readonly quantile: number;
  readonly r: number;
  readonly sigmaBefore: number;
}

/**
 * The strictest of history, ratio, floors and jump. `sigma` ends with the move `r`; `quantile` is over the values
 * before it, of which there are `history`, and `sigmaBefore` over the window before it (NaN: there is none).
 */
export function labelOf(
  settings: RegimeSettings,
  history: number,
  { quantile, r, sigma, sigmaBefore }: Sigmas,
): number {
  if (sigma >= settings.floorExtreme) return EXTREME;
  if (sigma > 0 && sigma >= settings.ratioExtreme * quantile) return EXTREME;
  if (r !== 0 && Math.abs(r) >= settings.jumpShare * sigmaBefore) return EXTREME;
  if (sigma >= settings.floorVolatile || history < settings.minHistoryBars) return VOLATILE;
  return sigma > 0 && sigma >= settings.ratioVolatile * quantile ? VOLATILE : CALM;
}

/** Keeps the liquidity proxy finite when nothing moves. */
const EPSILON = 1e-12;

/**
 * SAE-VOL and SAE-LIQ from closed bars, one symbol. After a gap the window starts again: its first bar has no return,
 * and nothing is known until `windowBars` bars lie in a row. Baselines are spans of time: what was before a gap stays
 * in.
 */
export class RegimeDetector {
  readonly #settings: RegimeSettings;
  readonly #squares: Float64Array;
  readonly #baseline: TrailingQuantile;
  readonly #liquidity: TrailingQuantile;
  #next = 0;
  #volume = Number.NaN;
  /** Closed bars since the last gap. */
  #run = 0;
  openMs = Number.NaN;
  close = Number.NaN;
  isKnown = false;
  /** Label of the last bar at its close, without any hold. Unknown counts as volatile. */
  label = VOLATILE;
  /** Sum of squared moves over the window; NaN while unknown. */
  sumSquares = Number.NaN;
  /** Baseline of the last bar, from the values before it; NaN: there is none. */
  quantile = Number.NaN;
  /** Values that this baseline is made of. */
  history = 0;
  /** Sigma above which the market is illiquid: the proxy's own past, solved for sigma. NaN: there is none. */
  illiquidSigma = Number.NaN;

  constructor(settings: RegimeSettings) {
    this.#settings = settings;
    this.#squares = new Float64Array(settings.windowBars);
    this.#baseline = new TrailingQuantile(settings.baselineBars);
    this.#liquidity = new TrailingQuantile(settings.liquidityBars);
  }

  push(openMs: number, close: number, volume: number): void {
    const settings = this.#settings;
    if (openMs <= this.openMs) throw new RangeError(`bar ${openMs} is not after bar ${this.openMs}`);
    const follows = openMs === this.openMs + settings.barMs;
    const r = follows ? Math.log(close / this.close) : 0;
    const sigmaBefore = follows ? Math.sqrt(this.sumSquares) : Number.NaN;
    if (!follows) {
      this.#squares.fill(0);
      this.#run = 0;
    }
    this.#squares[this.#next] = r * r;
    this.#next = this.#next + 1 === settings.windowBars ? 0 : this.#next + 1;
    this.#run += 1;
    this.openMs = openMs;
    this.close = close;
    this.#volume = Number.isNaN(this.#volume) ? volume : this.#volume + settings.emaWeight * (volume - this.#volume);
    this.isKnown = this.#run >= settings.windowBars;
    if (this.isKnown) this.#judge(r, sigmaBefore);
    else {
      this.label = VOLATILE;
      this.sumSquares = Number.NaN;
      this.quantile = Number.NaN;
      this.illiquidSigma = Number.NaN;
    }
  }

  #judge(r: number, sigmaBefore: number): void {
    const settings = this.#settings;
    const bar = Math.round(this.openMs / settings.barMs);
    let sum = 0;
    for (let i = 0; i < settings.windowBars; i++) sum += this.#squares[i]!;
    this.sumSquares = sum;
    const sigma = Math.sqrt(sum);
    const liquidity = this.#volume / (sigma + EPSILON);
    this.#baseline.forgetBefore(bar);
    this.#liquidity.forgetBefore(bar);
    this.history = this.#baseline.size;
    this.quantile = this.#baseline.at(settings.baselineQuantile);
    const minLiquidity = settings.illiquidQuantile > 0 ? this.#liquidity.at(settings.illiquidQuantile) : Number.NaN;
    this.illiquidSigma = this.#volume / minLiquidity - EPSILON;
    const label = labelOf(settings, this.history, { sigma, quantile: this.quantile, r, sigmaBefore });
    this.label = liquidity < minLiquidity && label < VOLATILE ? VOLATILE : label;
    // A sum that lacks the first bar's return is no value to measure others by.
    if (this.#run === settings.windowBars) return;
    this.#baseline.push(bar, sigma);
    this.#liquidity.push(bar, liquidity);
  }
}
