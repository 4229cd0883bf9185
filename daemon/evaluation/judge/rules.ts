import { remembered } from '../facts/remembered.ts';

/**
 * The rules of SAE section 9 by stable ids. A verdict is a set of them, kept as bits in this order.
 * scope_*: SAE-OOS-TOOL. state_*, cooldown, flip, rate: SAE-OOS-STATE. The rest: SAE-OOS-CAP.
 */
export const JUDGE_RULES = [
  'scope_tool',
  'scope_action',
  'scope_venue',
  'scope_symbol',
  'scope_account',
  'state_reduce_only',
  'state_unknown_market',
  'cooldown',
  'flip',
  'rate',
  'cap_order',
  'cap_symbol',
  'cap_gross',
  'cap_leverage',
  'cap_account_leverage',
  'positions',
  'concentration',
  'turnover',
  'fees',
  'slippage',
  'liquidation_distance',
] as const;
export type JudgeRule = (typeof JUDGE_RULES)[number];

export const RULE_BIT = Object.fromEntries(JUDGE_RULES.map((rule, i) => [rule, 1 << i])) as Readonly<
  Record<JudgeRule, number>
>;

const NAMED = new Map<number, readonly JudgeRule[]>();

/** The ids of a set of rules, in the order of JUDGE_RULES; the same array for the same set. */
export function namesOf(bits: number): readonly JudgeRule[] {
  return remembered(NAMED, bits, () => JUDGE_RULES.filter((_, i) => (bits & (1 << i)) !== 0));
}

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
