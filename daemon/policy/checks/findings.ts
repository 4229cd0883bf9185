import type { Violation } from '../../contract/schema/violations.ts';

/** What a running daemon knows of a symbol at its venue. */
export interface SymbolAtVenue {
  /** The least notional of an order, USDT: of its minimum notional and of whole lots at the mark. Null: not known. */
  readonly smallest_order_usdt: number | null;
  /** Why nothing is opened in it, as in `is not listed at the venue`; null: it is open, or not known. */
  readonly closed: string | null;
}
export type VenueFacts = (symbol: string) => SymbolAtVenue;
/** Violations refuse the document; warnings are only reported. */
export interface Findings {
  readonly violations: Violation[];
  readonly warnings: Violation[];
}

/** A computed figure without the noise of binary fractions: 3 x 0.4 is 1.2, not 1.2000000000000002. */
export function shortNumber(value: number): number {
  return Number(value.toPrecision(12));
}
