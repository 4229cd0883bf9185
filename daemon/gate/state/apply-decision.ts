import type { DecisionEvent, RecordedDecision } from '../events.ts';
import { insertOrder, isTerminal, planOrders, setAmend } from './orders.ts';
import type { GateViews } from './views.ts';

/** Orders, reservations and pacing that follow from a decision. */
export function applyDecision(state: GateViews, event: DecisionEvent, atMs: number): void {
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
    if (order.reduceOnly) continue;
    state.uncontained.add(order);
    state.targets.noteOpening(order);
  }
  const agent = state.pacing.agent(event.agent);
  if (opening && decision.kind === 'tool') {
    // The parent takes a token for every slice at its decision: sends are counted, not acknowledgements.
    state.pacing.account.sends.add(atMs, event.orders.length);
    agent.sends.add(atMs, event.orders.length);
    if (event.request.symbol !== null) state.pacing.symbol(event.request.symbol).lastOpenParentAtMs = atMs;
  }
  // One that waits takes its token when it is sent.
  if (decision.effective?.action === 'exit' && event.orders[0]?.delay_ms === 0) takeExitToken(state, event, atMs);
}

function takeExitToken(state: GateViews, event: DecisionEvent, atMs: number): void {
  state.pacing.account.exits.add(atMs, 1);
  state.pacing.agent(event.agent).exits.add(atMs, 1);
}

/**
 * INVARIANT: an amend counts from its decision on, in the same turn, as the larger and the worse of both forms. One
 * that adds risk (it has a leverage) is paced like the opening order that it becomes; any other takes a token when its
 * rate was looked at, which that of an agent is.
 */
function applyAmend(state: GateViews, event: DecisionEvent, atMs: number): void {
  const { effective } = event.decision;
  const order = state.orders.all.get(event.request.client_order_id ?? '');
  if (order === undefined || effective === null || isTerminal(order.status)) return;
  if (effective.action === 'cancel' || effective.price_ticks === null) return;
  // The balance that was read last holds the margin of the old form.
  if (effective.leverage !== null && !state.uncontained.has(order) && !state.readAs.has(order))
    state.readAs.set(order, { lots: order.lots, priceTicks: order.priceTicks ?? 0 });
  noteAdded(state, event, order.lots, atMs);
  setAmend(order, { lots: effective.lots, priceTicks: effective.price_ticks }, state.stateSeq);
  if (effective.leverage === null && !isPaced(event.decision)) return;
  state.pacing.account.sends.add(atMs, 1);
  state.pacing.agent(event.agent).sends.add(atMs, 1);
  if (effective.leverage !== null) state.pacing.symbol(order.symbol).lastOpenParentAtMs = atMs;
}

/** The lots that an amend adds are opened like those of a new order, at the worse of mark and price. */
function noteAdded(state: GateViews, { agent, context, decision }: DecisionEvent, lots: number, atMs: number): void {
  const { effective } = decision;
  const { mark, rules } = context.market;
  if (effective === null || effective.action === 'cancel' || effective.reduce_only || effective.lots <= lots) return;
  const markUsdt = mark === null || rules === null ? 0 : (mark * rules.lot_mantissa) / rules.lot_scale;
  const lotUsdt = Math.max(effective.notional / effective.lots, markUsdt);
  state.approvals.addOpened(agent, (effective.lots - lots) * lotUsdt, false, atMs);
}

/** Whether rule 6 looked at its rate. */
export function isPaced({ is_paced: isNoted, verdicts }: RecordedDecision): boolean {
  return isNoted ?? verdicts?.some(({ code }) => code === 'RATE') ?? false;
}

/** A later slice is decided on its own and can only shrink; what it lost is released. */
function applySlice(state: GateViews, event: DecisionEvent, atMs: number): void {
  for (const fresh of planOrders(event, atMs)) {
    const order = state.orders.all.get(fresh.clientOrderId);
    // A further rung of an exit is a new order; it is reduce-only and so adds no exposure.
    if (order === undefined && fresh.reduceOnly) {
      const parentId = event.parent_decision_id ?? event.decision.decision_id;
      const siblings = state.orders.byDecision.get(parentId) ?? [];
      if (!siblings.some((sibling) => sibling.sentAtMs !== null)) takeExitToken(state, event, atMs);
      insertOrder(state.orders, fresh);
      state.targets.allot(fresh, parentId, event.context.exit_rung);
    }
    if (order === undefined || order.status !== 'pending_send') continue;
    // A resting exit that waited for its rate.
    if (order.reduceOnly) takeExitToken(state, event, atMs);
    const planned = { lots: fresh.lots, price_ticks: fresh.priceTicks };
    order.lots = Math.min(order.lots, planned.lots);
    order.priceTicks = planned.price_ticks;
    order.leverage = Math.min(order.leverage, fresh.leverage);
    order.status = 'in_flight';
    order.sentAtMs = atMs;
  }
}
