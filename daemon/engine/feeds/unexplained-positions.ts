import { possibleFills } from '../orders/holding.ts';
import { liveOrders } from '../orders/orders.ts';
import type { AccountSnapshot } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';

/**
 * Symbols whose position at the venue differs from ours by more than our in-flight or resting orders may have
 * filled: somebody else traded there. Usually there are none.
 */
export function findUnexplained(
  state: GateViews,
  { positions, unreadable }: Pick<AccountSnapshot, 'positions' | 'unreadable'>,
): readonly string[] {
  const found: string[] = [];
  const held = new Map(positions.map((position) => [position.symbol, position.quantityE8]));
  for (const symbol of new Set([...held.keys(), ...state.positions.keys()])) {
    if (unreadable.some((row) => row.symbol === symbol)) continue;
    const difference = (held.get(symbol) ?? 0) - (state.positions.get(symbol)?.quantityE8 ?? 0);
    if (difference === 0) continue;
    const { unproven, buyE8, sellE8, buysAll, sellsAll } = possibleFills(liveOrders(state.orders, symbol));
    const isCovered = difference > 0 ? difference <= buyE8 || buysAll : -difference <= sellE8 || sellsAll;
    if (!unproven && isCovered !== true) found.push(symbol);
  }
  return found;
}
