import { isPlanned, liveOrders } from '../orders/orders.ts';
import type { GateViews } from '../state/views.ts';

/**
 * The decision of an exit that closes now, or of one that still stands at the venue after the position was closed: nothing
 * opens beside it. Null: there is none.
 */
export function findExitInProgress(state: GateViews, symbol: string): string | null {
  for (const claim of state.claims.open) if (claim.symbol === symbol && claim.wants === 'now') return claim.decisionId;
  const position = state.positions.get(symbol);
  if (position !== undefined && position.quantityE8 !== 0) return null;
  for (const order of liveOrders(state.orders, symbol))
    if (order.reduceOnly && !order.protective && !order.foreign && !isPlanned(order)) return order.decisionId;
  return null;
}
