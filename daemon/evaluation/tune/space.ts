import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { factorValue } from '../../core/compiled-policy.ts';
import type { Factor, IntendedPolicySpec } from '../../core/policy.ts';

/** A policy as a tree that may be changed: a copy, never the policy that somebody else holds. */
export type PolicyDocument = { [key: string]: unknown };

/** Value at a dotted path (`account.drawdown.tiers.0.at`); undefined where there is none. */
export function valueAt(document: object, path: string): unknown {
  let value: unknown = document;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as PolicyDocument)[key];
  }
  return value;
}

/** @throws RangeError when the path does not exist yet: tuning changes values and adds no key */
export function setValueAt(document: object, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.length === 0 ? document : valueAt(document, keys.join('.'));
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, last)) {
    throw new RangeError(`the policy has no ${path}`);
  }
  (parent as PolicyDocument)[last] = value;
}

/** One key of the policy that is searched, in [low, high], and how its values are drawn and written. */
export interface Dimension {
  readonly path: string;
  readonly low: number;
  readonly high: number;
  /** Even over the range, over its logarithm, or over its whole numbers. */
  readonly scale: 'linear' | 'log' | 'whole';
  /** Values are multiples of it, so that a policy file stays readable. */
  readonly step: number;
  /** `leverage_cap`: drawn as a whole leverage, written as that over R's own (`2/3`): 1.99x would be 1x. */
  readonly written: 'number' | 'leverage_cap';
}
/** A value for every dimension, by its path. */
export type Point = Readonly<Record<string, number>>;

/** Leverage that a regime may allow at most, whatever R says (SAE section 6). */
export const LEVERAGE_CAPS = { calm: 3, volatile: 2, extreme: 1 } as const;

type Range = readonly [path: string, low: number, high: number, scale: Dimension['scale'], step: number];

/** What the market is measured by, and what each regime and pause does. */
const MARKET: readonly Range[] = [
  ['market.volatility.baseline_quantile', 0.5, 0.95, 'linear', 0.01],
  ['market.volatility.volatile', 0.6, 1.6, 'linear', 0.01],
  ['market.volatility.extreme', 1.2, 3, 'linear', 0.01],
  ['market.volatility.absolute.volatile', 0.01, 0.06, 'log', 0.0005],
  ['market.volatility.absolute.extreme', 0.03, 0.15, 'log', 0.0005],
  ['market.volatility.jump_sigma', 3, 12, 'linear', 0.1],
  ['market.regime_hold_bars', 1, 16, 'whole', 1],
  ['market.liquidity.below_quantile', 0, 0.1, 'linear', 0.005],
  ['market.regimes.volatile.notional', 0.2, 1, 'linear', 0.01],
  ['market.regimes.volatile.order_rate', 0.2, 1, 'linear', 0.05],
  ['market.regimes.volatile.slippage', 0.3, 1, 'linear', 0.05],
  ['market.regimes.volatile.cooldown_ms', 0, 300_000, 'linear', 1000],
  ['market.regimes.volatile.slices', 1, 8, 'whole', 1],
  ['market.regimes.extreme.notional', 0.05, 0.6, 'linear', 0.01],
  ['market.regimes.extreme.order_rate', 0.2, 1, 'linear', 0.05],
  ['market.regimes.extreme.slippage', 0.2, 1, 'linear', 0.05],
  ['market.regimes.extreme.cooldown_ms', 0, 900_000, 'linear', 1000],
  ['market.regimes.extreme.slices', 1, 10, 'whole', 1],
];
const ACCOUNT: readonly Range[] = [
  ['account.concentration.share', 0.4, 0.99, 'linear', 0.01],
  ['temporal.flip_interval_ms', 1000, 900_000, 'log', 1000],
  ['trader_state.limit_at', 0.15, 0.9, 'linear', 0.01],
  ['trader_state.multiplier', 0.2, 1, 'linear', 0.05],
];
/** Share of its own value by which the level of a tier may move, down and up. */
const TIER_REACH = [0.4, 2.5] as const;
/** Budgets of the day, in multiples of the gross cap: turnover, and fees at 5 bps of that turnover. */
const TURNOVER_REACH = [1, 20] as const;
const FEES_REACH = [0.0005, 0.01] as const;

/**
 * What is searched, for one start policy: only keys that it has as plain numbers. Never R as SAE section 3 has it,
 * never scope, freshness or the modes of the gate. Turnover and fees are no part of R (`hashBudgets`) and are searched.
 */
export function buildSpace(start: IntendedPolicySpec): readonly Dimension[] {
  const { budgets } = start;
  const [minTurnover, maxTurnover] = TURNOVER_REACH.map((times) => times * budgets.gross_notional_usdt);
  const [minFees, maxFees] = FEES_REACH.map((times) => times * budgets.gross_notional_usdt);
  const ranges: readonly Range[] = [
    ...MARKET,
    ...tierRanges(start, 'drawdown'),
    ...tierRanges(start, 'daily_loss'),
    ...ACCOUNT,
    ['budgets.turnover_usdt_per_day', minTurnover!, maxTurnover!, 'log', 1],
    ['budgets.fees_usdt_per_day', minFees!, maxFees!, 'log', 0.01],
  ];
  const cap = Math.min(LEVERAGE_CAPS.volatile, budgets.leverage);
  const leverage: Dimension = {
    path: 'market.regimes.volatile.leverage',
    low: 1,
    high: cap,
    scale: 'whole',
    step: 1,
    written: 'leverage_cap',
  };
  const plain = ranges.map(
    ([path, low, high, scale, step]): Dimension => ({ path, low, high, scale, step, written: 'number' }),
  );
  return [...plain, leverage].filter((each) => each.high > each.low && isSearchable(valueAt(start, each.path)));
}

function tierRanges(start: IntendedPolicySpec, key: 'drawdown' | 'daily_loss'): readonly Range[] {
  return start.account[key].tiers.flatMap(({ at }, i): readonly Range[] => [
    [`account.${key}.tiers.${i}.at`, ...tierReach(at), 'log', 0.001],
    [`account.${key}.tiers.${i}.multiplier`, 0.1, 1, 'linear', 0.05],
  ]);
}

/** In whole thousandths, as the levels themselves are drawn. */
function tierReach(at: number): readonly [number, number] {
  const inThousandths = (value: number): number => Math.max(1, Math.round(value * 1000)) / 1000;
  return [inThousandths(at * TIER_REACH[0]), Math.min(0.9, inThousandths(at * TIER_REACH[1]))];
}

/** A number, or a factor written as a fraction; a factor for each component is not one number. */
function isSearchable(value: unknown): value is Factor {
  return typeof value === 'number' || (typeof value === 'string' && /^\d+\/\d+$/.test(value));
}

/** Where a policy lies in the space. */
export function readPoint(space: readonly Dimension[], spec: IntendedPolicySpec): Point {
  return Object.fromEntries(
    space.map(({ path, written }) => {
      const value = factorValue(valueAt(spec, path) as Factor);
      return [path, written === 'leverage_cap' ? value * spec.budgets.leverage : value];
    }),
  );
}

/** Share of the dimensions that a wide proposal draws again. */
const WIDE_SHARE = 0.2;
/** A narrow proposal moves at most this many of them, by at most this share of their ranges. */
const NARROW_MOST = 4;
const NARROW_REACH = 0.2;

/** Draws of trial `index` (1 and up): a separate stream, so that no trial depends on how many draws another took. */
export function createTrialDraws(seed: number, index: number): RandomGenerator {
  return xoroshiro128plus((Math.imul(seed ^ 0x7e57, 0x01000193) ^ Math.imul(index, 0x9e3779b1)) | 0);
}

/**
 * Every other trial looks far: a share of the dimensions anywhere in their ranges, the rest as in `from`, the start
 * policy. The others look around `from`, the best so far.
 */
export function proposePoint(space: readonly Dimension[], isWide: boolean, from: Point, draws: RandomGenerator): Point {
  return isWide ? proposeWide(space, from, draws) : proposeNarrow(space, from, draws);
}

function proposeWide(space: readonly Dimension[], start: Point, draws: RandomGenerator): Point {
  const point: Record<string, number> = { ...start };
  for (const dimension of space) {
    const isDrawn = uniformFloat64(draws) < WIDE_SHARE;
    const share = uniformFloat64(draws);
    if (isDrawn) point[dimension.path] = valueFrom(dimension, share);
  }
  return point;
}

function proposeNarrow(space: readonly Dimension[], best: Point, draws: RandomGenerator): Point {
  const point: Record<string, number> = { ...best };
  const moves = uniformInt(draws, 1, Math.min(NARROW_MOST, space.length));
  for (let i = 0; i < moves; i++) {
    const dimension = space[uniformInt(draws, 0, space.length - 1)]!;
    const shift = (2 * uniformFloat64(draws) - 1) * NARROW_REACH;
    const share = shareOf(dimension, point[dimension.path]!) + shift;
    point[dimension.path] = valueFrom(dimension, Math.min(1, Math.max(0, share)));
  }
  return point;
}

/** The value that lies at a share of the range, rounded to the step. */
export function valueFrom({ low, high, scale, step }: Dimension, share: number): number {
  if (scale === 'whole') return Math.min(high, low + Math.floor(share * (high - low + 1)));
  const value = scale === 'log' ? low * (high / low) ** share : low + share * (high - low);
  // Steps are decimal: dividing by a whole number gives the nearest double, multiplying by 0.1 does not.
  const perUnit = Math.round(1 / step);
  const rounded = perUnit >= 1 ? Math.round(value * perUnit) / perUnit : Math.round(value / step) * step;
  return Math.min(high, Math.max(low, rounded));
}

/** Where a value lies in the range: 0 to 1; values outside count as the nearest bound. */
export function shareOf({ low, high, scale }: Dimension, value: number): number {
  const bounded = Math.min(high, Math.max(low, value));
  if (scale === 'whole') return (bounded - low + 0.5) / (high - low + 1);
  return scale === 'log' ? Math.log(bounded / low) / Math.log(high / low) : (bounded - low) / (high - low);
}
