/** A closed bar. `open_time_ms` is UTC milliseconds, prices in quote, volume in base asset. */
export interface Bar {
  readonly open_time_ms: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Beyond these a number is a broken feed, not a market; within them no feature overflows. */
const MAX_PRICE = 1e15;
const MIN_PRICE = 1e-15;
const MAX_VOLUME = 1e18;

export function isPrice(value: number): boolean {
  return value >= MIN_PRICE && value <= MAX_PRICE;
}

/** Whether the bar can be one: finite positive prices, low and high around open and close, volume >= 0. */
export function isPlausibleBar(bar: Bar): boolean {
  return (
    Number.isSafeInteger(bar.open_time_ms) &&
    isPrice(bar.low) &&
    isPrice(bar.high) &&
    bar.low <= bar.open &&
    bar.low <= bar.close &&
    bar.open <= bar.high &&
    bar.close <= bar.high &&
    bar.volume >= 0 &&
    bar.volume <= MAX_VOLUME
  );
}

/**
 * A count of bars of `policyBarMs`, as bars of `actualBarMs` over the same time: on bars of the policy's own length the
 * count itself, on others rounded and at least 2 (DESIGN section 3, "Regime").
 */
export function scaleBarCount(count: number, policyBarMs: number, actualBarMs: number): number {
  if (policyBarMs === actualBarMs) return count;
  return Math.max(2, Math.round((count * policyBarMs) / actualBarMs));
}
