import type { RunKey, RunResult } from '../facts/runs.ts';
import { type BootstrapPlan, createBootstrapPlan, DAY_MS } from './bootstrap-plan.ts';
import {
  countSteps,
  measureReturns,
  type PathMetric,
  type Replicated,
  replicateDrawdown,
  replicateMean,
  replicateTails,
  type ShrinkMetric,
  type StepReturns,
  scaleReplicated,
  sumByDay,
} from './path-metrics.ts';
import { buildTotals, type CountsByFamily, countFamilies, type RunTotals } from './totals.ts';

export { type BootstrapPlan, createBootstrapPlan };

/** The risk-matched control (SAE section 9): NoSAE's own returns times gross(variant) / gross(NoSAE). */
export interface ShrinkSummary {
  readonly factor: number;
  readonly metrics: Readonly<Record<ShrinkMetric, Replicated>>;
}
/**
 * All that is needed of a run once it is over, of a size that depends on the plan alone (8 metrics x replicates + days,
 * 14 kB at 200 replicates and 91 days). Plain data: it crosses a worker's boundary.
 */
export interface RunSummary {
  readonly key: RunKey;
  /** UTC days with bars. */
  readonly judgedDays: number;
  readonly path: Readonly<Record<PathMetric, Replicated>>;
  /** Null when NoSAE's run was not given or never held anything. */
  readonly shrink: ShrinkSummary | null;
  /** Summed returns by day of the plan; NaN on days without bars. */
  readonly dailyReturns: Float64Array;
  readonly totals: RunTotals;
  readonly families: CountsByFamily;
  /** Shares of the equity at the start: at the end, and after 14 days (null when the span is shorter). */
  readonly finalEquity: number;
  readonly equity14d: number | null;
  /** Not part of what is reproducible. */
  readonly timing: { readonly decisions: number; readonly decideNs: number };
}

const FOURTEEN_DAYS_MS = 14 * DAY_MS;

/**
 * Summarises one run. `noSae` is the run of the pass-through variant under the same seed, agent and scenario: without
 * it there is no Shrink control. `calm` is the run of the same variant, seed, agent and caps without attacks. MDD is a fraction, CVaR and mean return are fractions a step, `gross` is the time mean
 * of gross notional in multiples of the equity of that bar: what scales returns.
 *
 * @throws RangeError on a run whose parts do not fit together or lie outside the plan
 */
export function summarizeRun(
  result: RunResult,
  plan: BootstrapPlan,
  noSae: RunResult | null = null,
  calm: RunResult | null = null,
): RunSummary {
  const { equity, gross, barOpenMs } = result;
  if (gross.length !== barOpenMs.length) throw new RangeError(`${gross.length} exposures of ${barOpenMs.length} bars`);
  const start = equity[0];
  if (start === undefined || !(start > 0)) throw new RangeError(`a run starts with an equity above 0, not ${start}`);
  const steps = measureReturns(equity, barOpenMs, plan);
  const counts = countSteps(steps.day, plan);
  const exposure = replicateMean(measureExposure(result), steps.day, plan, counts);
  const dailyReturns = sumByJudgedDay(steps, plan);
  return {
    key: result.key,
    judgedDays: dailyReturns.reduce((days, sum) => (Number.isNaN(sum) ? days : days + 1), 0),
    path: {
      mdd: replicateDrawdown(steps, plan, 1),
      ...replicateTails(steps, plan, counts),
      mean_return: replicateMean(steps.returns, steps.day, plan, counts),
      gross: exposure,
    },
    shrink: noSae === null ? null : summarizeShrink(exposure.point, noSae, plan),
    dailyReturns,
    totals: buildTotals(result, calm),
    families: countFamilies(result),
    finalEquity: equity[equity.length - 1]! / start,
    equity14d: findEquityAfter(result, FOURTEEN_DAYS_MS, start),
    timing: { decisions: result.decisions, decideNs: result.decideNs },
  };
}

/** What Shrink needs of NoSAE's run, whatever the variant. */
interface ShrinkReference {
  readonly plan: BootstrapPlan;
  readonly steps: StepReturns;
  readonly exposure: number;
  readonly cvar95: Replicated;
  readonly cvar99: Replicated;
}
/** All variants of a scenario are compared with one and the same run. */
const references = new WeakMap<RunResult, ShrinkReference>();

function findReference(noSae: RunResult, plan: BootstrapPlan): ShrinkReference {
  const known = references.get(noSae);
  if (known?.plan === plan) return known;
  const steps = measureReturns(noSae.equity, noSae.barOpenMs, plan);
  const counts = countSteps(steps.day, plan);
  const exposure = replicateMean(measureExposure(noSae), steps.day, plan, counts).point;
  const reference = { plan, steps, exposure, ...replicateTails(steps, plan, counts) };
  references.set(noSae, reference);
  return reference;
}

function summarizeShrink(exposure: number, noSae: RunResult, plan: BootstrapPlan): ShrinkSummary | null {
  const reference = findReference(noSae, plan);
  if (reference.exposure === 0) return null;
  const factor = exposure / reference.exposure;
  return {
    factor,
    metrics: {
      mdd: replicateDrawdown(reference.steps, plan, factor),
      cvar95: scaleReplicated(reference.cvar95, factor),
      cvar99: scaleReplicated(reference.cvar99, factor),
    },
  };
}

/** Gross notional over equity at each bar's close; nothing is exposed after ruin. */
function measureExposure(result: RunResult): Float64Array {
  return result.gross.map((usdt, i) => (result.equity[i + 1]! > 0 ? usdt / result.equity[i + 1]! : 0));
}

function sumByJudgedDay(steps: StepReturns, plan: BootstrapPlan): Float64Array {
  const sums = sumByDay(steps.returns, steps.day, plan.days);
  const hasBars = new Uint8Array(plan.days);
  for (let i = 0; i < steps.day.length; i++) hasBars[steps.day[i]!] = 1;
  return sums.map((sum, day) => (hasBars[day] === 1 ? sum : Number.NaN));
}

function findEquityAfter(result: RunResult, spanMs: number, start: number): number | null {
  const { barOpenMs, equity } = result;
  if (result.spanMs < spanMs || barOpenMs.length === 0) return null;
  let last = 0;
  for (let i = 0; i < barOpenMs.length; i++) if (barOpenMs[i]! < barOpenMs[0]! + spanMs) last = i;
  return equity[last + 1]! / start;
}
