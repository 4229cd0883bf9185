import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { mean, quantileSorted } from 'simple-statistics';
import type { TraderSample } from './trader-samples.ts';

export interface ReliabilityBin {
  /** The bin holds lower <= p < upper; the last one also p = 1. */
  readonly lower: number;
  readonly upper: number;
  /** Mean forecast and observed share; null in an empty bin. */
  readonly meanP: number | null;
  readonly frequency: number | null;
  readonly n: number;
}
/** A figure on all samples, with the 2.5 % and 97.5 % quantiles of its bootstrap over accounts. */
export interface Estimate {
  readonly mean: number;
  readonly lo: number;
  readonly hi: number;
}
export interface Reliability {
  readonly samples: number;
  readonly accounts: number;
  /** Observed share of escalations. */
  readonly baseRate: Estimate | null;
  /** Mean squared difference of forecast and outcome; `brierOfBaseRate` is what always saying the base rate scores. */
  readonly brier: Estimate | null;
  readonly brierOfBaseRate: number | null;
  /** Expected calibration error: mean |meanP - frequency| over the bins, weighted by n. */
  readonly ece: Estimate | null;
  /** Chance that an escalating agent ranks above one that does not, ties half; null where all are of one kind. */
  readonly auc: Estimate | null;
  readonly bins: readonly ReliabilityBin[];
}
export interface ReliabilitySettings {
  readonly bins: number;
  readonly replicates: number;
  readonly seed: number;
}
type Forecast = Pick<TraderSample, 'p' | 'escalated'>;

/** No figure from fewer samples (SAE section 9). */
export const MIN_SAMPLES = 30;
const DEFAULTS: ReliabilitySettings = { bins: 10, replicates: 200, seed: 20_251_010 };

/** Bins of equal width over [0, 1]. @throws RangeError on a forecast outside it, or without bins */
export function buildReliability(samples: readonly Forecast[], bins: number): readonly ReliabilityBin[] {
  const sums = sumBins(samples, bins, null);
  return sums.map(({ weight, forecast, observed }, i) => ({
    lower: i / bins,
    upper: (i + 1) / bins,
    meanP: weight === 0 ? null : forecast / weight,
    frequency: weight === 0 ? null : observed / weight,
    n: weight,
  }));
}

/**
 * Reliability with intervals. The bootstrap draws whole accounts: samples of one account share trades, so single ones
 * would make the intervals too narrow. The order of the samples does not matter.
 */
export function measureReliability(
  samples: readonly TraderSample[],
  settings: Partial<ReliabilitySettings> = {},
): Reliability {
  const { bins, replicates, seed } = { ...DEFAULTS, ...settings };
  const ordered = [...samples].sort(compareSamples);
  const names = [...new Set(ordered.map((sample) => sample.account))].sort();
  const known = { samples: ordered.length, accounts: names.length, bins: buildReliability(ordered, bins) };
  const nothing = { baseRate: null, brier: null, brierOfBaseRate: null, ece: null, auc: null };
  if (ordered.length < MIN_SAMPLES) return { ...known, ...nothing };
  const index = new Map(names.map((name, i) => [name, i]));
  const accountOf = ordered.map((sample) => index.get(sample.account) ?? 0);
  const whole = measure(ordered, bins, null);
  const drawn = drawAccounts(names.length, replicates, seed).map((counts) =>
    measure(
      ordered,
      bins,
      accountOf.map((account) => counts[account] ?? 0),
    ),
  );
  const estimate = (pick: (figures: Figures) => number | null): Estimate | null =>
    buildEstimate(
      pick(whole),
      drawn.map(pick).filter((value) => value !== null),
    );
  return {
    ...known,
    baseRate: estimate((figures) => figures.baseRate),
    brier: estimate((figures) => figures.brier),
    brierOfBaseRate: whole.baseRate * (1 - whole.baseRate),
    ece: estimate((figures) => figures.ece),
    auc: estimate((figures) => figures.auc),
  };
}

function compareSamples(a: TraderSample, b: TraderSample): number {
  if (a.p !== b.p) return a.p - b.p;
  if (a.account !== b.account) return a.account < b.account ? -1 : 1;
  return a.atMs === b.atMs ? a.escalated - b.escalated : a.atMs - b.atMs;
}

/** How often each account was drawn, for every replicate. */
function drawAccounts(accounts: number, replicates: number, seed: number): number[][] {
  const random = xoroshiro128plus(seed);
  return Array.from({ length: replicates }, () => {
    const counts = new Array<number>(accounts).fill(0);
    for (let i = 0; i < accounts; i++) counts[uniformInt(random, 0, accounts - 1)]! += 1;
    return counts;
  });
}

function buildEstimate(value: number | null, replicates: number[]): Estimate | null {
  if (value === null || replicates.length === 0) return null;
  const sorted = replicates.sort((a, b) => a - b);
  return { mean: value, lo: quantileSorted(sorted, 0.025), hi: quantileSorted(sorted, 0.975) };
}

interface Figures {
  readonly baseRate: number;
  readonly brier: number;
  readonly ece: number;
  readonly auc: number | null;
}

/** `weights`: how often each sample counts, null: once. Precondition: samples in rising order of p. */
function measure(samples: readonly Forecast[], bins: number, weights: readonly number[] | null): Figures {
  const sums = sumBins(samples, bins, weights);
  let total = 0;
  let positives = 0;
  let missed = 0;
  for (const { weight, forecast, observed } of sums) {
    total += weight;
    positives += observed;
    missed += Math.abs(forecast - observed);
  }
  const errors = samples.map(
    ({ p, escalated }, i) => (p - escalated) ** 2 * (weights === null ? 1 : (weights[i] ?? 0)),
  );
  return {
    baseRate: positives / total,
    brier: (mean(errors) * samples.length) / total,
    ece: missed / total,
    auc: rankingChance(samples, weights),
  };
}

interface BinSums {
  weight: number;
  forecast: number;
  observed: number;
}
function sumBins(samples: readonly Forecast[], bins: number, weights: readonly number[] | null): BinSums[] {
  if (!(Number.isInteger(bins) && bins >= 1)) throw new RangeError(`reliability needs at least one bin, not ${bins}`);
  const sums = Array.from({ length: bins }, (): BinSums => ({ weight: 0, forecast: 0, observed: 0 }));
  samples.forEach(({ p, escalated }, i) => {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`a forecast is a probability, not ${p}`);
    const weight = weights === null ? 1 : (weights[i] ?? 0);
    const bin = sums[findBin(p, bins)]!;
    bin.weight += weight;
    bin.forecast += weight * p;
    bin.observed += weight * escalated;
  });
  return sums;
}

/** The bin whose bounds, as they are reported, hold p: the product alone may round across a bound. */
function findBin(p: number, bins: number): number {
  const near = Math.min(bins - 1, Math.floor(p * bins));
  if (near > 0 && p < near / bins) return near - 1;
  return near < bins - 1 && p >= (near + 1) / bins ? near + 1 : near;
}

/** Weighted Mann-Whitney statistic over runs of equal forecasts. */
function rankingChance(samples: readonly Forecast[], weights: readonly number[] | null): number | null {
  let below = 0;
  let positives = 0;
  let wins = 0;
  for (let start = 0; start < samples.length; ) {
    let end = start;
    let [up, down] = [0, 0];
    for (; end < samples.length && samples[end]!.p === samples[start]!.p; end++) {
      const weight = weights === null ? 1 : (weights[end] ?? 0);
      if (samples[end]!.escalated === 1) up += weight;
      else down += weight;
    }
    wins += up * (below + down / 2);
    positives += up;
    below += down;
    start = end;
  }
  return positives === 0 || below === 0 ? null : wins / (positives * below);
}
