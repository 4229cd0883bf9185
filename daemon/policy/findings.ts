import type { Violation } from '../contract/violations.ts';

/** What the venue demands of one order, as a running daemon knows it. */
export interface VenueMinimum {
  readonly symbol: string;
  readonly min_notional_usdt: number;
}
/** Violations refuse the document; warnings are said and change nothing. */
export interface Findings {
  readonly violations: Violation[];
  readonly warnings: Violation[];
}
