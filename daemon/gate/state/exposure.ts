import { ceilTicks } from '../../core/quantities.ts';
import type { SymbolRules } from '../venue-port.ts';
import type { OrderState } from './order.ts';

/**
 * Worst case of one symbol in integer units (lots x ticks, prices rounded up to the tick), DESIGN "Arithmetic":
 * W+ = max(0,P) mark + sum of r_o v_o over opening buys, W- mirrored, N = max(W+, W-). Reduce-only orders add 0 and
 * nothing is netted across sides, so |P'| mark <= N for every subset and order of fills and cancels at fixed marks.
 */
export interface Exposure {
  readonly longUnits: number;
  readonly shortUnits: number;
}
export interface ExposedPosition {
  readonly longE8: number;
  readonly shortE8: number;
}
type CountedOrder = Pick<
  OrderState,
  'side' | 'reduceOnly' | 'quantityE8' | 'executedE8' | 'priceE8' | 'triggerE8' | 'amend'
>;

/** r_o: what may still fill; while an amend is not proven, the larger of both. */
export function remainingE8(order: CountedOrder): number {
  const quantityE8 = order.amend === null ? order.quantityE8 : Math.max(order.quantityE8, order.amend.quantityE8);
  return Math.max(0, quantityE8 - order.executedE8);
}
/** v_o = max(mark, limit, trigger, IOC bound); while an amend is not proven, the worse price. */
export function valueTicks(order: CountedOrder, markTicks: number): number {
  return Math.max(markTicks, order.priceE8 ?? 0, order.triggerE8 ?? 0, order.amend?.priceE8 ?? 0);
}
export function orderUnits(order: CountedOrder, markTicks: number): number {
  return order.reduceOnly ? 0 : remainingE8(order) * valueTicks(order, markTicks);
}

export function worstCase(position: ExposedPosition, orders: Iterable<CountedOrder>, markTicks: number): Exposure {
  let longUnits = position.longE8 * markTicks;
  let shortUnits = position.shortE8 * markTicks;
  for (const order of orders) {
    const units = orderUnits(order, markTicks);
    if (order.side === 'buy') longUnits += units;
    else shortUnits += units;
  }
  return { longUnits, shortUnits };
}

/** Mark in whole ticks, rounded up: what one lot is valued at. */
export function markInTicks(mark: number, rules: SymbolRules): number {
  return ceilTicks(mark, { tick_mantissa: rules.tickMantissa, tick_scale: rules.tickScale });
}
export function unitsInUsdt(units: number, rules: SymbolRules): number {
  return (units * (rules.lotMantissa * rules.tickMantissa)) / (rules.lotScale * rules.tickScale);
}
