import type { Violation } from '../contract/violations.ts';

/** The venue's minimum for one order, as a running daemon knows it. */
export interface VenueMinimum {
  readonly symbol: string;
  readonly min_notional_usdt: number;
}
/** Violations refuse the document; warnings are only reported. */
export interface Findings {
  readonly violations: Violation[];
  readonly warnings: Violation[];
}
