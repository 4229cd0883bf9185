import type { GateCore } from '../journal/journal.ts';
import { liveOrders } from '../state/orders.ts';

/** Trades of fills that came with a price are read this far back, ms: what was seen of a symbol may be of before them. */
const BACK_MS = 3_600_000;

/**
 * When the oldest order was asked for of which fills are known and their trades are not, domain time; null: there is none.
 * RISK: not before every trade of the symbol that was taken in is still known as such: it would count twice.
 */
export function findUntoldSince({ state }: GateCore, symbol: string): number | null {
  let sinceMs: number | null = null;
  for (const order of state.orders.all.values()) {
    if (order.symbol !== symbol || order.foreign || order.kind !== 'regular') continue;
    if (order.executedLots <= order.tradedLots) continue;
    sinceMs = Math.min(sinceMs ?? order.plannedAtMs, order.plannedAtMs);
  }
  return sinceMs === null ? null : Math.max(sinceMs, state.seenTrades.keptSinceMs(symbol));
}

/** From when on the trades of a symbol are read while none of them was read since the start. */
export function firstTradesSince(core: GateCore, symbol: string): number {
  const backMs = core.nowMs() - BACK_MS;
  return Math.min(backMs, findUntoldSince(core, symbol) ?? backMs);
}

/** An order of ours was sent of which the venue's number is not known yet: a trade of nobody may be its. */
export function hasUnnumbered({ state }: GateCore, symbol: string): boolean {
  for (const { foreign, status, venueOrderId } of liveOrders(state.orders, symbol))
    if (venueOrderId === null && status !== 'pending_send' && !foreign) return true;
  return false;
}
