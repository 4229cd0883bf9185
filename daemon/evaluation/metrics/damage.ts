import { buildInterval, divideAll, type Metric } from './bootstrap-plan.ts';
import { type Cell, type SeedPlan, weighBySeed } from './cell.ts';

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
