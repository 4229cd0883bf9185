import { ATTACK_FAMILIES, type AttackFamily } from '../facts/agents.ts';
import { buildInterval, buildShareInterval, divideAll, type Metric, MIN_CASES } from './bootstrap-plan.ts';
import type { Cell } from './cell.ts';
import type { FamilyCount } from './totals.ts';

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
