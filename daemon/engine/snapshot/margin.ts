import { remainingE8 } from '../orders/order.ts';
import { isPlanned, isResting, isTerminal, liveOrders, type OrderState } from '../orders/orders.ts';
import { isFlat, type PositionState } from '../positions/positions.ts';
import { isOther, type LiveInputs, type Own, othersThan } from '../readings/inputs.ts';
import { ceilLots, floorLots, floorTicks } from '../records/units.ts';
import type { GateViews } from '../state/views.ts';
import { markInTicks, unitsInUsdt, valueTicks } from './exposure.ts';

/** Initial margin of opening orders that the snapshot's available balance does not contain yet. */
export function reservedMargin(
  state: GateViews,
  symbols: LiveInputs['symbols'],
  own: Own,
  isConcerned: (order: OrderState) => boolean,
): number {
  let total = 0;
  for (const order of state.uncontained) {
    if (!isConcerned(order)) continue;
    // What is decided again counts by what it has filled: the rest of it is what the decision is about.
    const isOver = isTerminal(order) || !isOther(order, own);
    const quantityE8 = isOver ? order.executedE8 : Math.max(order.quantityE8, order.amend?.quantityE8 ?? 0);
    total += neededMargin(state, symbols, order, quantityE8);
  }
  for (const [order, form] of state.readAs) {
    if (!isConcerned(order) || !isOther(order, own)) continue;
    const quantityE8 = isTerminal(order) ? order.executedE8 : remainingE8(order);
    total += Math.max(0, neededMargin(state, symbols, order, quantityE8) - formMargin(state, order, form));
  }
  return total;
}
function neededMargin(state: GateViews, symbols: LiveInputs['symbols'], order: OrderState, quantityE8: number): number {
  const rules = state.rules.get(order.symbol);
  const live = symbols.get(order.symbol);
  if (rules === undefined || live === undefined) return 0;
  const usdt = unitsInUsdt(
    ceilLots(quantityE8, rules) * valueTicks(order, markInTicks(live.mark, rules), rules),
    rules,
  );
  return usdt / Math.max(1, marginLeverage(state, order)) + usdt * 2 * rules.takerFee;
}

/**
 * Margin that the venue holds for the resting orders that are decided again, or are about to be canceled: contained in
 * the snapshot, and theirs to use (DESIGN rule 15, "own reservation excluded").
 */
export function ownMargin(state: GateViews, { own, leaving }: Own): number {
  let total = own === null ? 0 : heldMargin(state, own);
  // In one order whatever the review's was: sums of decimals depend on it, and an audit derives them again.
  const others = leaving === null ? [] : [...leaving].sort((a, b) => (a.clientOrderId < b.clientOrderId ? -1 : 1));
  for (const order of others) if (order !== own) total += heldMargin(state, order);
  return total;
}
function heldMargin(state: GateViews, order: OrderState): number {
  if (order.reduceOnly || !isResting(order) || state.uncontained.has(order)) return 0;
  return formMargin(state, order, state.readAs.get(order) ?? order);
}
/** What the venue holds for a form of an order, at the order's own price. */
function formMargin(state: GateViews, order: OrderState, form: Pick<OrderState, 'quantityE8' | 'priceE8'>): number {
  const rules = state.rules.get(order.symbol);
  if (rules === undefined) return 0;
  // RISK: it is subtracted from what is needed, so it is rounded down.
  const lots = floorLots(Math.max(0, form.quantityE8 - order.executedE8), rules);
  const units = lots * floorTicks(form.priceE8 ?? 0, rules);
  return unitsInUsdt(units, rules) / Math.max(1, marginLeverage(state, order));
}

/**
 * Leverage at which the venue holds the margin of an order: the symbol's own setting, which stays while a position or
 * another order exists (BY-39), and never more than was charged.
 */
function marginLeverage(state: GateViews, order: OrderState): number {
  const position = state.positions.get(order.symbol);
  const setting = position?.leverage ?? null;
  if (setting === null || setting >= order.leverage) return order.leverage;
  const own: Own = { own: order, leaving: null };
  return isLeverageLocked(position, liveOrders(state.orders, order.symbol), own) ? setting : order.leverage;
}

/** Whether the symbol has a position, or an order at the venue other than those that are being decided. */
export function isLeverageLocked(
  position: PositionState | undefined,
  orders: ReadonlySet<OrderState>,
  own: Own,
): boolean {
  if (position !== undefined && !isFlat(position)) return true;
  for (const order of othersThan(orders, own, null)) if (!isPlanned(order)) return true;
  return false;
}
