import type { MarketSection, Regime } from '../policy.ts';
import { scaleBarCount } from './bars.ts';

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

export const REGIME_CAUSES = [
  'none',
  'volatility_ratio',
  'volatility_absolute',
  'jump',
  'funding',
  'liquidity',
  'history',
  'unknown',
] as const;
export type RegimeCause = (typeof REGIME_CAUSES)[number];

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
