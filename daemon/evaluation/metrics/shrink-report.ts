import type { Cell } from './cell.ts';
import { buildInterval, divideAll, LEAST_DAYS, type Metric } from './intervals.ts';
import { SHRINK_METRICS, type ShrinkMetric } from './path-metrics.ts';

/**
 * The risk-matched control of a variant (SAE section 9): NoSAE's own returns times gross(variant) / gross(NoSAE), and the
 * variant over it; below 1 the variant is safer than NoSAE at the same exposure.
 */
export interface ShrinkReport {
  /** Mean of gross(variant) / gross(NoSAE) over the runs. */
  readonly factor: Metric;
  readonly mdd: Metric;
  readonly cvar95: Metric;
  readonly cvar99: Metric;
  readonly mdd_ratio: Metric;
  readonly cvar95_ratio: Metric;
  readonly cvar99_ratio: Metric;
}

/** Null when not every run of the cell has its control, or from too few days. */
export function buildShrinkReport(cell: Cell): ShrinkReport | null {
  const runs = cell.totals.total('runs');
  if (cell.totals.total('shrinkRuns') !== runs || cell.judgedDays < LEAST_DAYS) return null;
  const counts = cell.totals.replicates('runs');
  const level = (name: ShrinkMetric): Metric =>
    buildInterval(cell.shrink[name].point / runs, divideAll(cell.shrink[name].replicates(), counts));
  const ratio = (name: ShrinkMetric): Metric =>
    buildInterval(
      cell.path[name].point / cell.shrink[name].point,
      divideAll(cell.path[name].replicates(), cell.shrink[name].replicates()),
    );
  const [mdd, cvar95, cvar99] = SHRINK_METRICS;
  return {
    factor: buildInterval(
      cell.totals.total('shrinkFactor') / runs,
      divideAll(cell.totals.replicates('shrinkFactor'), counts),
    ),
    mdd: level(mdd),
    cvar95: level(cvar95),
    cvar99: level(cvar99),
    mdd_ratio: ratio(mdd),
    cvar95_ratio: ratio(cvar95),
    cvar99_ratio: ratio(cvar99),
  };
}
