import wilcoxon from '@stdlib/stats-wilcoxon';
import { errorFunction } from 'simple-statistics';
import { MIN_DAYS } from './bootstrap-plan.ts';

/** Paired Wilcoxon signed-rank test on the days of two variants, two-sided. */
export interface SignedRankTest {
  readonly days: number;
  readonly statistic: number;
  readonly p_value: number;
  /** Mean of a - b, a day. */
  readonly mean_difference: number;
}

/**
 * Days without bars (NaN in either) are left out; null from fewer than 5 days that differ. Days are the pairs, their
 * agents and seeds averaged: seeds share one price path and would count the same day again and again.
 */
export function testSignedRank(a: Float64Array, b: Float64Array): SignedRankTest | null {
  const x: number[] = [];
  const y: number[] = [];
  for (let day = 0; day < a.length; day++) {
    if (Number.isNaN(a[day]!) || Number.isNaN(b[day]!)) continue;
    x.push(a[day]!);
    y.push(b[day]!);
  }
  const differing = x.filter((value, i) => value !== y[i]).length;
  if (differing < MIN_DAYS) return null;
  const { statistic, pValue } = wilcoxon(x, y);
  const sum = x.reduce((total, value, i) => total + value - y[i]!, 0);
  return { days: x.length, statistic, p_value: Math.min(1, pValue), mean_difference: sum / x.length };
}

/** Successes and cases by cluster; cases of one cluster may resemble each other. */
export interface ClusteredShare {
  readonly successes: Float64Array;
  readonly cases: Float64Array;
}
/** Two-proportion z test, two-sided. */
export interface TwoProportionTest {
  readonly share_a: number;
  readonly share_b: number;
  readonly cases_a: number;
  readonly cases_b: number;
  readonly z: number;
  readonly p_value: number;
  /** Variance of a share over that of as many independent cases: the larger of the two, at least 1; null: unknown. */
  readonly design_effect: number | null;
  /** With z over the root of the design effect. */
  readonly p_value_adjusted: number | null;
}

/** Null without cases on a side. */
export function testTwoProportions(a: ClusteredShare, b: ClusteredShare): TwoProportionTest | null {
  const [casesA, casesB] = [total(a.cases), total(b.cases)];
  if (casesA === 0 || casesB === 0) return null;
  const [shareA, shareB] = [total(a.successes) / casesA, total(b.successes) / casesB];
  const pooled = (total(a.successes) + total(b.successes)) / (casesA + casesB);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / casesA + 1 / casesB));
  const z = error === 0 ? 0 : (shareA - shareB) / error;
  const effects = [measureDesignEffect(a), measureDesignEffect(b)].filter((effect) => effect !== null);
  const effect = effects.length === 0 ? null : Math.max(1, ...effects);
  return {
    share_a: shareA,
    share_b: shareB,
    cases_a: casesA,
    cases_b: casesB,
    z,
    p_value: twoSided(z),
    design_effect: effect,
    p_value_adjusted: effect === null ? null : twoSided(z / Math.sqrt(effect)),
  };
}

/** Figures over clusters of n cases and x successes each, from which the design effect follows. */
export interface ClusterSums {
  readonly clusters: number;
  readonly n: number;
  readonly x: number;
  readonly nn: number;
  readonly xx: number;
  readonly nx: number;
}

/**
 * Variance of the ratio x / n with whole clusters as units (Cochran's ratio estimator) over p (1 - p) / n. Null from
 * one cluster, or when all or none succeed.
 */
export function designEffectOf({ clusters, n, x, nn, xx, nx }: ClusterSums): number | null {
  const share = x / n;
  if (clusters < 2 || !(share > 0 && share < 1)) return null;
  const squares = xx - 2 * share * nx + share * share * nn;
  return ((clusters / (clusters - 1)) * squares) / (n * share * (1 - share));
}

function measureDesignEffect({ successes, cases }: ClusteredShare): number | null {
  const product = (left: Float64Array, right: Float64Array) => total(left.map((value, i) => value * right[i]!));
  return designEffectOf({
    clusters: cases.filter((count) => count > 0).length,
    n: total(cases),
    x: total(successes),
    nn: product(cases, cases),
    xx: product(successes, successes),
    nx: product(cases, successes),
  });
}

/** The error function of the library is good to 1.2e-7 of the tail; below 1e-16 the tail reads 0. */
function twoSided(z: number): number {
  return Math.max(0, Math.min(1, 1 - errorFunction(Math.abs(z) / Math.SQRT2)));
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
