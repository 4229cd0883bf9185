import { RULE_BIT } from './rules.ts';

/**
 * What one opening order may do by what was known at the instant of its decision: rules that forbid it at any size, and
 * how many lots may open before a cap is reached (fractions of a lot are kept; negative: it is exceeded already).
 */
export class Decision {
  readonly atMs: number;
  /** Rules broken whatever the size. */
  bits = 0;
  orderRoom = Number.POSITIVE_INFINITY;
  symbolRoom = Number.POSITIVE_INFINITY;
  grossRoom = Number.POSITIVE_INFINITY;
  leverageRoom = Number.POSITIVE_INFINITY;
  concentrationRoom = Number.POSITIVE_INFINITY;
  turnoverRoom = Number.POSITIVE_INFINITY;
  feeRoom = Number.POSITIVE_INFINITY;
  slippageCapBps = Number.POSITIVE_INFINITY;
  /** Mark of the symbol at that instant, USDT per unit. */
  mark = 0;
  /** Opened so far under this decision. */
  openedLots = 0;

  constructor(atMs: number) {
    this.atMs = atMs;
  }

  /** Rules that an opening of so many lots breaks, with `tolerance` lots allowed for. */
  bitsFor(openLots: number, tolerance: number): number {
    // Sums of amounts err in their last bits: a cap that is exactly reached is not exceeded.
    const least = openLots - tolerance - 1e-9 * (1 + openLots);
    let { bits } = this;
    if (least > this.orderRoom) bits |= RULE_BIT.cap_order;
    if (least > this.symbolRoom) bits |= RULE_BIT.cap_symbol;
    if (least > this.grossRoom) bits |= RULE_BIT.cap_gross;
    if (least > this.leverageRoom) bits |= RULE_BIT.cap_account_leverage;
    if (least > this.concentrationRoom) bits |= RULE_BIT.concentration;
    if (least > this.turnoverRoom) bits |= RULE_BIT.turnover;
    if (least > this.feeRoom) bits |= RULE_BIT.fees;
    return bits;
  }
}
