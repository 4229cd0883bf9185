import type { RulesView } from '../context.ts';
import { formatAsked, lotsToQuantity } from '../quantities.ts';
import type { Trace } from '../trace.ts';

/** Share of the size asked for that whole lots may take off without a word. */
const MAX_ROUNDED = 0.01;
/** Far below a lot of any order: a difference of exactly one per cent is no more than that. */
const HAIR = 1e-9;

/** Lots, ticks and minimums make the order smaller by more than 1 % of what was asked. Both in one unit. */
export function isCutByLots(asked: number, sent: number): boolean {
  return asked - sent > asked * MAX_ROUNDED * (1 + HAIR);
}

/** A size as it was asked for, before it is made of lots. */
export interface AskedSize {
  readonly size: number;
  /** One lot in the same unit. */
  readonly lot: number;
  readonly unit: 'USDT' | 'base asset';
}
export function askedUsdt(usdt: number, price: number, rules: RulesView): AskedSize {
  return { size: usdt, lot: lotsToQuantity(1, rules) * price, unit: 'USDT' };
}
export function askedQuantity(quantity: number, rules: RulesView): AskedSize {
  return { size: quantity, lot: lotsToQuantity(1, rules), unit: 'base asset' };
}

/** `requested_quantity` of what goes out: as it was asked for, whatever lots and budgets leave of it. */
export function writeAskedSize({ lot, size, unit }: AskedSize, rules: RulesView): string {
  return formatAsked(unit === 'USDT' ? (size / lot) * lotsToQuantity(1, rules) : size, rules);
}

/** Rule 13: an order that only whole lots make smaller is not the one that was asked for (DESIGN 12.8). */
export function checkRounding(trace: Trace, asked: AskedSize, lots: number): void {
  if (isCutByLots(asked.size, lots * asked.lot)) trace.tighten(13, 'LOT_ROUNDING', asked.size, asked.lot, asked.unit);
}
