import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Dimension, Point } from './space.ts';

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
