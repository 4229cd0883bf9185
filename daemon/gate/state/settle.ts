import type { GateEvent } from '../events.ts';
import type { Claim } from './claims.ts';
import { isTerminal, type OrderState } from './orders.ts';
import { venueKeyOf } from './settled-orders.ts';
import type { GateViews } from './views.ts';

/**
 * What ended a while ago leaves the maps of objects, decision by decision, where no other view holds one of its orders
 * or may still ask about it. All that can be said of it stays (gate/state/settled-orders.ts).
 */
export function settleOld(state: GateViews, nowMs: number): void {
  if (!state.orders.ended.isDue(nowMs)) return;
  state.orders.ended.consider(nowMs, (order) => {
    const orders = siblingsOf(state, order);
    if (orders === null || !orders.every((one) => isOver(state, one, order))) return;
    const { decisionId } = order;
    const claim = decisionId === null ? null : state.claims.held(decisionId);
    if (!isApart(state, orders, claim, nowMs)) return;
    const places = state.orders.ended.places(orders);
    const row = places === null ? null : state.orders.settled.add({ decisionId, orders, claim });
    if (places === null || row === null) return;
    for (const one of orders) {
      state.orders.all.delete(one.clientOrderId);
      const venueKey = venueKeyOf(one);
      if (venueKey !== null) state.orders.byVenueId.delete(venueKey);
    }
    if (decisionId !== null) state.orders.byDecision.delete(decisionId);
    state.orders.ended.settle(places, row);
    if (claim !== null) state.claims.putAway(claim, row);
  });
}

function siblingsOf({ orders }: GateViews, order: OrderState): readonly OrderState[] | null {
  if (order.decisionId === null) return [order];
  const siblings = orders.byDecision.held.get(order.decisionId);
  return siblings?.includes(order) === true ? siblings : null;
}

/** `last`: the one that is looked at; when a younger one is, all of them are old enough. */
function isOver({ changes, orders, readAs, uncontained }: GateViews, one: OrderState, last: OrderState) {
  if (!isTerminal(one) || one.amend !== null) return false;
  // Trades of it are still waited for.
  if (one.executedE8 > one.tradedE8) return false;
  if (one !== last && (one.endedSeq === null || last.endedSeq === null || one.endedSeq > last.endedSeq)) return false;
  // An id in use again is that of another order.
  if (orders.all.held.get(one.clientOrderId) !== one) return false;
  const venueKey = venueKeyOf(one);
  if (venueKey !== null && orders.byVenueId.held.get(venueKey) !== one) return false;
  return !uncontained.has(one) && !readAs.has(one) && !changes.isConcerned(one);
}

/** Nothing else is made of these orders, and nothing more will be. */
function isApart(
  { claims, orders: { ended } }: GateViews,
  orders: readonly OrderState[],
  claim: Claim | null,
  nowMs: number,
): boolean {
  if (claim !== null) {
    const { end, first, gaveWay, origin } = claim;
    if (end === null || end.atMs > nowMs - ended.settleAfterMs) return false;
    // The gate asks when its last exit of a symbol was.
    if (origin === 'gate' || gaveWay.length > 0 || !orders.includes(first)) return false;
    if (!claim.orders.every((order) => orders.includes(order))) return false;
  }
  return orders.every((order) => (claims.of(order) ?? claim) === claim);
}

/** INVARIANT: an event changes objects, never a copy: what it names is one before it is applied. */
export function bringBackNamed(state: GateViews, event: GateEvent): void {
  if (state.orders.settled.isEmpty) return;
  switch (event.kind) {
    case 'order':
    case 'order_intent':
      bringBackOrder(state, event.payload.client_order_id);
      return;
    case 'trade':
      if (event.payload.client_order_id !== null) bringBackOrder(state, event.payload.client_order_id);
      return;
    case 'exit_target':
      if (event.payload.action === 'opened') bringBackOrder(state, event.payload.client_order_id);
      bringBackDecision(state, event.payload.decision_id);
      return;
    case 'decision': {
      const { decision, orders, parent_decision_id: parentId, request } = event.payload;
      // Nothing follows from a call that is only advised on.
      if (decision.kind === 'intercept' || decision.kind === 'dry_run') return;
      if (request.client_order_id !== null) bringBackOrder(state, request.client_order_id);
      for (const { client_order_id } of orders) bringBackOrder(state, client_order_id);
      if (orders.length > 0) bringBackDecision(state, parentId ?? decision.decision_id);
      return;
    }
    default:
  }
}

function bringBackOrder(state: GateViews, clientOrderId: string): void {
  if (state.orders.all.held.has(clientOrderId)) return;
  const row = state.orders.settled.find('client', clientOrderId);
  if (row !== null && state.orders.settled.hasOrders(row)) bringBack(state, row);
}
function bringBackDecision(state: GateViews, decisionId: string): void {
  if (state.orders.byDecision.held.has(decisionId)) return;
  const row = state.orders.settled.find('decision', decisionId);
  if (row !== null) bringBack(state, row);
}

function bringBack({ claims, orders: book }: GateViews, row: number): void {
  const left = book.settled.ordersLeft(row);
  const hasClaim = book.settled.hasClaim(row);
  const { claim, decisionId, orders } = book.settled.take(row);
  if (left > 0) {
    for (const order of orders) {
      book.all.set(order.clientOrderId, order);
      const venueKey = venueKeyOf(order);
      if (venueKey !== null && !book.byVenueId.held.has(venueKey)) book.byVenueId.set(venueKey, order);
    }
    if (decisionId !== null) book.byDecision.set(decisionId, [...orders]);
  }
  book.ended.bringBack(row, orders, left);
  if (hasClaim && claim !== null) claims.bringBack(row, claim);
}
