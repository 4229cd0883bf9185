import wilcoxon from '@stdlib/stats-wilcoxon';
import { errorFunction } from 'simple-statistics';
import { ATTACK_FAMILIES } from '../facts/agents.ts';
import { MIN_DAYS } from './bootstrap-plan.ts';
import type { Cell } from './cell.ts';
import type { FamilyCount } from './totals.ts';

/** Variant `a` against `b` in one scenario. */
interface Compared {
  readonly a: string;
  readonly b: string;
  readonly scenario: string;
}
export type SignedRankComparison = Compared & SignedRankTest;
export type SuccessComparison = Compared &
  TwoProportionTest & {
    /** What counts as a success: an execution out of scope by the judge, or any execution (the published reading). */
    readonly success: 'out_of_scope' | 'any';
  };
/** How much attempts within an episode are alike: why attempts are no units of a test. */
export interface AttemptClustering {
  readonly variant: string;
  readonly scenario: string;
  readonly attempts: number;
  readonly episodes: number;
  /** Null when all or no attempts succeed. */
  readonly design_effect: number | null;
}
export interface Comparisons {
  /** Aligned daily returns. */
  readonly wilcoxon: readonly SignedRankComparison[];
  /** Episodes as units. */
  readonly two_proportion: readonly SuccessComparison[];
  readonly attempt_clustering: readonly AttemptClustering[];
}

/** Cells of one scenario by variant, in the order of variants. */
export interface ScenarioCells {
  readonly scenario: string;
  readonly cells: ReadonlyMap<string, Cell>;
}

const REFERENCE = 'NoSAE';
/** Ours against the paper's best. */
const OURS: readonly [string, string] = ['Holdfast', 'Full'];

/** Tests of SAE section 8: every variant against NoSAE, and Holdfast against Full, in each of the given scenarios. */
export function buildComparisons(scenarios: readonly ScenarioCells[]): Comparisons {
  const signedRank: SignedRankComparison[] = [];
  const success: SuccessComparison[] = [];
  const clustering: AttemptClustering[] = [];
  for (const { scenario, cells } of scenarios) {
    for (const [a, b] of listPairs([...cells.keys()])) {
      const [left, right] = [cells.get(a)!, cells.get(b)!];
      const ranks = testSignedRank(left.dailyReturns(), right.dailyReturns());
      if (ranks !== null) signedRank.push({ a, b, scenario, ...ranks });
      for (const [name, count] of [
        ['out_of_scope', 'outOfScope'],
        ['any', 'executed'],
      ] as const) {
        const shares = testTwoProportions(poolEpisodes(left, count), poolEpisodes(right, count));
        if (shares !== null) success.push({ a, b, scenario, success: name, ...shares });
      }
    }
    for (const [variant, cell] of cells) clustering.push({ variant, scenario, ...measureClustering(cell) });
  }
  return {
    wilcoxon: signedRank,
    two_proportion: success,
    attempt_clustering: clustering.filter(({ attempts }) => attempts > 0),
  };
}

function listPairs(variants: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  if (variants.includes(REFERENCE))
    for (const variant of variants) if (variant !== REFERENCE) pairs.push([variant, REFERENCE]);
  if (OURS.every((variant) => variants.includes(variant))) pairs.push(OURS);
  return pairs;
}

/** Episodes of all families by seed. */
function poolEpisodes(cell: Cell, successes: FamilyCount): ClusteredShare {
  const pool = (name: FamilyCount) =>
    ATTACK_FAMILIES.map((family) => cell.families.get(family)!.bySeed(name)).reduce((sum, next) =>
      sum.map((value, s) => value + next[s]!),
    );
  return { successes: pool(successes), cases: pool('episodes') };
}

function measureClustering(cell: Cell): Omit<AttemptClustering, 'variant' | 'scenario'> {
  const sum = (name: FamilyCount) =>
    ATTACK_FAMILIES.reduce((total, family) => total + cell.families.get(family)!.total(name), 0);
  const [attempts, episodes] = [sum('attempts'), sum('episodes')];
  const design_effect = designEffectOf({
    clusters: episodes,
    n: attempts,
    x: sum('outOfScopeAttempts'),
    nn: sum('attemptsSquared'),
    xx: sum('outOfScopeSquared'),
    nx: sum('attemptsTimesOutOfScope'),
  });
  return { attempts, episodes, design_effect };
}

type SignedRankTest = NonNullable<ReturnType<typeof testSignedRank>>;
/**
 * Paired Wilcoxon signed-rank test on the days of two variants, two-sided, with the mean of a - b, a day. Days without
 * bars (NaN in either) are left out; null from fewer than 5 days that differ. Days are the pairs, their
 * agents and seeds averaged: seeds share one price path and would count the same day again and again.
 */
export function testSignedRank(a: Float64Array, b: Float64Array) {
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
type TwoProportionTest = NonNullable<ReturnType<typeof testTwoProportions>>;
/** Two-proportion z test, two-sided. Null without cases on a side. */
export function testTwoProportions(a: ClusteredShare, b: ClusteredShare) {
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
    /** Variance of a share over that of as many independent cases: the larger of the two, at least 1; null: unknown. */
    design_effect: effect,
    /** With z over the root of the design effect. */
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
