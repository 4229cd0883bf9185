/**
 * The size that an order was asked for: in lots, a notional or a quantity, what each is in the other units, and when
 * whole lots make less of it than was asked for.
 */

import {
  formatAsked,
  lotsFor,
  lotsToQuantity,
  type RulesView,
  ticksToPrice,
  writtenLots,
} from '../arithmetic/quantities.ts';
import type { ExecutionContext } from '../context.ts';
import type { ExecutionRequest, Side } from '../request.ts';
import type { Trace } from './trace.ts';

/** An order that adds risk, as it was requested. */
export interface OpeningAsk {
  readonly side: Side;
  readonly leverage: number;
  /** Lots requested when they are known (slices, standing orders, modify), else they follow from one of the others. */
  readonly lots: number | null;
  readonly notional: number | null;
  readonly quantity: number | null;
  /** Approved lots: no more than these, whatever the size asked for makes of it. */
  readonly maxLots?: number;
}

/** What an opening order asks for; of an approved one no more than was approved. */
export function buildAsk(request: ExecutionRequest, context: ExecutionContext): OpeningAsk {
  const grant = context.approval?.grant ?? null;
  const leverage = request.requested_leverage ?? 1;
  const ask: OpeningAsk = {
    side: request.side ?? 'buy',
    leverage: grant === null ? leverage : Math.min(leverage, grant.leverage),
    lots: context.slice_lots,
    notional: request.requested_notional,
    quantity: request.quantity,
  };
  return grant === null ? ask : { ...ask, maxLots: grant.lots };
}

/** What is requested, in lots: of an approved order no more than was approved. */
export function lotsOfAsk(ask: OpeningAsk, sizeTicks: number, rules: RulesView): number {
  const lots = statedLots(ask, sizeTicks, rules);
  return ask.maxLots === undefined ? lots : Math.min(lots, ask.maxLots);
}
/** A quantity is made of lots as it is: by a notional and back, a lot could be lost or won. */
export function statedLots({ lots, notional, quantity }: OpeningAsk, sizeTicks: number, rules: RulesView): number {
  if (lots !== null) return lots;
  return quantity === null ? lotsFor(notional ?? 0, sizeTicks, rules) : writtenLots(quantity, rules);
}
/** The same before it is made of lots, in its own unit. */
export function sizeOfAsk({ lots, notional, quantity }: OpeningAsk, price: number, rules: RulesView): AskedSize {
  if (lots !== null) return askedQuantity(lotsToQuantity(lots, rules), rules);
  return quantity === null ? askedUsdt(notional ?? 0, price, rules) : askedQuantity(quantity, rules);
}

/**
 * What is requested, USDT, at the price at which a notional would be made of lots. The one place that makes a notional
 * of a quantity: whatever bounds a notional sees this one, whichever of the two was sent.
 */
export function usdtOfAsk(ask: OpeningAsk, sizeTicks: number, rules: RulesView): number {
  const price = ticksToPrice(sizeTicks, rules);
  const { size, unit } = sizeOfAsk(ask, price, rules);
  // Without the noise of binary fractions: 0.01 at 60,060 are 600.6, which is no more than 600.6.
  return unit === 'USDT' ? size : Number((size * price).toPrecision(15));
}

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
