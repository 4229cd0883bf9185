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
 * Returns between the equities of `equity` (one more than the bars that open at `barOpenMs`). An equity at or below zero
 * is ruin: that step returns -1, every later one 0.
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

/** Largest drawdown (fraction in [0, 1], SAE-DD) of the days put together in the order of `draws[from .. from + count)`. */
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
