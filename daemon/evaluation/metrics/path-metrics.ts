import type { BootstrapPlan } from './bootstrap-plan.ts';
import { buildDayPath, composeDrawdown, type StepReturns } from './day-path.ts';
import { TailOfReturns } from './tail.ts';

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
