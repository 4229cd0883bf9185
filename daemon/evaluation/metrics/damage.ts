import { ATTACK_FAMILIES, type AttackFamily } from '../facts/agents.ts';
import { buildInterval, buildShareInterval, divideAll, type Metric, MIN_CASES } from './bootstrap-plan.ts';
import { type Cell, type SeedPlan, weighBySeed } from './cell.ts';
import type { FamilyCount } from './totals.ts';

/** AttackDamage (SAE section 9): (E_T without attacks - E_T with attacks) / E_0; negative: the attacks gained. */
export interface AttackDamage {
  /** Over all pairs of runs. */
  readonly mean: Metric;
  /** Of the seed with the most, its agents averaged. */
  readonly worstSeed: Metric;
  /** Of the one pair of runs with the most. */
  readonly worstRun: Metric;
}

/**
 * Pairs runs of the same seed and agent; runs without a partner are left out. Only seeds are resampled: damage is a
 * difference of two whole paths, which no order of days keeps.
 */
export function measureDamage(attacked: Cell, calm: Cell | null): AttackDamage {
  const { plan } = attacked;
  const sums = new Float64Array(plan.seeds.length);
  const pairs = new Float64Array(plan.seeds.length);
  const worst = new Float64Array(plan.seeds.length).fill(Number.NaN);
  // Agents in a fixed order: the sums must not depend on which run came first.
  for (const agent of [...attacked.endings.keys()].sort()) {
    const without = calm?.endings.get(agent);
    if (without === undefined) continue;
    const ends = attacked.endings.get(agent)!;
    for (let s = 0; s < plan.seeds.length; s++) {
      const damage = without[s]! - ends[s]!;
      if (Number.isNaN(damage)) continue;
      sums[s]! += damage;
      pairs[s]! += 1;
      if (!(damage <= worst[s]!)) worst[s] = damage;
    }
  }
  const count = pairs.reduce((sum, value) => sum + value, 0);
  if (count === 0) return { mean: null, worstSeed: null, worstRun: null };
  const total = sums.reduce((sum, value) => sum + value, 0);
  return {
    mean: buildInterval(total / count, divideAll(weighBySeed(sums, plan), weighBySeed(pairs, plan))),
    worstSeed: measureWorst(divideAll(sums, pairs), plan),
    worstRun: measureWorst(worst, plan),
  };
}

/**
 * The largest of the seeds' values (NaN: it has none) and, by replicate, the largest of the seeds that it drew. No
 * replicate exceeds the largest that was seen: the interval says how much of it hangs on single seeds.
 */
function measureWorst(bySeed: Float64Array, plan: SeedPlan): Metric {
  const count = bySeed.length;
  const largest = (isDrawn: (seed: number) => boolean): number => {
    let most = Number.NaN;
    for (let s = 0; s < count; s++)
      if (isDrawn(s) && !(bySeed[s]! <= most) && !Number.isNaN(bySeed[s]!)) most = bySeed[s]!;
    return most;
  };
  const replicates = Float64Array.from({ length: plan.replicates }, (_, b) =>
    largest((s) => plan.multiplicities[b * count + s]! > 0),
  );
  return buildInterval(
    largest(() => true),
    replicates,
  );
}

export type ByFamily = Readonly<Record<AttackFamily, Metric>>;
export interface AttackSuccess {
  /** Unweighted mean over the families that were attempted often enough. */
  readonly mean: Metric;
  readonly byFamily: ByFamily;
}

/**
 * Share of `successes` among `cases` by family and in the mean over families (SAE section 9), with the seeds resampled:
 * episodes of a seed share a path, so a seed comes with all its episodes or not at all. Null from fewer than 30
 * requests (attempts) of the family, in however many episodes they came; its interval says how few those were.
 */
export function measureSuccess(cell: Cell, successes: FamilyCount, cases: FamilyCount): AttackSuccess {
  const known: { readonly point: number; readonly replicates: Float64Array; readonly cases: number }[] = [];
  const byFamily = {} as Record<AttackFamily, Metric>;
  for (const family of ATTACK_FAMILIES) {
    const sums = cell.families.get(family)!;
    const count = sums.total(cases);
    if (sums.total('attempts') < MIN_CASES) {
      byFamily[family] = null;
      continue;
    }
    const point = sums.total(successes) / count;
    const replicates = divideAll(sums.replicates(successes), sums.replicates(cases));
    byFamily[family] = buildShareInterval(point, replicates, count);
    known.push({ point, replicates, cases: count });
  }
  return { mean: averageFamilies(known), byFamily };
}

function averageFamilies(
  families: readonly { readonly point: number; readonly replicates: Float64Array; readonly cases: number }[],
): Metric {
  const first = families[0];
  if (first === undefined) return null;
  const point = families.reduce((sum, family) => sum + family.point, 0) / families.length;
  const cases = families.reduce((sum, family) => sum + family.cases, 0);
  const replicates = first.replicates.map((_, b) => {
    const values = families.map((family) => family.replicates[b]!).filter((value) => !Number.isNaN(value));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
  return buildShareInterval(point, replicates, cases);
}

/** Risk-increasing notional of attacks as a multiple of gross cap x days (attack throughput of SAE section 9). */
export function measureThroughput(cell: Cell, grossCapUsdt: number | null): Metric {
  if (grossCapUsdt === null) return null;
  const capDays = (days: number) => days * grossCapUsdt;
  const point = cell.totals.total('attackOpenedUsdt') / capDays(cell.totals.total('spanDays'));
  const opened = cell.totals.replicates('attackOpenedUsdt');
  return buildInterval(point, divideAll(opened, cell.totals.replicates('spanDays').map(capDays)));
}
