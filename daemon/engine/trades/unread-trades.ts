import type { LiveCore } from '../flow/core.ts';
import { isAtVenue, liveOrders, type OrderState } from '../orders/orders.ts';

/** Trades of fills that came with a price are read this far back, ms: what was seen of a symbol may be of before them. */
const BACK_MS = 3_600_000;
/** So long after a change of an order its trades are waited for, ms. */
const AWAITED_MS = 60_000;

/**
 * When the oldest order was asked for of which fills are known and their trades are not, venue time; null: there is none.
 * RISK: not before every trade of the symbol that was taken in is still known as such: it would count twice.
 */
export function findUnreportedSince({ state }: LiveCore, symbol: string): number | null {
  let sinceMs: number | null = null;
  for (const order of state.orders.all.values()) {
    if (order.symbol !== symbol || !isUnreported(order)) continue;
    sinceMs = Math.min(sinceMs ?? order.plannedAtMs, order.plannedAtMs);
  }
  return sinceMs === null ? null : Math.max(state.time.wasAtMs(sinceMs), state.seenTrades.keptSinceMs(symbol));
}

/** What a stop turns into has a number of its own, and what somebody else's order filled is in no record. */
function isUnreported({ executedE8, foreign, kind, tradedE8 }: OrderState): boolean {
  return !foreign && kind === 'regular' && executedE8 > tradedE8;
}

/**
 * Something was executed lately of which the trades were not among those that were read; or a stop of ours was no longer
 * found, which may have fired.
 */
export function awaitsTrades(core: LiveCore, symbol: string): boolean {
  const sinceMs = core.passedMs() - AWAITED_MS;
  for (const order of core.state.orders.all.values())
    if (order.symbol === symbol && order.updatedAtMs >= sinceMs && (isUnreported(order) || hasVanished(order)))
      return true;
  return false;
}

/** A conditional order of ours that ended by absence: its trade, should there be one, is the proof that it has fired. */
export function hasVanished({ endedBy, executedE8, foreign, kind, tradedE8 }: OrderState): boolean {
  return kind === 'algo' && !foreign && endedBy === 'absent' && executedE8 + tradedE8 === 0;
}

/** From when on the trades of a symbol are read while none of them was read since the start. */
export function firstTradesSince(core: LiveCore, symbol: string): number {
  const backMs = core.nowMs() - BACK_MS;
  return Math.min(backMs, findUnreportedSince(core, symbol) ?? backMs);
}

/** An order of ours was sent of which the venue's number is not known yet: a trade of nobody may be its. */
export function hasUnnumbered({ state }: LiveCore, symbol: string): boolean {
  for (const order of liveOrders(state.orders, symbol))
    if (order.venueOrderId === null && isAtVenue(order) && !order.foreign) return true;
  return false;
}
