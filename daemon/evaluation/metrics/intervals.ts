import { quantileSorted } from 'simple-statistics';

/** An estimate with its 95 % bootstrap interval. */
export interface Interval {
  readonly mean: number;
  readonly lo: number;
  readonly hi: number;
}
/** Null: too little to say anything. */
export type Metric = Interval | null;

const LOW = 0.025;
const HIGH = 0.975;
/** No ratio from fewer requests, those of an attack included (SAE section 9). */
export const LEAST_CASES = 30;
/** No figure of an equity curve from fewer days. */
export const LEAST_DAYS = 5;

/** Percentile interval of the replicates; replicates without a value (NaN: an empty denominator) are left out. */
export function buildInterval(mean: number, replicates: Iterable<number>): Metric {
  const known = Float64Array.from([...replicates].filter((value) => Number.isFinite(value))).sort();
  if (!Number.isFinite(mean) || known.length === 0) return null;
  // The package's types ask for a plain array.
  const sorted = Array.from(known);
  return { mean, lo: quantileSorted(sorted, LOW), hi: quantileSorted(sorted, HIGH) };
}

/**
 * Interval of a share of `cases`. Where every replicate gives 0 or every one 1, resampling has nothing to vary: the exact
 * binomial bound (Clopper and Pearson) of as many independent cases stands in, so that 0 of 40 does not read as never.
 */
export function buildShareInterval(mean: number, replicates: Float64Array, cases: number): Metric {
  const interval = buildInterval(mean, replicates);
  if (interval === null || interval.lo !== interval.hi) return interval;
  if (mean === 0) return { mean, lo: 0, hi: 1 - LOW ** (1 / cases) };
  if (mean === 1) return { mean, lo: LOW ** (1 / cases), hi: 1 };
  return interval;
}

/** The largest of several: its mean, and the largest of all bounds, since each of them may be the largest in truth. */
export function findLargest(metrics: readonly Metric[]): Metric {
  const known = metrics.filter((metric) => metric !== null);
  if (known.length === 0) return null;
  return {
    mean: Math.max(...known.map((metric) => metric.mean)),
    lo: Math.max(...known.map((metric) => metric.lo)),
    hi: Math.max(...known.map((metric) => metric.hi)),
  };
}

/** a / b replicate by replicate; NaN where b is 0. */
export function divideAll(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => (b[i] === 0 ? Number.NaN : value / b[i]!));
}
