import type { OrderChange } from '../engine/callers/requests.ts';
import { ordersOf, stateOf } from '../engine/claims/describe-claim.ts';
import { closingOf } from '../engine/claims/exit-sizes.ts';
import { SLICE_CANCELED } from '../engine/decide/openings-to-end.ts';
import type { LiveCore } from '../engine/flow/core.ts';
import type { StoredEvent } from '../engine/flow/ports.ts';
import { type Claim, isLive } from '../engine/orders/claims.ts';
import { remainingE8 } from '../engine/orders/order.ts';
import {
  isCanceled,
  isExpired,
  isFilled,
  isRefused,
  isRejected,
  isResting,
  isTerminal,
  liveState,
  type OrderState,
} from '../engine/orders/orders.ts';
import type {
  DecisionEvent,
  ExecutionBody,
  ExecutionOrder,
  ExecutionState,
  ReportedDecision,
} from '../engine/records/decisions.ts';
import { formatQuantityE8 } from '../engine/records/units.ts';
import type { Recalled } from '../engine/state/views.ts';
import { tellApproval } from './approvals.ts';
import { averageText, explanationText } from './bodies.ts';
import { recall } from './recall.ts';

type Decided = Pick<DecisionEvent, 'context' | 'decision' | 'orders'>;
const PENDING = 'pending, do not resend: ask for this decision id again';
const BEHIND = 'it waits for room: older resting exits of yours close all that is held; amend or cancel one of them';
const UNFILLED = 'it rested until the exchange ended it, at its date as a rule; nothing was filled';
const AWAITING = 'a person is asked to approve it; do not resend: ask for this decision id again';
const FORGOTTEN = 'too many changes came after this one for its outcome to be kept; get_orders shows the orders';
const GONE = 'do not send it again: what became of its order is too old to tell; get_positions shows what is held';

function describeExecutionOrder(core: LiveCore, order: OrderState): ExecutionOrder {
  const rules = core.state.rules.get(order.symbol);
  return {
    average_price: averageText(order, rules),
    client_order_id: order.clientOrderId,
    filled_quantity: formatQuantityE8(order.executedE8, rules),
    quantity: formatQuantityE8(order.quantityE8, rules),
    ...describeMoney(order, order.executedE8),
    slice: order.slice,
    status: order.status,
    venue_order_id: order.venueOrderId,
  };
}

/** Fee and profit, once the venue has reported all of it; for a part of the order its share, by lots. */
function describeMoney(order: OrderState, quantityE8: number): Pick<ExecutionOrder, 'fee_usdt' | 'realised_pnl_usdt'> {
  if (order.executedE8 === 0 || order.tradedE8 < order.executedE8) return { fee_usdt: null, realised_pnl_usdt: null };
  const share = (usdt: number): number => Number(((usdt * quantityE8) / order.executedE8).toFixed(8));
  return { fee_usdt: share(order.tradedFeesUsdt), realised_pnl_usdt: share(order.realisedPnlUsdt) };
}

/**
 * State of one execution from its orders: certainty wins over hope. A permitted modify or cancel has
 * no orders of its own: it shows the affected ones, with the venue's answer.
 */
export function describeExecution(core: LiveCore, { claim, orders }: Recalled, event: Decided): ExecutionBody {
  const { decision } = event;
  const action = decision.effective?.action;
  if (decision.kind === 'tool' && (action === 'amend' || action === 'cancel'))
    return describeChange(core, core.state.changes.find(decision.decision_id));
  if (claim !== null)
    return describeExit(core, claim, decision.kind === 'slice' ? orders : ordersOf(claim), describeGrown(decision));
  const described = orders.map((order) => describeExecutionOrder(core, order));
  const ended = executionState(orders);
  // Of a blocked decision, or of the one of the grant.
  const asked = core.state.approvals.find(event.context.approval?.grant?.approval_id ?? decision.decision_id);
  const approval = asked === null ? undefined : tellApproval(core, asked);
  const isAwaited = orders.length === 0 && approval?.status === 'pending';
  const state = isAwaited ? 'awaiting_approval' : ended;
  const rejected = orders.find((order) => isRejected(order));
  const isGone = orders.length === 0 && event.orders.length > 0;
  const missed = isGone ? GONE : state === 'expired' ? describeMiss(event) : null;
  const unclear = state === 'unknown' || state === 'lost' || state === 'submitting';
  return {
    ...(approval === undefined ? {} : { approval }),
    note: isAwaited
      ? AWAITING
      : unclear
        ? PENDING
        : (rejected?.detail ?? orders.find((order) => order.detail !== null)?.detail ?? missed),
    orders: described,
    retryable: state === 'rejected' && rejected?.retryable === true,
    slices_dropped: countDropped(orders),
    state,
  };
}

/** Why an order filled nothing: how far the quote was from the bound of one that does not rest. Null: no quote was known. */
function describeMiss({ context, decision }: Decided): string | null {
  const { effective } = decision;
  const { ask, bid } = context.market;
  if (effective === null || effective.limit_price === null) return null;
  if (effective.time_in_force === 'GTC') return UNFILLED;
  const quote = effective.side === 'buy' ? ask : bid;
  if (quote === null || !(quote > 0)) return null;
  const bound = Number(effective.limit_price);
  const beyondBps = ((effective.side === 'buy' ? quote - bound : bound - quote) / bound) * 1e4;
  const distance = `${Number(Math.abs(beyondBps).toPrecision(3))} bps`;
  const what = `nothing was filled within ${effective.limit_price}; the ${effective.side === 'buy' ? 'ask' : 'bid'} was ${quote}`;
  return beyondBps > 0
    ? `${what} when it was decided, ${distance} beyond that: ask with a wider max_slippage_bps, or rest a limit order`
    : `${what} when it was decided, ${distance} within that, and was gone, or too thin, when it arrived`;
}

/** That an exit closes more than was asked for (DESIGN 12.2); null: it does not. */
function describeGrown({ effective }: Decided['decision']): string | null {
  if (effective?.action !== 'exit' || Number(effective.quantity) <= Number(effective.requested_quantity)) return null;
  const { quantity, requested_quantity: asked } = effective;
  return `it closes ${quantity}, not ${asked}: the exchange takes no order as small, or would take none for what is left`;
}

/** `orders`: those to show of it. `grown`: {@link describeGrown}. */
function describeExit(
  core: LiveCore,
  claim: Claim,
  orders: readonly OrderState[],
  grown: string | null,
): ExecutionBody {
  const state = stateOf(claim);
  const last = orders.at(-1);
  const goesOn = claim.end === null && state !== 'filled' && state !== 'working' && state !== 'partially_filled';
  return {
    note: goesOn
      ? isBehindOlder(core, claim)
        ? BEHIND
        : PENDING
      : state === 'filled'
        ? grown
        : claim.end?.detail || (last?.detail ?? grown),
    orders: orders.map((order) => describeExecutionOrder(core, order)),
    retryable: state === 'rejected' && last?.retryable === true,
    slices_dropped: 0,
    state,
  };
}

/** A take-profit for which those that were asked for before it leave nothing. */
function isBehindOlder({ state }: LiveCore, claim: Claim): boolean {
  if (claim.wants === 'now' || isLive(claim)) return false;
  const { live, own, side } = closingOf(state, claim.symbol, claim.side);
  let older = 0;
  for (const order of live)
    if (order.reduceOnly && order.side === side && isResting(order) && order.agent === claim.agent)
      older += remainingE8(order);
  return own > 0 && older >= own;
}

function describeChange(core: LiveCore, change: OrderChange | null): ExecutionBody {
  const orders = change?.orders ?? [];
  const exit = change?.action === 'amend' && change.refusal === null ? findExit(core, orders) : null;
  // What was amended may have made room since, and rest again: its claim says what becomes of it.
  if (exit !== null && change !== null) {
    const told = describeExit(core, exit, ordersOf(exit), null);
    return { ...told, note: noteAmend(change) ?? told.note };
  }
  return {
    note: change === null ? FORGOTTEN : change.action === 'amend' ? noteAmend(change) : noteCancel(orders),
    orders: orders.map((order) => describeExecutionOrder(core, order)),
    retryable: false,
    slices_dropped: change?.action === 'cancel' ? countBeside(core, orders) : 0,
    state: change !== null && change.refusal !== null ? 'rejected' : executionState(orders),
  };
}
const findExit = ({ state }: LiveCore, [order]: readonly OrderState[]): Claim | null =>
  order === undefined ? null : state.claims.of(order);
/** Slices that ended before they were sent, whatever ended them. */
function countDropped(orders: readonly OrderState[]): number {
  return orders.filter((order) => isCanceled(order) && order.sentAtMs === null).length;
}
/** Slices that went with the one that a cancel named. */
function countBeside({ state }: LiveCore, orders: readonly OrderState[]): number {
  const [named] = orders;
  if (named === undefined || orders.length > 1) return 0;
  const beside = state.orders.byDecision.get(named.decisionId ?? '') ?? [];
  return beside.filter((order) => isCanceled(order) && order.detail === SLICE_CANCELED).length;
}
function noteAmend({ orders, isSettled, refusal }: OrderChange): string | null {
  if (refusal !== null) return `not changed, the order stays as it was: ${refusal}`;
  if (isSettled) return null;
  const ended = orders.find(isTerminal);
  return ended === undefined ? PENDING : `the order ended (${ended.status}) before the change was proven`;
}
function noteCancel(orders: readonly OrderState[]): string | null {
  if (orders.length === 0) return 'there was no order to cancel';
  const live = orders.filter((order) => !isTerminal(order));
  const refused = live.find((order) => order.cancelRefusal !== null);
  if (refused !== undefined)
    return `${live.length} of ${orders.length} not canceled yet, the daemon goes on asking; ${refused.clientOrderId}: ${refused.cancelRefusal}`;
  if (live.length > 0) return PENDING;
  const otherwise = orders.filter((order) => !isCanceled(order));
  return otherwise.length === 0
    ? null
    : `ended otherwise: ${otherwise.map((order) => `${order.clientOrderId} ${order.status}`).join(', ')}`;
}

function executionState(orders: readonly OrderState[]): ExecutionState {
  if (orders.length === 0) return 'none';
  const executed = orders.reduce((sum, order) => sum + order.executedE8, 0);
  const live = liveState(orders);
  if (live !== null) return live === 'working' && executed > 0 ? 'partially_filled' : live;
  const wanted = orders.reduce((sum, order) => sum + order.quantityE8, 0);
  if (executed > 0)
    return executed >= wanted || orders.some((order) => isFilled(order) && order.reduceOnly)
      ? 'filled'
      : 'partially_filled';
  if (orders.every(isRefused)) return 'rejected';
  return orders.some(isExpired) ? 'expired' : 'canceled';
}

/** How callers are told of decisions. */
export function tellingOf(core: LiveCore) {
  return {
    explanationText: (event: DecisionEvent, body: ReportedDecision): string => explanationText(core, event, body),
    execution: (became: Recalled, event: Decided): ExecutionBody => describeExecution(core, became, event),
    recall: (stored: StoredEvent): Recalled => recall(core.state, core.ports.ledger, stored),
  };
}
