import { at, type Breach } from '../breach.ts';
import { decidedE8 } from '../decided.ts';
import type { History } from '../history.ts';
import { START_MS } from '../market.ts';
import type { Action } from '../plan.ts';

/** From the last fill of a symbol until everything decided there counts it, ms: readings of ten seconds agree, and one more. */
const KNOWN_WITHIN_MS = 20_000;
/** From the last fill until its order has ended at the exchange as well, ms. */
const ENDED_WITHIN_MS = 1_000;
const IS_OVER = /^(filled|canceled|expired|rejected|not_placed)$/;

/**
 * What the account's owner did by hand counts soon, where no order of anybody's could have done it instead: whoever
 * decides on a symbol goes by what is held there. [TM-55]
 * @except something fails, or the process stops
 * @except an order of anybody’s could have done it
 */
export function findHandsUnseen(history: History): readonly Breach[] {
  const { decisions, fills, plan } = history;
  const isQuiet = plan.steps.every(({ do: action }) => !keepsFromReading(action));
  if (!isQuiet || !plan.steps.some(({ do: { kind } }) => kind === 'foreign')) return [];
  const breaches: Breach[] = [];
  for (const { atMs, event, id, symbol } of decisions.values()) {
    const last = fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= atMs);
    if (symbol === null || last === undefined || atMs < last.atMs + KNOWN_WITHIN_MS) continue;
    if (mayHaveFilled(history, symbol, last.atMs + ENDED_WITHIN_MS, atMs)) continue;
    const known = decidedE8(event, event.context.exposure.position_lots);
    if (known !== last.after)
      breaches.push({
        code: 'hand-unseen',
        detail: `${id} at ${at(atMs)} goes by ${known} of ${symbol}; ${last.after} are held since ${at(last.atMs)}`,
      });
  }
  return breaches;
}

/** An order of the symbol was open at the exchange in that time, or is not known to have ended. */
function mayHaveFilled({ orderEvents, orders, world }: History, symbol: string, fromMs: number, atMs: number): boolean {
  const { algoOrders, orders: booked } = world.exchange.world.state;
  for (const order of booked.values())
    if (order.symbol === symbol && order.createdMs - START_MS < atMs && isOpenAt(order.status, order.updatedMs, fromMs))
      return true;
  for (const algo of algoOrders.values()) if (algo.symbol === symbol) return true;
  for (const [id, { decision, planned }] of orders) {
    if (planned.symbol !== symbol || decision.atMs > atMs) continue;
    const isOver = orderEvents.get(id)?.some((word) => word.atMs <= fromMs && IS_OVER.test(word.event.status));
    if (decision.atMs < atMs && isOver !== true) return true;
  }
  return false;
}

function isOpenAt(status: string, updatedMs: number, fromMs: number): boolean {
  return status === 'NEW' || status === 'PARTIALLY_FILLED' || updatedMs - START_MS > fromMs;
}

/** Where the exchange cannot be read, or nobody is there, nothing becomes known. */
function keepsFromReading(action: Action): boolean {
  if (action.kind === 'fault') return action.fault.kind !== 'partial-fill';
  return /^(wire|trouble|crash|restart|away|halt_market)$/.test(action.kind);
}
