import type { Cell } from './cell.ts';
import { buildInterval, divideAll, type Metric } from './intervals.ts';
import { type SeedPlan, weighBySeed } from './seed-sums.ts';

/** AttackDamage (SAE section 9): (E_T without attacks - E_T with attacks) / E_0; negative: the attacks gained. */
export interface AttackDamage {
  /** Over all pairs of runs. */
  readonly mean: Metric;
  /** Of the seed with the most, its agents averaged. */
  readonly worstSeed: number | null;
  /** Of the one pair of runs with the most. */
  readonly worstRun: number | null;
}

/**
 * Pairs runs of the same seed and agent; runs without a partner are left out. Only seeds are resampled: damage is a
 * difference of two whole paths, which no order of days keeps.
 */
export function measureDamage(attacked: Cell, calm: Cell | null, plan: SeedPlan): AttackDamage {
  const sums = new Float64Array(plan.seeds.length);
  const pairs = new Float64Array(plan.seeds.length);
  let worstRun = Number.NEGATIVE_INFINITY;
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
      if (damage > worstRun) worstRun = damage;
    }
  }
  const count = pairs.reduce((sum, value) => sum + value, 0);
  if (count === 0) return { mean: null, worstSeed: null, worstRun: null };
  const total = sums.reduce((sum, value) => sum + value, 0);
  const perSeed = [...divideAll(sums, pairs)].filter((value) => !Number.isNaN(value));
  return {
    mean: buildInterval(total / count, divideAll(weighBySeed(sums, plan), weighBySeed(pairs, plan))),
    worstSeed: Math.max(...perSeed),
    worstRun,
  };
}
