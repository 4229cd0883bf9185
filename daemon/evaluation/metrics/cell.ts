import { ATTACK_FAMILIES, type AttackFamily } from '../facts/agents.ts';
import { remembered } from '../facts/remembered.ts';
import { PATH_METRICS, type PathMetric, type Replicated, SHRINK_METRICS, type ShrinkMetric } from './path-metrics.ts';
import type { RunSummary } from './summary.ts';
import { FAMILY_COUNTS, type FamilyCount, TOTALS } from './totals.ts';

/** Seeds of an evaluation with the multiplicities of each in every replicate (row b, length replicates x seeds). */
export interface SeedPlan {
  readonly seeds: readonly number[];
  readonly replicates: number;
  readonly multiplicities: Uint16Array;
}

/** Sums of named figures by seed; a replicate weighs the seeds by how often it drew them. */
export class SeedSums<Name extends string> {
  readonly #plan: SeedPlan;
  readonly #sums: ReadonlyMap<Name, Float64Array>;

  constructor(plan: SeedPlan, names: readonly Name[]) {
    this.#plan = plan;
    this.#sums = new Map(names.map((name) => [name, new Float64Array(plan.seeds.length)]));
  }

  add(seedIndex: number, figures: Readonly<Record<Name, number>>): void {
    for (const [name, sums] of this.#sums) sums[seedIndex]! += finite(figures[name]);
  }

  bySeed(name: Name): Float64Array {
    return this.#sums.get(name)!;
  }

  total(name: Name): number {
    return this.bySeed(name).reduce((sum, value) => sum + value, 0);
  }

  /** Length: replicates. */
  replicates(name: Name): Float64Array {
    return weighBySeed(this.bySeed(name), this.#plan);
  }
}

/** @throws RangeError when there is no such figure: a sum of it would be none */
function finite(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`${value} cannot be added`);
  return value;
}

export function weighBySeed(bySeed: Float64Array, plan: SeedPlan): Float64Array {
  const count = plan.seeds.length;
  const sums = new Float64Array(plan.replicates);
  for (let b = 0; b < sums.length; b++) {
    let sum = 0;
    for (let s = 0; s < count; s++) sum += plan.multiplicities[b * count + s]! * bySeed[s]!;
    sums[b] = sum;
  }
  return sums;
}

export const CELL_TOTALS = [
  'runs',
  'shrinkRuns',
  'shrinkFactor',
  'finalEquity',
  'runs14d',
  'equity14d',
  ...TOTALS,
] as const;
export type CellTotal = (typeof CELL_TOTALS)[number];

/** Sum of one metric over runs: plain, and in each replicate with the seeds as often as it drew them. */
class MetricSums {
  readonly #plan: SeedPlan;
  readonly #replicates: Float64Array;
  #point = 0;

  constructor(plan: SeedPlan) {
    this.#plan = plan;
    this.#replicates = new Float64Array(plan.replicates);
  }

  add(seedIndex: number, metric: Replicated): void {
    const { multiplicities, seeds } = this.#plan;
    this.#point += finite(metric.point);
    for (let b = 0; b < this.#replicates.length; b++) {
      const times = multiplicities[b * seeds.length + seedIndex]!;
      if (times > 0) this.#replicates[b]! += times * finite(metric.replicates[b]!);
    }
  }

  get point(): number {
    return this.#point;
  }

  replicates(): Float64Array {
    return this.#replicates;
  }
}

/**
 * Everything about one variant in one scenario, over all its seeds and agents. Sums only, in the order of the runs; of
 * each run nothing stays but its final equity. About 120 kB, and 1.2 kB a seed.
 */
export class Cell {
  readonly plan: SeedPlan;
  readonly totals: SeedSums<CellTotal>;
  readonly path: Readonly<Record<PathMetric, MetricSums>>;
  readonly shrink: Readonly<Record<ShrinkMetric, MetricSums>>;
  readonly families: ReadonlyMap<AttackFamily, SeedSums<FamilyCount>>;
  /** By agent, by index of the seed: equity at the end as a share of that at the start; NaN: no such run. */
  readonly endings = new Map<string, Float64Array>();
  readonly daily: Float64Array;
  judgedDays = 0;
  /** By index of the seed. */
  readonly decisions: Float64Array;
  readonly decideNs: Float64Array;
  readonly #hasBars: Uint8Array;

  constructor(plan: SeedPlan, days: number) {
    const sums = () => new MetricSums(plan);
    this.plan = plan;
    this.totals = new SeedSums(plan, CELL_TOTALS);
    this.path = Object.fromEntries(PATH_METRICS.map((name) => [name, sums()])) as Record<PathMetric, MetricSums>;
    this.shrink = Object.fromEntries(SHRINK_METRICS.map((name) => [name, sums()])) as Record<ShrinkMetric, MetricSums>;
    this.families = new Map(ATTACK_FAMILIES.map((family) => [family, new SeedSums(plan, FAMILY_COUNTS)]));
    this.daily = new Float64Array(days);
    this.#hasBars = new Uint8Array(days);
    this.decisions = new Float64Array(plan.seeds.length);
    this.decideNs = new Float64Array(plan.seeds.length);
  }

  /** @throws RangeError on a seed that is not of the evaluation, or on the same run twice */
  add(summary: RunSummary): void {
    const seedIndex = this.plan.seeds.indexOf(summary.key.seed);
    if (seedIndex < 0) throw new RangeError(`seed ${summary.key.seed} is not of this evaluation`);
    this.#addEnding(summary, seedIndex);
    const { shrink } = summary;
    this.totals.add(seedIndex, {
      ...summary.totals,
      runs: 1,
      shrinkRuns: shrink === null ? 0 : 1,
      shrinkFactor: shrink?.factor ?? 0,
      finalEquity: summary.finalEquity,
      runs14d: summary.equity14d === null ? 0 : 1,
      equity14d: summary.equity14d ?? 0,
    });
    for (const name of PATH_METRICS) this.path[name].add(seedIndex, summary.path[name]);
    if (shrink !== null) for (const name of SHRINK_METRICS) this.shrink[name].add(seedIndex, shrink.metrics[name]);
    for (const [family, sums] of this.families) sums.add(seedIndex, summary.families[family]);
    for (let day = 0; day < summary.dailyReturns.length; day++) {
      if (Number.isNaN(summary.dailyReturns[day]!)) continue;
      this.daily[day]! += summary.dailyReturns[day]!;
      this.#hasBars[day] = 1;
    }
    this.judgedDays = Math.max(this.judgedDays, summary.judgedDays);
    this.decisions[seedIndex]! += summary.timing.decisions;
    this.decideNs[seedIndex]! += summary.timing.decideNs;
  }

  /** Mean summed return of the runs on each day of the plan; NaN on days without bars. */
  dailyReturns(): Float64Array {
    const runs = this.totals.total('runs');
    return this.daily.map((sum, day) => (this.#hasBars[day] === 1 ? sum / runs : Number.NaN));
  }

  #addEnding({ key, finalEquity }: RunSummary, seedIndex: number): void {
    const endings = remembered(this.endings, key.agent, () =>
      new Float64Array(this.plan.seeds.length).fill(Number.NaN),
    );
    if (!Number.isNaN(endings[seedIndex]!)) throw new RangeError(`seed ${key.seed} of ${key.agent} was added twice`);
    endings[seedIndex] = finalEquity;
  }
}
