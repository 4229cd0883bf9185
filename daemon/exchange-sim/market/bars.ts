/** One bar of a market. Prices are whole ticks and volume whole lots of the instrument; times are UTC milliseconds. */
export interface Bar {
  readonly openMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

export interface FundingPoint {
  readonly atMs: number;
  /** Fraction, in units of 1e-8. */
  readonly rate: bigint;
}

/** Where a symbol's prices come from. Bars are consecutive by index; a recorded tape may have gaps in time. */
export interface BarSource {
  readonly barMs: number;
  /** The bar at an index from 0; undefined past the end of a tape. */
  bar(index: number): Bar | undefined;
  /** Index of the last bar that opened at or before an instant; -1 when there is none. */
  indexAt(ms: number): number;
  /** The first funding settlement after an instant; undefined past the end of a tape. */
  nextFunding(afterMs: number): FundingPoint | undefined;
  /** Settlements within [fromMs, toMs], oldest first. */
  fundingBetween(fromMs: number, toMs: number): readonly FundingPoint[];
}

/** Sub-steps of a bar: the mark moves at openMs + step * barMs / 20. */
export const STEPS_PER_BAR = 20;
/** Steps at which the first and the second extreme are reached exactly. */
export const FIRST_EXTREME_STEP = 7;
export const SECOND_EXTREME_STEP = 14;

/** Which extreme a flat account sees first: the one that the bar's own direction makes natural. */
export function isLowFirstWhenFlat(bar: Bar): boolean {
  return bar.close >= bar.open;
}

/** The mark in ticks at a step 0..20: open -> first extreme -> second extreme -> close, each leg a straight line. */
export function pathTicks(bar: Bar, lowFirst: boolean, step: number): number {
  const first = lowFirst ? bar.low : bar.high;
  const second = lowFirst ? bar.high : bar.low;
  if (step <= FIRST_EXTREME_STEP) return between(bar.open, first, step / FIRST_EXTREME_STEP);
  if (step <= SECOND_EXTREME_STEP) {
    return between(first, second, (step - FIRST_EXTREME_STEP) / (SECOND_EXTREME_STEP - FIRST_EXTREME_STEP));
  }
  return between(second, bar.close, (step - SECOND_EXTREME_STEP) / (STEPS_PER_BAR - SECOND_EXTREME_STEP));
}

function between(from: number, to: number, share: number): number {
  return Math.round(from + (to - from) * share);
}
