import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

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
