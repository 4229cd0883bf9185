import { remainingLots } from '../state/exposure.ts';
import type { GateState } from '../state/gate-state.ts';
import { longLots, shortLots } from '../state/positions.ts';

/** Exposure that cannot be valued leaves no room for anything (JSON has no infinity). */
export const UNVALUED_USDT = Number.MAX_SAFE_INTEGER;
const NO_SYMBOLS: readonly string[] = [];

/** Symbols with a position or an order that can still fill. */
export function exposedSymbols(state: GateState): Set<string> {
  const symbols = new Set<string>();
  for (const position of state.positions.values())
    if (longLots(position) > 0 || shortLots(position) > 0) symbols.add(position.symbol);
  for (const [symbol, orders] of state.orders.live) {
    if (orders.size === 0) continue;
    for (const order of orders) {
      if (!order.reduceOnly && remainingLots(order) > 0) {
        symbols.add(symbol);
        break;
      }
    }
  }
  return symbols;
}
/** The same in alphabetical order. */
export function exposedInOrder(state: GateState): readonly string[] {
  const exposed = exposedSymbols(state);
  if (exposed.size === 0) return NO_SYMBOLS;
  const symbols = [...exposed];
  return symbols.length > 1 ? symbols.sort() : symbols;
}
