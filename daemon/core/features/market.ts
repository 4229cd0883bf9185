import type { MarketSection, Regime } from '../policy.ts';

/** A closed bar. `open_time_ms` is UTC milliseconds, prices in quote, volume in base asset. */
export interface Bar {
  readonly open_time_ms: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Beyond these a number is a broken feed, not a market; within them no feature overflows. */
const MAX_PRICE = 1e15;
const MIN_PRICE = 1e-15;
const MAX_VOLUME = 1e18;

function isPrice(value: number): boolean {
  return value >= MIN_PRICE && value <= MAX_PRICE;
}

/** Whether the bar can be one: finite positive prices, low and high around open and close, volume >= 0. */
export function isPlausibleBar(bar: Bar): boolean {
  return (
    Number.isSafeInteger(bar.open_time_ms) &&
    isPrice(bar.low) &&
    isPrice(bar.high) &&
    bar.low <= bar.open &&
    bar.low <= bar.close &&
    bar.open <= bar.high &&
    bar.close <= bar.high &&
    bar.volume >= 0 &&
    bar.volume <= MAX_VOLUME
  );
}

/**
 * A count of bars of `policyBarMs`, as bars of `actualBarMs` over the same time: on bars of the policy's own length the
 * count itself, on others rounded and at least 2 (DESIGN section 3, "Regime").
 */
export function scaleBarCount(count: number, policyBarMs: number, actualBarMs: number): number {
  if (policyBarMs === actualBarMs) return count;
  return Math.max(2, Math.round((count * policyBarMs) / actualBarMs));
}

/**
 * What `decide` reads of a market (SAE-VOL, SAE-LIQ; SAE section 4). Plain numbers, finite always. Policy thresholds
 * are not applied here; see `classifyRegime`.
 */
export interface MarketFeatures {
  /** Length of the bars in use, ms. */
  readonly bar_ms: number;
  /** Close time of the last closed bar (its open time + bar_ms), ms. */
  readonly bars_as_of_ms: number;
  /** Closed bars since the last gap: below the window the volatility is not known and opening is refused. */
  readonly bar_count: number;
  /** Values in the volatility baseline. */
  readonly history_count: number;
  /** sqrt of the sum of squared log returns over the window, the running bar's added when live. */
  readonly sigma: number;
  /** Trailing quantile of sigma over the bars before the last closed one; null while there is none. */
  readonly sigma_baseline: number | null;
  /** The larger of the last bar's and the running bar's |r| / (sigma_prev / sqrt(window)); at most MAX_JUMP_RATIO. */
  readonly jump_ratio: number;
  /** EMA(volume) / (sigma + eps), base asset. */
  readonly liquidity: number;
  /** Trailing low quantile of the liquidity over the bars before the last closed one; null while there is none. */
  readonly liquidity_floor: number | null;
}

const REGIME_CAUSES = [
  'none',
  'volatility_ratio',
  'volatility_absolute',
  'jump',
  'funding',
  'liquidity',
  'history',
  'unknown',
] as const;
type RegimeCause = (typeof REGIME_CAUSES)[number];

/** The first condition that puts the market where it is, with the figure seen and the threshold it met. */
export interface RegimeVerdict {
  readonly regime: Regime;
  readonly cause: RegimeCause;
  /** In the unit of the cause: a ratio, sigma, a ratio, a rate per 8 h, base asset per unit of sigma, bars. */
  readonly observed: number;
  readonly limit: number;
}

export const REGIME_RANK: { readonly [regime in Regime]: number } = { calm: 0, volatile: 1, extreme: 2 };

export function highestRegime(a: Regime, b: Regime): Regime {
  return REGIME_RANK[a] >= REGIME_RANK[b] ? a : b;
}

/** A funding rate per interval, as a fraction per 8 hours (SAE-FUND; Binance intervals are 1, 2, 4 or 8 hours). */
export function fundingRatePer8h(rate: number, intervalHours: number): number {
  return (rate * 8) / intervalHours;
}

/** What the regime is read from: the features and the funding rate, null where not known. */
export interface RegimeInput {
  readonly bar_count: number;
  readonly bar_ms: number;
  /** A fraction per 8 hours. */
  readonly funding_rate_8h: number | null;
  readonly history_count: number;
  readonly jump_ratio: number | null;
  readonly liquidity: number | null;
  readonly liquidity_floor: number | null;
  readonly sigma: number | null;
  readonly sigma_baseline: number | null;
}

/** sigma against its own baseline. Against a baseline of zero (or none that can be compared) any move is extreme. */
function sigmaRatio(sigma: number, baseline: number | null): number {
  if (baseline === null) return 0;
  if (baseline > 0) return sigma / baseline;
  return sigma > 0 ? Number.MAX_VALUE : 0;
}

/** sigma per span of the policy's window: another number only where scaling the window to the bars had to round. */
function sigmaOverPolicySpan(sigma: number, barMs: number, market: MarketSection): number {
  if (barMs === market.bar_ms) return sigma;
  const policySpan = market.volatility.window_bars * market.bar_ms;
  const actualSpan = scaleBarCount(market.volatility.window_bars, market.bar_ms, barMs) * barMs;
  return policySpan === actualSpan ? sigma : sigma * Math.sqrt(policySpan / actualSpan);
}

/**
 * The raw regime: the highest that any condition gives; `>=` enters the higher one (SAE sections 4 and 6, SAE-M).
 * Arithmetic is + - * / and comparisons, with a rounding and a square root where the bars are not the policy's.
 * What is not known is never calm.
 */
export function classifyRegime(input: RegimeInput, market: MarketSection): RegimeVerdict {
  const { volatility, funding } = market;
  const { sigma, jump_ratio: jump, funding_rate_8h: rate } = input;
  const ratio = sigma === null ? 0 : sigmaRatio(sigma, input.sigma_baseline);
  const absolute = sigma === null ? 0 : sigmaOverPolicySpan(sigma, input.bar_ms, market);
  const fundingSize = rate === null ? 0 : rate < 0 ? -rate : rate;

  if (jump !== null && jump >= volatility.jump_sigma) return verdict('extreme', 'jump', jump, volatility.jump_sigma);
  if (ratio >= volatility.extreme) return verdict('extreme', 'volatility_ratio', ratio, volatility.extreme);
  if (absolute >= volatility.absolute.extreme)
    return verdict('extreme', 'volatility_absolute', absolute, volatility.absolute.extreme);
  if (fundingSize >= funding.extreme) return verdict('extreme', 'funding', fundingSize, funding.extreme);

  if (ratio >= volatility.volatile) return verdict('volatile', 'volatility_ratio', ratio, volatility.volatile);
  if (absolute >= volatility.absolute.volatile)
    return verdict('volatile', 'volatility_absolute', absolute, volatility.absolute.volatile);
  return checkKnowledge(input, market) ?? checkLiquidity(input) ?? verdict('calm', 'none', ratio, volatility.volatile);
}

/**
 * {@link classifyRegime} of features and a funding rate. Every member is named: a copy by spread has a shape of its own
 * each time, which makes reading slow for whoever classifies after it.
 */
export function classifyFeatures(
  features: MarketFeatures,
  fundingRate8h: number,
  market: MarketSection,
): RegimeVerdict {
  const input: RegimeInput = {
    bar_count: features.bar_count,
    bar_ms: features.bar_ms,
    funding_rate_8h: fundingRate8h,
    history_count: features.history_count,
    jump_ratio: features.jump_ratio,
    liquidity: features.liquidity,
    liquidity_floor: features.liquidity_floor,
    sigma: features.sigma,
    sigma_baseline: features.sigma_baseline,
  };
  return classifyRegime(input, market);
}

function verdict(regime: Regime, cause: RegimeCause, observed: number, limit: number): RegimeVerdict {
  return { regime, cause, observed, limit };
}

/** Neither absent nor NaN, with which every comparison would be false and so look calm. */
function isKnown(value: number | null): boolean {
  return value !== null && !Number.isNaN(value);
}

/** Volatile when something that calm rests on is missing. */
function checkKnowledge(input: RegimeInput, market: MarketSection): RegimeVerdict | null {
  const { volatility } = market;
  const window = scaleBarCount(volatility.window_bars, market.bar_ms, input.bar_ms);
  if (!(input.bar_count >= window)) return verdict('volatile', 'history', input.bar_count, window);
  const needed = scaleBarCount(volatility.min_history_bars, market.bar_ms, input.bar_ms);
  if (!(input.history_count >= needed)) return verdict('volatile', 'history', input.history_count, needed);
  if (!isKnown(input.sigma) || !isKnown(input.jump_ratio)) return verdict('volatile', 'unknown', 0, 0);
  // A baseline of zero is a market that does not move: as little of a scale as none.
  if (!isKnown(input.sigma_baseline) || input.sigma_baseline === 0) return verdict('volatile', 'unknown', 0, 0);
  if (!isKnown(input.liquidity) || !isKnown(input.liquidity_floor)) return verdict('volatile', 'unknown', 0, 0);
  if (!isKnown(input.funding_rate_8h)) return verdict('volatile', 'unknown', 0, market.funding.extreme);
  return null;
}

function checkLiquidity({ liquidity, liquidity_floor: floor }: RegimeInput): RegimeVerdict | null {
  if (liquidity === null || floor === null || liquidity >= floor) return null;
  return verdict('volatile', 'liquidity', liquidity, floor);
}

/** Stands for a ratio too large to matter, also for a move after a window without any. */
export const MAX_JUMP_RATIO = 1e9;
/** Keeps the liquidity finite when the price has not moved; a thousandth of a basis point. */
const LIQUIDITY_EPSILON = 1e-7;

/** What features are read from once a bar has closed: plain figures, so that they can be kept for every bar. */
export interface WindowSnapshot {
  readonly bar_ms: number;
  readonly bars_as_of_ms: number;
  readonly bar_count: number;
  readonly history_count: number;
  /** Returns in the window, at most its length. */
  readonly return_count: number;
  /** Close of the last closed bar. */
  readonly close: number;
  readonly volume_ema: number;
  /** Of the log returns in the window, and its root. */
  readonly sum_of_squares: number;
  readonly sigma: number;
  readonly sigma_baseline: number | null;
  readonly liquidity_floor: number | null;
  /** Of the last closed bar. */
  readonly jump_ratio: number;
}

/** |r| in units of the window's own move per bar; 0 while there is nothing to compare with. */
export function jumpRatio(move: number, sigmaBefore: number, returnsBefore: number): number {
  if (returnsBefore === 0 || move === 0) return 0;
  const ratio = Math.abs(move) / (sigmaBefore / Math.sqrt(returnsBefore));
  return Math.min(ratio, MAX_JUMP_RATIO);
}

/** EMA(volume) / (sigma + eps), base asset (SAE-LIQ). */
export function liquidityOf(volumeEma: number, sigma: number): number {
  return volumeEma / (sigma + LIQUIDITY_EPSILON);
}

/** Features as of the last closed bar. */
export function readClosedFeatures(snapshot: WindowSnapshot): MarketFeatures {
  const { sigma } = snapshot;
  return buildFeatures(snapshot, sigma, liquidityOf(snapshot.volume_ema, sigma), snapshot.jump_ratio);
}

/**
 * Features with the running bar: its squared log move from the last close is added to the whole window (window_bars
 * closed bars and the running one), so live volatility is never below the closed one and equals it while the mark
 * stands at the last close. Null when the mark is not a price.
 */
export function readLiveFeatures(snapshot: WindowSnapshot, mark: number): MarketFeatures | null {
  if (!isPrice(mark)) return null;
  const move = Math.log(mark / snapshot.close);
  const sigma = Math.sqrt(snapshot.sum_of_squares + move * move);
  const running = jumpRatio(move, snapshot.sigma, snapshot.return_count);
  const jump = Math.max(snapshot.jump_ratio, running);
  return buildFeatures(snapshot, sigma, liquidityOf(snapshot.volume_ema, sigma), jump);
}

function buildFeatures(snapshot: WindowSnapshot, sigma: number, liquidity: number, jump: number): MarketFeatures {
  return {
    bar_ms: snapshot.bar_ms,
    bars_as_of_ms: snapshot.bars_as_of_ms,
    bar_count: snapshot.bar_count,
    history_count: snapshot.history_count,
    sigma,
    sigma_baseline: snapshot.sigma_baseline,
    jump_ratio: jump,
    liquidity,
    liquidity_floor: snapshot.liquidity_floor,
  };
}
