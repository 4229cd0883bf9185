import { ATTACK_FAMILIES } from '../facts/agents.ts';
import type { Cell } from './cell.ts';
import {
  type ClusteredShare,
  designEffectOf,
  type SignedRankTest,
  type TwoProportionTest,
  testSignedRank,
  testTwoProportions,
} from './significance.ts';
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
