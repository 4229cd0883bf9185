import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { Decision, PlannedBy } from '../records.ts';

/** An order that is on its way as its opening is canceled, ms: with a decision of its own it leaves within half a second. */
const SENT_WITHIN_MS = 600;
const ALIVE: ReadonlySet<string> = new Set(['NEW', 'PARTIALLY_FILLED']);

/**
 * What a permitted cancel means is asked of the exchange, by this process or by the one after it. Its caller was told not
 * to send it again.
 * @except nobody runs at the end
 */
export function findForgottenCancels(history: History): readonly Breach[] {
  const { orders, world } = history;
  if (world.gate === null) return [];
  const breaches: Breach[] = [];
  for (const cancel of history.decisions.values()) {
    const { decision } = cancel.event;
    if (decision.kind !== 'tool' || decision.effective?.action !== 'cancel') continue;
    for (const order of world.exchange.world.state.orders.values()) {
      const planned = orders.get(order.clientOrderId);
      if (planned === undefined || !ALIVE.has(order.status) || !isMeant(cancel, order.clientOrderId, planned)) continue;
      if (wasAsked(history, order.clientOrderId, cancel.atMs)) continue;
      breaches.push({
        code: 'cancel-forgotten',
        detail: `${cancel.agent} ${cancel.event.route} was permitted at ${at(cancel.atMs)}; nobody asked the exchange to cancel ${order.clientOrderId}, which rests`,
      });
    }
  }
  return breaches;
}

/** Of all orders of an agent, those that open: in `halted` the others stay. */
function isMeant({ agent, event: { request }, seq }: Decision, id: string, { decision, planned }: PlannedBy): boolean {
  if (request.client_order_id !== null) return request.client_order_id === id;
  if (request.origin !== 'agent' || decision.agent !== agent || planned.reduce_only) return false;
  return decision.seq < seq && (request.symbol === null || request.symbol === planned.symbol);
}

function wasAsked({ world }: History, id: string, sinceMs: number): boolean {
  return world.wire.records.some(
    ({ clientId, method, sentAtMs }) => method === 'DELETE' && clientId === id && sentAtMs >= sinceMs,
  );
}

/** A permitted cancel of one slice drops those of the same opening that were not sent yet. */
export function findSlicesAfterCancels({ decisions, orders, posts }: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { agent, atMs, event } of decisions.values()) {
    const { decision, request } = event;
    const named = orders.get(request.client_order_id ?? '');
    if (decision.kind !== 'tool' || decision.effective?.action !== 'cancel' || named === undefined) continue;
    if (!decision.enforced || named.planned.reduce_only) continue;
    for (const [id, { decision: parent }] of orders) {
      const sent = posts.get(id);
      if (parent.rootId !== named.decision.rootId || sent === undefined || sent.sentAtMs <= atMs + SENT_WITHIN_MS)
        continue;
      breaches.push({
        code: 'cancel-sliced',
        detail: `${agent} cancels ${request.client_order_id} at ${at(atMs)}; ${id} of the same opening goes out at ${at(sent.sentAtMs)}`,
      });
    }
  }
  return breaches;
}
