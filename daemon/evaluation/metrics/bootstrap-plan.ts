import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
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
export const MIN_CASES = 30;
/** No figure of an equity curve from fewer days. */
export const MIN_DAYS = 5;

/** Percentile interval of the replicates; replicates without a value (NaN: an empty denominator) are left out. */
export function buildInterval(mean: number, replicates: Iterable<number>): Metric {
  const known = Float64Array.from([...replicates].filter((value) => Number.isFinite(value))).sort();
  if (!Number.isFinite(mean) || known.length === 0) return null;
  // The package's types ask for a plain array.
  const sorted = Array.from(known);
  return { mean, lo: quantileSorted(sorted, LOW), hi: quantileSorted(sorted, HIGH) };
}

/**
 * Interval of a share of `cases`. Where every replicate gives 0 or every one 1, resampling has nothing to vary: the
 * exact binomial bound (Clopper and Pearson) of as many independent cases stands in, so that 0 of 40 does not read as
 * never.
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

export const DAY_MS = 86_400_000;

/**
 * Block bootstrap over UTC days, drawn once and the same for every run, so that replicate b of two variants sees the
 * same days (paired). Plain data: it crosses a worker's boundary.
 */
export interface BootstrapPlan {
  readonly seed: number;
  readonly replicates: number;
  /** Number of the first UTC day since 1970-01-01, and how many days there are from it to the last, both included. */
  readonly firstDay: number;
  readonly days: number;
  /** Row b (`days` entries): the days of replicate b in the order drawn. Length replicates x days. */
  readonly draws: Uint16Array;
  /** Row b: how often each day was drawn in replicate b. Length replicates x days. */
  readonly multiplicities: Uint16Array;
}
export interface BootstrapSettings {
  readonly seed: number;
  readonly replicates: number;
  /** Judged span, UTC ms; `endMs` is the end of the last bar. */
  readonly startMs: number;
  readonly endMs: number;
}

/** @throws RangeError without replicates or days, or with more days than an index holds */
export function createBootstrapPlan(settings: BootstrapSettings): BootstrapPlan {
  const { seed, replicates, startMs, endMs } = settings;
  const firstDay = Math.floor(startMs / DAY_MS);
  const days = Math.floor((endMs - 1) / DAY_MS) - firstDay + 1;
  if (!(Number.isSafeInteger(replicates) && replicates > 0)) throw new RangeError(`no bootstrap of ${replicates}`);
  if (!(days > 0 && days <= 0xffff)) throw new RangeError(`no bootstrap over the days from ${startMs} to ${endMs}`);
  const random = xoroshiro128plus(seed);
  const draws = new Uint16Array(replicates * days);
  const multiplicities = new Uint16Array(replicates * days);
  for (let i = 0; i < draws.length; i++) {
    const day = uniformInt(random, 0, days - 1);
    draws[i] = day;
    multiplicities[i - (i % days) + day]! += 1;
  }
  return { seed, replicates, firstDay, days, draws, multiplicities };
}

/** Row b: how often each of `count` seeds was drawn in replicate b (multinomial). Length replicates x count. */
export function drawSeedMultiplicities(plan: BootstrapPlan, count: number): Uint16Array {
  if (!(Number.isSafeInteger(count) && count > 0)) throw new RangeError(`no bootstrap over ${count} seeds`);
  // A stream of its own: the draws of the days must not move with the number of seeds.
  const random = xoroshiro128plus(plan.seed ^ 0x5eed);
  const rows = new Uint16Array(plan.replicates * count);
  for (let i = 0; i < rows.length; i++) rows[i - (i % count) + uniformInt(random, 0, count - 1)]! += 1;
  return rows;
}
