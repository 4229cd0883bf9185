import { at, type Breach } from '../breach.ts';
import { type Decision, type History, isOwnersHandIn } from '../history.ts';

const ENDED: ReadonlySet<string> = new Set(['filled', 'canceled', 'expired', 'rejected', 'not_placed']);
/** The gate knows of a fill by then, ms: longer than an answer takes, and a look-up after a lost one. */
const KNOWN_WITHIN_MS = 12_000;

/**
 * One holder a symbol (DESIGN 12.1): an agent opens only where no other agent holds anything by the exchange's books, and
 * where no order of another can still fill by the records; and never against the position.
 */
export function findHoldingBreaches(history: History): readonly Breach[] {
  if (history.world.homes.restores.length > 0) return [];
  const breaches: Breach[] = [];
  for (const decision of history.decisions.values()) {
    const { agent, event, origin, symbol } = decision;
    const [planned] = event.orders;
    if (symbol === null || planned === undefined || planned.reduce_only || origin !== 'agent') continue;
    if (event.decision.kind !== 'tool' && event.decision.kind !== 'slice') continue;
    const other = findOtherHolder(history, decision, symbol);
    if (other !== null)
      breaches.push({ code: 'holder/two', detail: `${agent} ${symbol} at ${at(decision.atMs)}: ${other}` });
    if (isAgainst(history, decision, symbol, planned.side)) {
      const detail = `${agent} ${symbol} opens ${planned.side} at ${at(decision.atMs)}, against the position`;
      breaches.push({ code: 'holder/against', detail });
    }
  }
  return breaches;
}

function findOtherHolder(history: History, { agent, atMs, seq }: Decision, symbol: string): string | null {
  for (const { decision, planned } of history.orders.values()) {
    const isOthers = decision.origin === 'agent' && decision.agent !== agent && planned.symbol === symbol;
    if (!isOthers || decision.seq >= seq || planned.protective) continue;
    const told = history.orderEvents.get(planned.client_order_id) ?? [];
    const last = told.findLast((one) => one.seq < seq);
    if (last === undefined || !ENDED.has(last.event.status))
      return `${planned.client_order_id} of ${decision.agent} can still fill`;
    const held = history.shareAt(decision.agent, symbol, atMs);
    if (held !== 0 && !isOwnersHandIn(history, symbol)) return `${decision.agent} holds ${held} lots`;
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
