import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { Decision, PlannedBy } from '../records.ts';

/** Between an order's way out and the end of a world. */
const ON_ITS_WAY_MS = 1_000;
/** Parts of lots add up to whole ones but for the last digits. */
const HAIR = 1e-6;

/**
 * Exits that close now and were requested before an opening close no more, afterwards, than what was held and sent before it.
 * @except it is a take-profit that rests
 * @except its agent has changed it since
 * @except fewer than the exchange takes are left
 */
export function findOldClosesNew(history: History): readonly Breach[] {
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
      const rootSeq = seqOf(decision.rootId);
      if (!planned.reduce_only && rootSeq < opening.seq && fill.side === side) budget += fill.quantityE8;
      if (!planned.reduce_only || rootSeq > opening.seq || fill.side === side) continue;
      // All lots are the holder's: what rests closes whatever of them is held.
      if (planned.time_in_force === 'GTC') continue;
      if (wasAmendedSince(history, decision.rootId, opening.seq)) continue;
      budget -= fill.quantityE8;
      // A rest of fewer than the exchange takes goes along.
      if (budget <= -history.world.venue.minE8(symbol) + HAIR) {
        breaches.push({
          code: 'old-exit-closes-more',
          detail: `${agent} ${symbol} opening at ${at(opening.atMs)}; ${fill.clientId} closed at ${at(fill.atMs)} ${fill.quantityE8}, budget ${budget}`,
        });
        break;
      }
    }
  }
  return breaches;
}

/** Its agent has given an order of it another form since the opening: that is a new request, for what is held then. */
function wasAmendedSince(history: History, rootId: string, seq: number): boolean {
  return [...history.decisions.values()].some(({ event, seq: amendSeq }) => {
    const { decision, request } = event;
    if (amendSeq <= seq || request.intent !== 'modify' || decision.decision === 'BLOCK') return false;
    return history.orders.get(request.client_order_id ?? '')?.decision.rootId === rootId;
  });
}

/**
 * All that was held when it was requested is closed, with what its agent's requests of before have opened: what those since
 * have opened is not its to close. What came first the records say, since the gate's clock is not the exchange's.
 */
function isAllClosed(history: History, agent: string, symbol: string, sign: 1 | -1, seq: number): boolean {
  let held = 0;
  let left = 0;
  for (const { quantityE8, requestSeq } of history.sharesOf(agent, symbol)) {
    const now = Math.max(0, quantityE8 * sign);
    if (now < held || (requestSeq ?? 0) <= seq) left = Math.max(0, left + now - held);
    held = now;
  }
  return left <= 0;
}

const CHANGES: ReadonlySet<string> = new Set(['cancel_all', 'cancel_order', 'modify_order']);

/**
 * A take-profit that the gate canceled rests again, or an alert tells. [EX-52]
 * @except its agent has canceled or changed something
 * @except an operator has spoken
 * @except all that was held when it was asked for is closed
 * @except the owner cancels at the exchange
 */
export function findLostTakeProfits(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { seq, atMs, event } of history.events) {
    if (event.kind !== 'order_intent' || event.payload.action !== 'cancel') continue;
    const { reason, client_order_id: id } = event.payload;
    const order = history.orders.get(id);
    if (!/makes room|beyond/.test(reason) || order === undefined || !isTakeProfit(order)) continue;
    const held = findUncovered(history, order, seq);
    if (held === null) continue;
    breaches.push({
      code: 'take-profit-lost',
      detail: `${id} of ${order.decision.agent} canceled at ${at(atMs)} (${reason}); ${held} held at the end, nothing rests`,
    });
  }
  return breaches;
}

/**
 * A permitted take-profit rests or fills, or an alert tells, whatever the venue makes of it at first.
 * @except its agent has canceled or changed something
 * @except an operator has spoken
 * @except all that was held when it was asked for is closed
 * @except the owner cancels at the exchange
 * @except its agent sends as many exits as it may up to the end
 */
export function findQuietTakeProfits(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  const targets = new Set<string>();
  for (const { event } of history.events)
    if (event.kind === 'exit_target' && event.payload.action === 'opened') targets.add(event.payload.decision_id);
  for (const order of history.orders.values()) {
    const { decision, planned } = order;
    if (decision.rootId !== decision.id || targets.has(decision.id) || !isTakeProfit(order)) continue;
    if (isWaitingItsTurn(history, decision)) continue;
    const held = findUncovered(history, order, decision.seq);
    if (held === null) continue;
    breaches.push({
      code: 'take-profit-quiet',
      detail: `${planned.client_order_id} of ${decision.agent} permitted at ${at(decision.atMs)}; ${held} held at the end, nothing rests`,
    });
  }
  return breaches;
}

/** Its agent sends exits as fast as it may up to the end, and none that was requested later has gone out before this one. */
function isWaitingItsTurn({ decisions, endMs, orders, plan, world }: History, waiting: Decision): boolean {
  const { max, windowMs } = plan.setup.exitRate;
  let lately = 0;
  for (const { answeredAtMs, clientId, method, path, sentAtMs } of world.wire.records) {
    const { decision, planned } = orders.get(clientId ?? '') ?? {};
    if (method !== 'POST' || path !== '/fapi/v1/order' || decision?.agent !== waiting.agent) continue;
    if (planned?.reduce_only !== true || decision.origin !== 'agent') continue;
    // Its own is on its way when the world ends.
    if (decision.rootId === waiting.rootId) return answeredAtMs === null && sentAtMs > endMs - ON_ITS_WAY_MS;
    const root = decisions.get(decision.rootId);
    if (sentAtMs > waiting.atMs && planned.time_in_force === 'GTC' && (root?.seq ?? 0) > waiting.seq) return false;
    if (sentAtMs > endMs - windowMs - ON_ITS_WAY_MS) lately += 1;
  }
  return lately >= max;
}

function isTakeProfit({ decision, planned }: PlannedBy): boolean {
  return decision.origin === 'agent' && planned.reduce_only && planned.time_in_force === 'GTC';
}

/** Lots held at the end on which nothing of its agent rests, though nobody wanted that, and no alert says so. */
function findUncovered(history: History, { decision, planned }: PlannedBy, seq: number): number | null {
  const { agent, rootId, symbol } = decision;
  const { world } = history;
  if (symbol === null || world.calls.some((call) => call.agent === agent && CHANGES.has(call.tool))) return null;
  if (world.operatorCalls.length > 0) return null;
  const share = history.shareAt(agent, symbol, history.endMs);
  const sign = planned.side === 'sell' ? 1 : -1;
  if (share * sign <= 0 || world.venue.heldE8(symbol) * sign <= 0) return null;
  const requested = history.decisions.get(rootId) ?? decision;
  if (isAllClosed(history, agent, symbol, sign, requested.seq)) return null;
  // What the owner canceled at the exchange it wants gone.
  const isCanceledByHand = world.venue.hands.some(
    (hand) => hand.what === 'order' && hand.clientId === null && hand.symbol === symbol && hand.atMs >= requested.atMs,
  );
  if (isCanceledByHand) return null;
  for (const order of world.exchange.world.state.orders.values()) {
    const known = history.orders.get(order.clientOrderId);
    const isOpen = order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';
    if (isOpen && order.symbol === symbol && order.reduceOnly && known?.decision.agent === agent) return null;
  }
  const hasFilled = history.fills.some(
    ({ order }) => order?.decision.rootId === rootId && order.planned.time_in_force === 'GTC',
  );
  const isReported = history.events.some(
    ({ seq: reported, event }) =>
      reported > seq && event.kind === 'alert' && (event.payload.symbol === symbol || event.payload.symbol === null),
  );
  return hasFilled || isReported ? null : share;
}
