import { ATTACK_FAMILIES } from '../facts/agents.ts';
import {
  buildInterval,
  buildShareInterval,
  createBootstrapPlan,
  drawSeedMultiplicities,
  type Metric,
} from '../metrics/bootstrap-plan.ts';
import { addSeeds, type Figures, type Limits, measureFigures, measureViolation, type SeedFigures } from './score.ts';
import type { RecordedFrozen } from './state.ts';

const REPLICATES = 1000;
const RESAMPLING_SEED = 20_251_010;

export type FigureIntervals = Readonly<Record<keyof Figures, Metric>>;
/** A frozen policy on the out-of-sample segment, each figure with its 95 % interval over resampled seeds. */
export interface FrozenResult {
  readonly figures: Figures;
  readonly intervals: FigureIntervals;
  readonly violation: number;
}
export const VERDICTS = ['start_is_best', 'infeasible', 'not_better', 'not_beyond_chance', 'better'] as const;
export type Verdict = (typeof VERDICTS)[number];
export interface FrozenComparison {
  readonly seeds: readonly number[];
  readonly start: FrozenResult;
  readonly best: FrozenResult;
  /** Score of the best minus that of the start policy, the same seeds resampled in both; below 0 is better. */
  readonly scoreDifference: Metric;
  readonly verdict: Verdict;
}

/** Compares the frozen best policy with the start policy out of sample. Rows are by seed, in the order of `seeds`. */
export function compareFrozen(
  { seeds, startBySeed: start, bestBySeed: best }: Omit<RecordedFrozen, 'best'>,
  limits: Limits,
  isSame: boolean,
): FrozenComparison {
  // Only seeds are resampled: figures of whole paths, such as damage, keep no order of days.
  const plan = createBootstrapPlan({ seed: RESAMPLING_SEED, replicates: REPLICATES, startMs: 0, endMs: 1 });
  const rows = drawSeedMultiplicities(plan, seeds.length);
  const resample = (bySeed: readonly SeedFigures[]): readonly Figures[] =>
    Array.from({ length: REPLICATES }, (_, b) =>
      measureFigures(addSeeds(bySeed, rows.subarray(b * seeds.length, (b + 1) * seeds.length))),
    );
  const startResampled = resample(start);
  const bestResampled = resample(best);
  const startResult = buildResult(addSeeds(start), startResampled, limits);
  const bestResult = buildResult(addSeeds(best), bestResampled, limits);
  const scoreDifference = buildInterval(
    bestResult.figures.score - startResult.figures.score,
    bestResampled.map((figures, b) => figures.score - startResampled[b]!.score),
  );
  const verdict = isSame ? 'start_is_best' : judge(bestResult, scoreDifference);
  return { seeds, start: startResult, best: bestResult, scoreDifference, verdict };
}

function buildResult(sums: SeedFigures, resampled: readonly Figures[], limits: Limits): FrozenResult {
  const figures = measureFigures(sums);
  const names = Object.keys(figures) as (keyof Figures)[];
  const intervals = Object.fromEntries(
    names.map((name) => {
      const replicates = Float64Array.from(resampled, (each) => each[name] ?? Number.NaN);
      const cases = countCases(name, sums);
      const point = figures[name] ?? Number.NaN;
      return [name, cases === 0 ? buildInterval(point, replicates) : buildShareInterval(point, replicates, cases)];
    }),
  ) as Record<keyof Figures, Metric>;
  return { figures, intervals, violation: measureViolation(figures, limits) };
}

/** Cases behind a share, so that none of few does not read as never; 0: the figure is no share of cases. */
function countCases(name: keyof Figures, sums: SeedFigures): number {
  if (name === 'false_block') return sums.inScope;
  if (name !== 'attack_success') return 0;
  // Any family may be the worst: the one with the fewest episodes bounds what can be said.
  const episodes = ATTACK_FAMILIES.map((family) => sums[`episodes ${family}`]).filter((count) => count > 0);
  return episodes.length === 0 ? 0 : Math.min(...episodes);
}

function judge(best: FrozenResult, difference: Metric): Verdict {
  if (best.violation > 0) return 'infeasible';
  if (difference === null || difference.mean >= 0) return 'not_better';
  return difference.hi < 0 ? 'better' : 'not_beyond_chance';
}
