import type { BootstrapPlan } from './bootstrap-plan.ts';

/** Per-step returns of one run with the day of each, bar by bar. */
export interface StepReturns {
  /** Fraction of the equity before the step, in [-1, ∞); 0 after ruin. */
  readonly returns: Float64Array;
  /** Index of the UTC day in the plan. */
  readonly day: Uint16Array;
}
/** What a day does to an equity of 1 at its start: enough to put days together in any order. */
export interface DayPath {
  /** Equity at the end of the day. */
  readonly growth: Float64Array;
  /** Lowest and highest equity within the day, the start included. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Largest drawdown within the day, from its own peaks. */
  readonly drawdown: Float64Array;
}

/**
 * Returns between the equities of `equity` (one more than the bars that open at `barOpenMs`). An equity at or below
 * zero is ruin: that step returns -1, every later one 0.
 *
 * @throws RangeError when lengths or days do not fit
 */
export function measureReturns(equity: Float64Array, barOpenMs: Float64Array, plan: BootstrapPlan): StepReturns {
  const bars = barOpenMs.length;
  if (equity.length !== bars + 1) throw new RangeError(`${equity.length} equities do not enclose ${bars} bars`);
  const returns = new Float64Array(bars);
  const day = new Uint16Array(bars);
  for (let i = 0; i < bars; i++) {
    const index = Math.floor(barOpenMs[i]! / 86_400_000) - plan.firstDay;
    if (!(index >= 0 && index < plan.days)) throw new RangeError(`bar ${i} is outside the days of the bootstrap`);
    day[i] = index;
    const before = equity[i]!;
    const after = equity[i + 1]!;
    if (Number.isNaN(after)) throw new RangeError(`equity ${i + 1} is not a number`);
    returns[i] = before <= 0 ? 0 : after <= 0 ? -1 : after / before - 1;
  }
  return { returns, day };
}

/** The days of `steps`, every return times `factor` (a step loses all at most). A day without bars changes nothing. */
export function buildDayPath(steps: StepReturns, days: number, factor: number): DayPath {
  const growth = new Float64Array(days).fill(1);
  const low = new Float64Array(days).fill(1);
  const high = new Float64Array(days).fill(1);
  const drawdown = new Float64Array(days);
  for (let i = 0; i < steps.returns.length; i++) {
    const d = steps.day[i]!;
    const level = growth[d]! * Math.max(0, 1 + factor * steps.returns[i]!);
    growth[d] = level;
    if (level > high[d]!) high[d] = level;
    if (level < low[d]!) low[d] = level;
    const fall = 1 - level / high[d]!;
    if (fall > drawdown[d]!) drawdown[d] = fall;
  }
  return { growth, low, high, drawdown };
}

/**
 * Largest drawdown (fraction in [0, 1], SAE-DD) of the days put together in the order of `draws[from .. from + count)`.
 */
export function composeDrawdown(path: DayPath, draws: Uint16Array, from: number, count: number): number {
  let level = 1;
  let peak = 1;
  let worst = 0;
  for (let i = from; i < from + count; i++) {
    const d = draws[i]!;
    const fall = Math.max(path.drawdown[d]!, 1 - (level * path.low[d]!) / peak);
    if (fall > worst) worst = fall;
    peak = Math.max(peak, level * path.high[d]!);
    level *= path.growth[d]!;
  }
  return worst;
}

/** Metrics of one equity curve, each over the run as it was and over every replicate of the days. */
export const PATH_METRICS = ['mdd', 'cvar95', 'cvar99', 'mean_return', 'gross'] as const;
export type PathMetric = (typeof PATH_METRICS)[number];
export const SHRINK_METRICS = ['mdd', 'cvar95', 'cvar99'] as const;
export type ShrinkMetric = (typeof SHRINK_METRICS)[number];

/** One metric: as it was, and by replicate (length `replicates` of the plan). */
export interface Replicated {
  readonly point: number;
  readonly replicates: Float64Array;
}

const CVAR95_TAIL = 0.05;
const CVAR99_TAIL = 0.01;

/** Bars of every replicate. */
export function countSteps(day: Uint16Array, plan: BootstrapPlan): Float64Array {
  const bars = new Float64Array(plan.days);
  for (let i = 0; i < day.length; i++) bars[day[i]!]! += 1;
  return sumByReplicate(bars, plan);
}

/** Largest drawdown of `steps` with every return times `factor`; replicates put whole days in the order drawn. */
export function replicateDrawdown(steps: StepReturns, plan: BootstrapPlan, factor: number): Replicated {
  const path = buildDayPath(steps, plan.days, factor);
  const calendar = Uint16Array.from({ length: plan.days }, (_, day) => day);
  return {
    point: composeDrawdown(path, calendar, 0, plan.days),
    replicates: mapReplicates(plan, (_, from) => composeDrawdown(path, plan.draws, from, plan.days)),
  };
}

/** CVaR at 95 % and 99 % of the returns (SAE section 8), negative fractions a step. */
export function replicateTails(
  steps: StepReturns,
  plan: BootstrapPlan,
  counts: Float64Array,
): { readonly cvar95: Replicated; readonly cvar99: Replicated } {
  const tail = new TailOfReturns(steps.returns, steps.day);
  const at = (share: number): Replicated => ({
    point: tail.mean(share),
    replicates: mapReplicates(plan, (b, from) => tail.resampledMean(share, plan.multiplicities, from, counts[b]!)),
  });
  return { cvar95: at(CVAR95_TAIL), cvar99: at(CVAR99_TAIL) };
}

/** Mean over the bars of any series that has one value a bar. */
export function replicateMean(
  values: Float64Array,
  day: Uint16Array,
  plan: BootstrapPlan,
  counts: Float64Array,
): Replicated {
  const sums = sumByDay(values, day, plan.days);
  const total = sums.reduce((sum, value) => sum + value, 0);
  const replicates = sumByReplicate(sums, plan).map((sum, b) => (counts[b]! === 0 ? 0 : sum / counts[b]!));
  return { point: values.length === 0 ? 0 : total / values.length, replicates };
}

export function sumByDay(values: Float64Array, day: Uint16Array, days: number): Float64Array {
  const sums = new Float64Array(days);
  for (let i = 0; i < values.length; i++) sums[day[i]!]! += values[i]!;
  return sums;
}

export function scaleReplicated(metric: Replicated, factor: number): Replicated {
  return { point: metric.point * factor, replicates: metric.replicates.map((value) => value * factor) };
}

function sumByReplicate(byDay: Float64Array, plan: BootstrapPlan): Float64Array {
  return mapReplicates(plan, (_, from) => {
    let sum = 0;
    for (let d = 0; d < plan.days; d++) sum += byDay[d]! * plan.multiplicities[from + d]!;
    return sum;
  });
}

function mapReplicates(plan: BootstrapPlan, measure: (b: number, from: number) => number): Float64Array {
  const values = new Float64Array(plan.replicates);
  for (let b = 0; b < values.length; b++) values[b] = measure(b, b * plan.days);
  return values;
}

/** Returns from the worst upwards, with the day of each: as many as the tail of a usual replicate needs, or all. */
interface WorstReturns {
  readonly value: Float64Array;
  readonly day: Uint16Array;
}

/** First share of the returns that is put in order; replicates that draw bad days rarely fall back to all of them. */
const USUAL_SHARE = 0.2;

/**
 * CVaR of per-step returns (SAE section 8): the mean of the worst 5 % and 1 %, negative fractions as in the published
 * table. A tail of k + f returns takes the k worst whole and the share f of the next one.
 */
export class TailOfReturns {
  readonly #returns: Float64Array;
  readonly #day: Uint16Array;
  readonly #usual: WorstReturns;
  #all: WorstReturns | null = null;

  constructor(returns: Float64Array, day: Uint16Array) {
    this.#returns = returns;
    this.#day = day;
    // Sorting is most of the work, and a bar without a loss is hardly ever in the tail.
    const losses = returns.filter((value) => value < 0).sort();
    const count = Math.ceil(returns.length * USUAL_SHARE);
    this.#usual = this.#order(losses, losses[count] ?? losses.at(-1) ?? Number.NEGATIVE_INFINITY);
  }

  /** Mean of the worst `share` of all returns; 0 without returns. */
  mean(share: number): number {
    return this.#meanOf(null, 0, this.#returns.length * share);
  }

  /** The same when each day counts `multiplicities[from + day]` times, `steps` returns in all. */
  resampledMean(share: number, multiplicities: Uint16Array, from: number, steps: number): number {
    return this.#meanOf(multiplicities, from, steps * share);
  }

  #meanOf(multiplicities: Uint16Array | null, from: number, tail: number): number {
    if (tail <= 0) return 0;
    const usual = this.#walk(this.#usual, multiplicities, from, tail);
    if (usual !== null) return usual;
    this.#all ??= this.#order(Float64Array.from(this.#returns).sort(), Number.POSITIVE_INFINITY);
    return this.#walk(this.#all, multiplicities, from, tail) ?? 0;
  }

  /**
   * Returns up to `threshold` with their days; equal ones in the order of time. `sorted` holds at least these: the days
   * are put in their places by looking the values up, since sorting by a comparison of our own is many times slower.
   */
  #order(sorted: Float64Array, threshold: number): WorstReturns {
    const value = sorted.subarray(
      0,
      countBelow(sorted, (each) => each <= threshold),
    );
    const day = new Uint16Array(value.length);
    /** At the first place of every value: how many of its bars are placed. */
    const placed = new Uint32Array(value.length);
    for (let i = 0; i < this.#returns.length; i++) {
      if (!(this.#returns[i]! <= threshold)) continue;
      const first = countBelow(value, (each) => each < this.#returns[i]!);
      day[first + placed[first]!] = this.#day[i]!;
      placed[first]! += 1;
    }
    return { value, day };
  }

  /** Null when `worst` ends before the tail does. */
  #walk(worst: WorstReturns, multiplicities: Uint16Array | null, from: number, tail: number): number | null {
    let left = tail;
    let sum = 0;
    for (let i = 0; i < worst.value.length; i++) {
      const weight = multiplicities === null ? 1 : multiplicities[from + worst.day[i]!]!;
      if (weight >= left) return (sum + left * worst.value[i]!) / tail;
      sum += weight * worst.value[i]!;
      left -= weight;
    }
    // Rounding of steps x share can leave a sliver of the tail over: only a real remainder means that more is needed.
    return left <= tail * 1e-12 ? sum / tail : null;
  }
}

/** How many values from the first on are below; `sorted` says of each whether it is, the later ones not. */
function countBelow(sorted: Float64Array, isBelow: (value: number) => boolean): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isBelow(sorted[middle]!)) from = middle + 1;
    else to = middle;
  }
  return from;
}
