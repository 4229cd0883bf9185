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
  readonly longLots: number;
  readonly shortLots: number;
}
type CountedOrder = Pick<
  OrderState,
  'side' | 'reduceOnly' | 'lots' | 'executedLots' | 'priceTicks' | 'triggerTicks' | 'amend'
>;

/** r_o: what may still fill; while an amend is not proven, the larger of both. */
export function remainingLots(order: CountedOrder): number {
  const lots = order.amend === null ? order.lots : Math.max(order.lots, order.amend.lots);
  return Math.max(0, lots - order.executedLots);
}
/** v_o = max(mark, limit, trigger, IOC bound); while an amend is not proven, the worse price. */
export function valueTicks(order: CountedOrder, markTicks: number): number {
  return Math.max(markTicks, order.priceTicks ?? 0, order.triggerTicks ?? 0, order.amend?.priceTicks ?? 0);
}
export function orderUnits(order: CountedOrder, markTicks: number): number {
  return order.reduceOnly ? 0 : remainingLots(order) * valueTicks(order, markTicks);
}

export function worstCase(position: ExposedPosition, orders: Iterable<CountedOrder>, markTicks: number): Exposure {
  let longUnits = position.longLots * markTicks;
  let shortUnits = position.shortLots * markTicks;
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
