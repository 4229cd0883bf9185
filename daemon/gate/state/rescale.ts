import type { OpenTrade } from '../../core/features/round-trips.ts';
import type { PositionRecord } from '../events.ts';
import type { SymbolRules } from '../venue-port.ts';
import type { DatedFill } from './dated-fills.ts';
import { ownLots } from './holding.ts';
import type { OrderState } from './orders.ts';
import type { PositionState } from './positions.ts';

/** A figure in old units times `up / down` is the figure in new ones. */
export interface Scale {
  readonly up: number;
  readonly down: number;
}
export interface StepChange {
  readonly lots: Scale;
  readonly ticks: Scale;
}

/** How figures in lots and ticks change when the venue changes its steps; null: it did not. */
export function findStepChange(before: SymbolRules | undefined, after: SymbolRules): StepChange | null {
  if (before === undefined) return null;
  const lots = reduced(before.lotMantissa * after.lotScale, before.lotScale * after.lotMantissa);
  const ticks = reduced(before.tickMantissa * after.tickScale, before.tickScale * after.tickMantissa);
  return lots.up === lots.down && ticks.up === ticks.down ? null : { lots, ticks };
}

/** In lowest terms, so that products stay exact. */
function reduced(up: number, down: number): Scale {
  let [divisor, rest] = [up, down];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return { up: up / divisor, down: down / divisor };
}

/** Exact where it divides, else towards zero. */
export function less(value: number, { up, down }: Scale): number {
  return Math.trunc((value * up) / down);
}
/** Exact where it divides, else away from zero: exposure and prices count as the larger. */
function more(value: number, { up, down }: Scale): number {
  const size = Math.ceil((Math.abs(value) * up) / down);
  return value < 0 ? -size : size;
}

/** The position counts as the larger, what the holder may close of it as the smaller. */
export function rescalePosition(position: PositionState, { lots }: StepChange): void {
  const own = ownLots(position);
  position.quantityE8 = more(position.quantityE8, lots);
  if (position.disputedE8 !== null) position.disputedE8 = more(position.disputedE8, lots);
  if (position.behindE8 !== null) position.behindE8 = more(position.behindE8, lots);
  position.unownedE8 = position.quantityE8 - less(own, lots);
  if (position.mistaken !== null) position.mistaken.quantityE8 = less(position.mistaken.quantityE8, lots);
  position.liquidatedE8 = less(position.liquidatedE8, lots);
  position.fills.splice(0, position.fills.length, ...rescaleFills(position.fills, lots));
}

/** Where lots do not divide, fills no longer add up to the position: their history begins here. */
function rescaleFills(fills: readonly DatedFill[], scale: Scale): readonly DatedFill[] {
  return scale.down === 1 ? fills.map((fill) => ({ ...fill, signed: less(fill.signed, scale) })) : [];
}

/**
 * What an opening order may still fill counts as the larger; what an exit may still close as the smaller. So does what
 * is not sent yet: it goes out in its new size, and a slice can only shrink.
 */
export function rescaleOrder(order: OrderState, { lots, ticks }: StepChange): void {
  const isUnsent = order.status === 'pending_send';
  const total = order.reduceOnly || isUnsent ? less : more;
  const price = isUnsent && order.side === 'buy' ? less : more;
  const isDone = order.executedE8 === order.quantityE8;
  order.quantityE8 = total(order.quantityE8, lots);
  order.executedE8 = isDone ? order.quantityE8 : less(order.executedE8, lots);
  if (order.priceE8 !== null) order.priceE8 = price(order.priceE8, ticks);
  if (order.approvedE8 !== null) order.approvedE8 = (order.side === 'buy' ? less : more)(order.approvedE8, ticks);
  if (order.triggerE8 !== null) order.triggerE8 = more(order.triggerE8, ticks);
  if (order.amend !== null)
    order.amend = { quantityE8: total(order.amend.quantityE8, lots), priceE8: more(order.amend.priceE8, ticks) };
  // A sum of prices by lots: both change alike, and the average stays.
  order.tradedE8 *= lots.up / lots.down;
  order.tradedUsdt *= lots.up / lots.down;
  order.untoldUsdt *= lots.up / lots.down;
}

/** An open round trip follows the share that it is of: the same rounding, and the cost of what is still held. */
export function rescaleTrade(trade: OpenTrade, scale: Scale): OpenTrade | null {
  const lots = less(trade.lots, scale);
  if (lots === 0) return null;
  return { ...trade, entry_usdt: (trade.entry_usdt * lots * scale.down) / (trade.lots * scale.up), lots };
}

export function rescaleRecord(record: PositionRecord, { lots }: StepChange): PositionRecord {
  return { ...record, quantity_e8: more(record.quantity_e8, lots) };
}
