import { ceilTicks as ceilPriceTicks } from '../../core/quantities.ts';
import { type OrderState, remainingE8 } from '../orders/order.ts';
import type { OrderBook } from '../orders/orders.ts';
import { longE8, type PositionState, shortE8 } from '../positions/positions.ts';
import { ceilLots, ceilTicks, floorLots, type LotRules } from '../records/units.ts';
import type { SymbolRules } from '../records/venue.ts';

/**
 * Worst case of one symbol in integer units (lots x ticks, both rounded up to the step), DESIGN "Arithmetic":
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

/** v_o = max(mark, limit, trigger, IOC bound) in ticks, upwards; while an amend is not proven, the worse price. */
export function valueTicks(order: CountedOrder, markTicks: number, rules: SymbolRules): number {
  const dearestE8 = Math.max(order.priceE8 ?? 0, order.triggerE8 ?? 0, order.amend?.priceE8 ?? 0);
  return Math.max(markTicks, ceilTicks(dearestE8, rules));
}
/** r_o v_o. */
export function orderUnits(order: CountedOrder, markTicks: number, rules: SymbolRules): number {
  return order.reduceOnly ? 0 : ceilLots(remainingE8(order), rules) * valueTicks(order, markTicks, rules);
}

export function worstCase(
  position: ExposedPosition,
  orders: Iterable<CountedOrder>,
  markTicks: number,
  rules: SymbolRules,
): Exposure {
  let longUnits = ceilLots(position.longE8, rules) * markTicks;
  let shortUnits = ceilLots(position.shortE8, rules) * markTicks;
  for (const order of orders) {
    const units = orderUnits(order, markTicks, rules);
    if (order.side === 'buy') longUnits += units;
    else shortUnits += units;
  }
  return { longUnits, shortUnits };
}

/** Mark in whole ticks, rounded up: what one lot is valued at. */
export function markInTicks(mark: number, rules: SymbolRules): number {
  return ceilPriceTicks(mark, { tick_mantissa: rules.tickMantissa, tick_scale: rules.tickScale });
}
export function unitsInUsdt(units: number, rules: SymbolRules): number {
  return (units * (rules.lotMantissa * rules.tickMantissa)) / (rules.lotScale * rules.tickScale);
}

/**
 * Signed lots that may be closed, of so much of a position: rounded down. All of the position counts as the lots that
 * cover it: nobody else's stand beside them, and reduceOnly keeps an order of these inside the position (DESIGN 12.2,
 * "Holdings below the venue's minimum", which a lot is, too).
 */
export function closableLots(position: PositionState, signedE8: number, rules: LotRules): number {
  const allE8 = signedE8 > 0 ? longE8(position) : -shortE8(position);
  return signedE8 === allE8 ? ceilLots(signedE8, rules) : floorLots(signedE8, rules);
}

/** Exposure that cannot be valued leaves no room for anything (JSON has no infinity). */
export const UNVALUED_USDT = Number.MAX_SAFE_INTEGER;

interface ExposedViews {
  readonly orders: OrderBook;
  readonly positions: ReadonlyMap<string, PositionState>;
}
/** Symbols with a position or an order that can still fill, each once. */
export function exposedSymbols(state: ExposedViews): string[] {
  const symbols: string[] = [];
  for (const position of state.positions.values())
    if (longE8(position) > 0 || shortE8(position) > 0) symbols.push(position.symbol);
  for (const [symbol, orders] of state.orders.live) {
    if (orders.size === 0 || symbols.includes(symbol)) continue;
    for (const order of orders) {
      if (!order.reduceOnly && remainingE8(order) > 0) {
        symbols.push(symbol);
        break;
      }
    }
  }
  return symbols;
}
/** The same in alphabetical order. */
export function exposedInOrder(state: ExposedViews): readonly string[] {
  const symbols = exposedSymbols(state);
  // Mostly there are one or two.
  if (symbols.length > 2) return symbols.sort();
  return symbols.length === 2 && symbols[1]! < symbols[0]! ? symbols.reverse() : symbols;
}
