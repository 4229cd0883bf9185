import type { RuleVerdict } from '../../core/decision.ts';
import type { DecisionEvent } from '../events.ts';
import type { GateState } from './gate-state.ts';
import { insertOrder, isTerminal, planOrders, setAmend } from './orders.ts';

/** Orders, reservations and pacing that follow from a decision. */
export function applyDecision(state: GateState, event: DecisionEvent, atMs: number): void {
  state.requests.apply(event, atMs);
  const { decision } = event;
  if (decision.kind === 'slice') {
    applySlice(state, event, atMs);
    return;
  }
  if (decision.kind === 'tool') state.changes.begin(event, state.orders, state.layers, atMs);
  if (decision.kind === 'tool' && decision.effective?.action === 'amend') applyAmend(state, event, atMs);
  if (event.orders.length === 0) return;
  const opening = decision.effective?.action === 'open';
  for (const order of planOrders(event, atMs)) {
    insertOrder(state.orders, order);
    if (!order.reduceOnly) state.uncontained.add(order);
  }
  const agent = state.pacing.agent(event.agent);
  if (opening && decision.kind === 'tool') {
    // The parent takes a token for every slice at its decision: sends are counted, not acknowledgements.
    state.pacing.account.sends.add(atMs, event.orders.length);
    agent.sends.add(atMs, event.orders.length);
    if (event.request.symbol !== null) state.pacing.symbol(event.request.symbol).lastOpenParentAtMs = atMs;
  }
  if (decision.effective?.action === 'exit') {
    state.pacing.account.exits.add(atMs, 1);
    agent.exits.add(atMs, 1);
  }
}

/**
 * INVARIANT: an amend counts from its decision on, in the same turn, as the larger and the worse of both forms. One
 * that adds risk (it has a leverage) is paced like the opening order that it becomes; any other takes a token when its
 * rate was looked at, which that of an agent is.
 */
function applyAmend(state: GateState, event: DecisionEvent, atMs: number): void {
  const { effective } = event.decision;
  const order = state.orders.all.get(event.request.client_order_id ?? '');
  if (order === undefined || effective === null || isTerminal(order.status)) return;
  if (effective.action === 'cancel' || effective.price_ticks === null) return;
  // The balance that was read last holds the margin of the old form.
  if (effective.leverage !== null && !state.uncontained.has(order) && !state.readAs.has(order))
    state.readAs.set(order, { lots: order.lots, priceTicks: order.priceTicks ?? 0 });
  setAmend(order, { lots: effective.lots, priceTicks: effective.price_ticks }, state.stateSeq);
  if (effective.leverage === null && !event.decision.verdicts.some(isOfRate)) return;
  state.pacing.account.sends.add(atMs, 1);
  state.pacing.agent(event.agent).sends.add(atMs, 1);
  if (effective.leverage !== null) state.pacing.symbol(order.symbol).lastOpenParentAtMs = atMs;
}

function isOfRate(verdict: RuleVerdict): boolean {
  return verdict.code === 'RATE';
}

/** A later slice is decided on its own and can only shrink; what it lost is released. */
function applySlice(state: GateState, event: DecisionEvent, atMs: number): void {
  for (const fresh of planOrders(event, atMs)) {
    const order = state.orders.all.get(fresh.clientOrderId);
    // A further rung of an exit is a new order; it is reduce-only and so adds no exposure.
    if (order === undefined && fresh.reduceOnly) insertOrder(state.orders, fresh);
    if (order === undefined || order.status !== 'pending_send') continue;
    const planned = { lots: fresh.lots, price_ticks: fresh.priceTicks };
    order.lots = Math.min(order.lots, planned.lots);
    order.priceTicks = planned.price_ticks;
    order.leverage = Math.min(order.leverage, fresh.leverage);
    order.status = 'in_flight';
    order.sentAtMs = atMs;
  }
}
