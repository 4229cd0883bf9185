import type { SymbolBars } from '../facts/markets.ts';
import type { ScopeMarket } from './scope.ts';

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

/**
 * The values of a moving span of bars in order of size: exact quantiles by nearest rank. Bars are numbered by time; a
 * bar without a value leaves a hole, so a span is a span of time and not a count of values.
 */
export class TrailingQuantile {
  readonly #spanBars: number;
  readonly #values: Float64Array;
  readonly #bars: Float64Array;
  readonly #sorted: Float64Array;
  #head = 0;
  #size = 0;

  constructor(spanBars: number) {
    this.#spanBars = spanBars;
    this.#values = new Float64Array(spanBars);
    this.#bars = new Float64Array(spanBars);
    this.#sorted = new Float64Array(spanBars);
  }

  get size(): number {
    return this.#size;
  }

  /** sorted[ceil(share * size) - 1]; NaN while there is no value. */
  at(share: number): number {
    // 0.02 * 150 must stay 3 whatever the last bit of the product says.
    const rank = Math.ceil(share * this.#size - 1e-9);
    return this.#size === 0 ? Number.NaN : this.#sorted[Math.max(1, rank) - 1]!;
  }

  /** Drops what is not among the `spanBars` bars before this one. */
  forgetBefore(bar: number): void {
    while (this.#size > 0 && this.#bars[this.#head]! < bar - this.#spanBars) {
      const at = this.#rank(this.#values[this.#head]!);
      this.#sorted.copyWithin(at, at + 1, this.#size);
      this.#head = this.#head + 1 === this.#spanBars ? 0 : this.#head + 1;
      this.#size -= 1;
    }
  }

  /** Takes the value of a bar; bars come in rising order, and those before its span are dropped first. */
  push(bar: number, value: number): void {
    this.forgetBefore(bar + 1);
    const at = this.#rank(value);
    this.#sorted.copyWithin(at + 1, at, this.#size);
    this.#sorted[at] = value;
    const tail = (this.#head + this.#size) % this.#spanBars;
    this.#values[tail] = value;
    this.#bars[tail] = bar;
    this.#size += 1;
  }

  /** How many of the values are smaller. */
  #rank(value: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What the detector says after every closed bar of a symbol, as columns: computed once, read by many judges. */
export interface RegimeTape {
  readonly symbol: string;
  readonly barMs: number;
  /** The scope's market section it was computed with. */
  readonly market: ScopeMarket;
  readonly openMs: Float64Array;
  readonly close: Float64Array;
  /** 0 calm, 1 volatile, 2 extreme, without any hold. */
  readonly label: Uint8Array;
  /** Values of the baseline. */
  readonly history: Int32Array;
  readonly isKnown: Uint8Array;
  readonly sumSquares: Float64Array;
  readonly quantile: Float64Array;
  readonly illiquidSigma: Float64Array;
}

/** Closed bars of one symbol, `barMs` long, through the judge's detector. */
export function buildRegimeTape(bars: SymbolBars, barMs: number, market: ScopeMarket): RegimeTape {
  const { openMs, close, volume } = bars;
  const count = openMs.length;
  const tape = {
    symbol: bars.instrument.symbol,
    barMs,
    market,
    openMs,
    close,
    label: new Uint8Array(count),
    history: new Int32Array(count),
    isKnown: new Uint8Array(count),
    sumSquares: new Float64Array(count),
    quantile: new Float64Array(count),
    illiquidSigma: new Float64Array(count),
  };
  const detector = new RegimeDetector(scaleMarket(market, barMs));
  for (let i = 0; i < count; i++) {
    detector.push(openMs[i]!, close[i]!, volume[i]!);
    tape.label[i] = detector.label;
    tape.history[i] = detector.history;
    tape.isKnown[i] = detector.isKnown ? 1 : 0;
    tape.sumSquares[i] = detector.sumSquares;
    tape.quantile[i] = detector.quantile;
    tape.illiquidSigma[i] = detector.illiquidSigma;
  }
  return tape;
}
