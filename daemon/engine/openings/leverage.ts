import { isPlanned, liveOrders, type OrderState } from '../orders/orders.ts';
import { isFlat } from '../positions/positions.ts';
import type { GateViews } from '../state/views.ts';

/**
 * Leverage is a setting of the symbol: it can be set to the charged leverage while the symbol is flat and has no other
 * order; otherwise it stays (BY-39).
 */
export function isLeverageFree({ orders, positions }: GateViews, order: OrderState): boolean {
  const position = positions.get(order.symbol);
  if (position !== undefined && !isFlat(position)) return false;
  for (const other of liveOrders(orders, order.symbol)) if (other !== order && !isPlanned(other)) return false;
  return true;
}
