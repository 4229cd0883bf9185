import { isOpen } from '../../../daemon/exchange-sim/core/orders/orders.ts';
import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';
import type { Decision } from '../records.ts';
import { isCalm } from './quiet.ts';

const ENDED: ReadonlySet<string> = new Set(['filled', 'canceled', 'expired', 'rejected', 'not_placed']);
/** The gate knows of a fill by then, ms: longer than an answer takes, and a look-up after a lost one. */
const KNOWN_WITHIN_MS = 12_000;
/** From the first fill until the openings of the other side are gone, where nothing fails, ms. */
const GONE_WITHIN_MS = 8_000;
/** The same amid whatever fails, once everything has been quiet, ms. */
const GONE_AT_THE_END_MS = 25_000;

/**
 * One holder a symbol (DESIGN 12.1): an agent opens only where no other agent holds anything by the exchange's books, and
 * where no order of another can still fill by the records; and never against the position. The first fill ends what
 * rests on the other side. [EX-3 EX-4 EX-5 EX-15 EX-16 TM-16]
 * @except a ledger was put back
 * @except a person trades by hand
 * @except the fill was not known for twelve seconds
 */
export function findHoldingBreaches(history: History): readonly Breach[] {
  if (history.world.homes.restores.length > 0) return [];
  const breaches: Breach[] = [];
  for (const decision of history.decisions.values()) {
    const { agent, event, origin, symbol } = decision;
    const [planned] = event.orders;
    if (symbol === null || planned === undefined || planned.reduce_only || origin !== 'agent') continue;
    if (event.decision.kind !== 'tool' && event.decision.kind !== 'slice') continue;
    const { reserved } = history.plan.setup;
    if (reserved?.symbol === symbol && reserved.agent !== agent) {
      const detail = `${agent} opens in ${symbol} at ${at(decision.atMs)}, which is kept for ${reserved.agent}`;
      breaches.push({ code: 'holder/reserved', detail });
    }
    const other = findOtherHolder(history, decision, symbol);
    if (other !== null)
      breaches.push({ code: 'holder/two', detail: `${agent} ${symbol} at ${at(decision.atMs)}: ${other}` });
    if (isAgainst(history, decision, symbol, planned.side)) {
      const detail = `${agent} ${symbol} opens ${planned.side} at ${at(decision.atMs)}, against the position`;
      breaches.push({ code: 'holder/against', detail });
    }
  }
  return [...breaches, ...findOppositeFills(history), ...findOppositeRests(history)];
}

/** An opening that was asked for before fills against a position that has stood for longer than a cancel takes. */
function findOppositeFills(history: History): readonly Breach[] {
  return history.fills.flatMap(({ atMs, before, clientId, order, side, symbol }) => {
    if (order === null || order.planned.reduce_only || order.decision.origin !== 'agent') return [];
    if (before === 0 || before > 0 === (side === 'buy') || isOwnersHandIn(history, symbol)) return [];
    const sinceMs = heldSinceMs(history, symbol, atMs - 1);
    if (sinceMs === null || reportedMs(history, symbol, sinceMs) > atMs - GONE_WITHIN_MS) return [];
    if (!isCalm(history, atMs - 2 * GONE_WITHIN_MS, atMs)) return [];
    const detail = `${clientId} of ${order.decision.agent} (${side}) fills at ${at(atMs)}, against a position that is held since ${at(sinceMs)}`;
    return [{ code: 'holder/opposite-rests', detail }];
  });
}

/** Once all is quiet nothing that opens rests against the position. */
function findOppositeRests(history: History): readonly Breach[] {
  const { endMs, orders, world } = history;
  return [...world.exchange.world.state.orders.values()].flatMap((order) => {
    const known = orders.get(order.clientOrderId);
    if (!isOpen(order) || order.reduceOnly || known?.decision.origin !== 'agent') return [];
    const { side, symbol } = known.planned;
    const quantityE8 = world.venue.heldE8(symbol);
    if (quantityE8 === 0 || quantityE8 > 0 === (side === 'buy') || isOwnersHandIn(history, symbol)) return [];
    const sinceMs = heldSinceMs(history, symbol, endMs);
    if (sinceMs === null || sinceMs > endMs - GONE_AT_THE_END_MS) return [];
    const detail = `${order.clientOrderId} of ${known.decision.agent} (${side}) rests on at ${at(endMs)}, against a position that is held since ${at(sinceMs)}`;
    return [{ code: 'holder/opposite-rests', detail }];
  });
}

/** Since when a position of one side has been held by the books; null: none is. */
function heldSinceMs({ fills }: History, symbol: string, atMs: number): number | null {
  let sinceMs: number | null = null;
  for (const fill of fills) {
    if (fill.symbol !== symbol) continue;
    if (fill.atMs > atMs) break;
    if (fill.after === 0) sinceMs = null;
    else if (fill.before * fill.after <= 0) sinceMs = fill.atMs;
  }
  return sinceMs;
}

/** When a record told of the first fill since then. */
function reportedMs({ fills, orderEvents }: History, symbol: string, sinceMs: number): number {
  const first = fills.find((fill) => fill.symbol === symbol && fill.atMs >= sinceMs);
  const reported = orderEvents.get(first?.clientId ?? '')?.find(({ event }) => event.executed_e8 > 0);
  return reported?.atMs ?? Number.POSITIVE_INFINITY;
}

function findOtherHolder(history: History, { agent, atMs, seq }: Decision, symbol: string): string | null {
  for (const { decision, planned } of history.orders.values()) {
    const isOthers = decision.origin === 'agent' && decision.agent !== agent && planned.symbol === symbol;
    if (!isOthers || decision.seq >= seq || planned.protective) continue;
    const reported = history.orderEvents.get(planned.client_order_id) ?? [];
    const last = reported.findLast((one) => one.seq < seq);
    if (last === undefined || !ENDED.has(last.event.status))
      return `${planned.client_order_id} of ${decision.agent} can still fill`;
    const held = history.shareAt(decision.agent, symbol, atMs);
    if (held !== 0 && !isOwnersHandIn(history, symbol)) return `${decision.agent} holds ${held}`;
  }
  return null;
}

function isAgainst(history: History, { atMs }: Decision, symbol: string, side: string): boolean {
  if (isOwnersHandIn(history, symbol)) return false;
  const fills = history.fills.filter((fill) => fill.symbol === symbol && fill.atMs <= atMs);
  const last = fills.at(-1);
  if (last === undefined || last.atMs > atMs - KNOWN_WITHIN_MS) return false;
  return side === 'buy' ? last.after < 0 : last.after > 0;
}
