import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { wasMerged } from './exits.ts';

/** Exits asked for before an opening close no more, afterwards, than what was held and sent before it. */
export function findOldClosesNew(history: History): readonly Breach[] {
  if (history.plan.setup.exitScope === 'account') return [];
  const breaches: Breach[] = [];
  const seqOf = (rootId: string): number => history.decisions.get(rootId)?.seq ?? 1e15;
  for (const opening of history.decisions.values()) {
    const { symbol, agent } = opening;
    if (symbol === null || opening.origin !== 'agent' || opening.rootId !== opening.id) continue;
    if (opening.event.decision.effective?.action !== 'open' || opening.event.orders.length === 0) continue;
    if (opening.event.decision.kind !== 'tool') continue;
    const share = history.shareAt(agent, symbol, opening.atMs);
    const side = opening.event.orders[0]?.side;
    const sign = side === 'buy' ? 1 : -1;
    let budget = Math.max(0, share * sign);
    for (const fill of history.fills) {
      if (fill.atMs <= opening.atMs || fill.symbol !== symbol || fill.order === null) continue;
      const { decision, planned } = fill.order;
      if (decision.agent !== agent || decision.origin !== 'agent') continue;
      const root = history.decisions.get(decision.rootId);
      // Its order may be for younger exits as well, whose lots these are.
      if (root !== undefined && wasMerged(history, root)) continue;
      const rootSeq = seqOf(decision.rootId);
      if (!planned.reduce_only && rootSeq < opening.seq && fill.side === side) budget += fill.lots;
      if (!planned.reduce_only || rootSeq > opening.seq || fill.side === side) continue;
      if (planned.time_in_force === 'GTC' && (history.posts.get(fill.clientId)?.sentAtMs ?? 0) < opening.atMs) continue;
      budget -= fill.lots;
      if (budget < 0) {
        breaches.push({
          code: 'old-exit-closes-more',
          detail: `${agent} ${symbol} opening at ${at(opening.atMs)}; ${fill.clientId} closed at ${at(fill.atMs)} ${fill.lots}, budget ${budget}`,
        });
        break;
      }
    }
  }
  return breaches;
}

/** A take-profit that the gate canceled rests again, or an alert tells. */
export function findLostTakeProfits(history: History): readonly Breach[] {
  // Where anybody may close the whole position, whose lots are left to take profit of is nobody's to say.
  if (history.plan.setup.exitScope === 'account') return [];
  const breaches: Breach[] = [];
  const changed = new Set(['cancel_all', 'cancel_order', 'modify_order']);
  for (const { seq, atMs, event } of history.events) {
    if (event.kind !== 'order_intent' || event.payload.action !== 'cancel') continue;
    const { reason, client_order_id: id } = event.payload;
    if (!/makes room|beyond/.test(reason)) continue;
    const planned = history.orders.get(id);
    if (planned === undefined || planned.decision.origin !== 'agent') continue;
    if (!planned.planned.reduce_only || planned.planned.time_in_force !== 'GTC') continue;
    const { agent, symbol } = planned.decision;
    if (symbol === null) continue;
    if (history.world.calls.some((call) => call.agent === agent && changed.has(call.tool))) continue;
    if (history.world.operatorCalls.length > 0) continue;
    const share = history.shareAt(agent, symbol, history.endMs);
    const sign = planned.planned.side === 'sell' ? 1 : -1;
    if (share * sign < 0.5 || history.world.venue.lots(symbol) * sign <= 0) continue;
    // Flat meanwhile: there was nothing left to take profit of.
    if (history.sharesOf(agent, symbol).some((s) => s.atMs > atMs && s.lots * sign < 0.5)) continue;
    let resting = 0;
    for (const order of history.world.exchange.world.state.orders.values()) {
      const known = history.orders.get(order.clientOrderId);
      if (
        order.symbol === symbol &&
        order.reduceOnly &&
        known?.decision.agent === agent &&
        (order.status === 'NEW' || order.status === 'PARTIALLY_FILLED')
      )
        resting += 1;
    }
    if (resting > 0) continue;
    if (
      history.fills.some(
        (f) => f.order?.decision.rootId === planned.decision.rootId && f.order.planned.time_in_force === 'GTC',
      )
    )
      continue;
    if (
      history.events.some(
        (e) =>
          e.seq > seq &&
          e.event.kind === 'alert' &&
          (e.event.payload.symbol === symbol || e.event.payload.symbol === null),
      )
    )
      continue;
    breaches.push({
      code: 'take-profit-lost',
      detail: `${id} of ${agent} canceled at ${at(atMs)} (${reason}); ${share} lots held at the end, nothing rests`,
    });
  }
  return breaches;
}
