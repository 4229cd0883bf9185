import { formatPrice, formatQuantity } from '../../core/quantities.ts';
import { findRegime } from '../../core/rules/budgets.ts';
import type { DecisionBody, ExecutionBody, ExecutionOrder, ExecutionState } from '../api/decisions.ts';
import type { AccountBody, AlertsBody, MarketBody, OrderBody, PositionBody } from '../api/reads.ts';
import type { GateCore } from '../journal/journal.ts';
import { partsOf, stateOf } from '../plan/describe-target.ts';
import { SLICE_DROPPED } from '../plan/undone.ts';
import type { Ask } from '../snapshot/inputs.ts';
import { viewRules } from '../snapshot/market-view.ts';
import { buildContext } from '../snapshot/snapshot.ts';
import type { ExitTarget } from '../state/exit-targets.ts';
import { markInTicks, orderUnits, unitsInUsdt } from '../state/exposure.ts';
import type { OrderChange } from '../state/order-changes.ts';
import { isTerminal, type OrderState } from '../state/orders.ts';
import type { SymbolRules } from '../venue-port.ts';
import { bareRequest } from '../watch/standing.ts';
import { describeAlert } from './alert.ts';
import type { Recalled } from './recall.ts';

const PENDING = 'pending, do not resend: ask for this decision id again';
const FORGOTTEN = 'too many changes came after this one for its outcome to be kept; GET /v1/orders shows the orders';

function tickScale(rules: SymbolRules): { tick_mantissa: number; tick_scale: number } {
  return { tick_mantissa: rules.tickMantissa, tick_scale: rules.tickScale };
}
function lotScale(rules: SymbolRules): { lot_mantissa: number; lot_scale: number } {
  return { lot_mantissa: rules.lotMantissa, lot_scale: rules.lotScale };
}
function quantityText(lots: number, rules: SymbolRules | undefined): string {
  return rules === undefined ? String(lots) : formatQuantity(lots, lotScale(rules));
}
function averageText(order: OrderState, rules: SymbolRules | undefined): string | null {
  if (order.averagePrice === null) return null;
  // Averages lie between ticks: two more digits, cut of zeros at the end.
  const digits = rules === undefined ? 8 : Math.round(Math.log10(rules.tickScale)) + 2;
  return String(Number(order.averagePrice.toFixed(digits)));
}

export function describeOrder(core: GateCore, order: OrderState): OrderBody {
  const rules = core.state.rules.get(order.symbol);
  const live = core.market.symbol(order.symbol);
  const isLive = !isTerminal(order.status);
  const reserved =
    isLive && rules !== undefined
      ? unitsInUsdt(orderUnits(order, live === null ? 0 : markInTicks(live.mark, rules)), rules)
      : 0;
  return {
    agent: order.agent,
    average_price: averageText(order, rules),
    client_order_id: order.clientOrderId,
    decision_id: order.decisionId,
    filled_quantity: quantityText(order.executedLots, rules),
    foreign: order.foreign,
    limit_price:
      order.priceTicks === null || rules === undefined ? null : formatPrice(order.priceTicks, tickScale(rules)),
    // The venue writes LIMIT and STOP_MARKET of orders that are not ours.
    order_type: order.orderType.toLowerCase(),
    quantity: quantityText(order.lots, rules),
    reduce_only: order.reduceOnly,
    reserved_notional_usdt: reserved,
    side: order.side,
    slice: order.slice,
    status: order.status,
    symbol: order.symbol,
    updated_at_ms: order.updatedAtMs,
    venue_order_id: order.venueOrderId,
  };
}

function describeExecutionOrder(core: GateCore, order: OrderState): ExecutionOrder {
  const rules = core.state.rules.get(order.symbol);
  return {
    average_price: averageText(order, rules),
    client_order_id: order.clientOrderId,
    filled_quantity: quantityText(order.executedLots, rules),
    quantity: quantityText(order.lots, rules),
    slice: order.slice,
    status: order.status,
    venue_order_id: order.venueOrderId,
  };
}

const ENDED_WITHOUT: ReadonlySet<ExecutionState> = new Set(['rejected', 'canceled', 'expired']);

/**
 * State of one execution from its orders: what is certain wins over what is hoped for. A permitted modify or cancel has
 * no orders of its own: those that it concerned are shown, with what the venue said.
 */
export function describeExecution(core: GateCore, { orders, target }: Recalled, decision: DecisionBody): ExecutionBody {
  const action = decision.effective?.action;
  if (decision.kind === 'tool' && (action === 'amend' || action === 'cancel'))
    return describeChange(core, core.state.changes.find(decision.decision_id));
  if (target !== null) return describeExit(core, target);
  const described = orders.map((order) => describeExecutionOrder(core, order));
  const ended = executionState(orders);
  const isTriedAgain = core.state.displaced.has(decision.decision_id) && ENDED_WITHOUT.has(ended);
  const state = isTriedAgain ? 'staging' : ended;
  const rejected = orders.find((order) => order.status === 'rejected');
  const unclear = state === 'unknown' || state === 'lost' || state === 'submitting' || isTriedAgain;
  return {
    note: unclear ? PENDING : (rejected?.detail ?? orders.find((order) => order.detail !== null)?.detail ?? null),
    orders: described,
    retryable: state === 'rejected' && rejected?.retryable === true,
    slices_dropped: orders.filter(({ detail, status }) => status === 'canceled' && detail === SLICE_DROPPED).length,
    state,
  };
}

/** An exit is told by what it closed itself: an order may have carried others, too. */
function describeExit(core: GateCore, target: ExitTarget): ExecutionBody {
  const known = stateOf(target);
  // Its order was to rest, and will.
  const isTriedAgain = core.state.displaced.has(target.decisionId) && ENDED_WITHOUT.has(known);
  const state = isTriedAgain ? 'staging' : known;
  const parts = partsOf(target);
  const last = parts.at(-1)?.order;
  const goesOn = isTriedAgain || (target.end === null && state !== 'filled');
  return {
    note: goesOn ? PENDING : state === 'filled' ? null : target.end?.detail || (last?.detail ?? null),
    orders: parts.map(({ order, lots, filledLots }) => ({
      ...describeExecutionOrder(core, order),
      filled_quantity: quantityText(filledLots, core.state.rules.get(order.symbol)),
      quantity: quantityText(lots, core.state.rules.get(order.symbol)),
    })),
    retryable: state === 'rejected' && last?.retryable === true,
    slices_dropped: 0,
    state,
  };
}

function describeChange(core: GateCore, change: OrderChange | null): ExecutionBody {
  const orders = change?.orders ?? [];
  return {
    note: change === null ? FORGOTTEN : change.action === 'amend' ? noteAmend(change) : noteCancel(orders),
    orders: orders.map((order) => describeExecutionOrder(core, order)),
    retryable: false,
    slices_dropped: 0,
    state: change !== null && change.refusal !== null ? 'rejected' : executionState(orders),
  };
}
function noteAmend({ orders, isSettled, refusal }: OrderChange): string | null {
  if (refusal !== null) return `not changed, the order is as it was: ${refusal}`;
  if (isSettled) return null;
  const ended = orders.find((order) => isTerminal(order.status));
  return ended === undefined ? PENDING : `the order ended (${ended.status}) before the change was proven`;
}
function noteCancel(orders: readonly OrderState[]): string | null {
  if (orders.length === 0) return 'there was no order to cancel';
  const live = orders.filter((order) => !isTerminal(order.status));
  const refused = live.find((order) => order.cancelRefusal !== null);
  if (refused !== undefined)
    return `${live.length} of ${orders.length} not canceled yet, the daemon goes on asking; ${refused.clientOrderId}: ${refused.cancelRefusal}`;
  if (live.length > 0) return PENDING;
  const otherwise = orders.filter((order) => order.status !== 'canceled');
  return otherwise.length === 0
    ? null
    : `ended otherwise: ${otherwise.map((order) => `${order.clientOrderId} ${order.status}`).join(', ')}`;
}

function executionState(orders: readonly OrderState[]): ExecutionState {
  if (orders.length === 0) return 'none';
  const has = (status: string): boolean => orders.some((order) => order.status === status);
  if (has('lost')) return 'lost';
  if (has('unknown')) return 'unknown';
  if (has('in_flight')) return 'submitting';
  if (has('pending_send')) return 'staging';
  const executed = orders.reduce((sum, order) => sum + order.executedLots, 0);
  if (has('working') || has('partially_filled')) return executed > 0 ? 'partially_filled' : 'working';
  const wanted = orders.reduce((sum, order) => sum + order.lots, 0);
  if (executed > 0)
    return executed >= wanted || orders.some((order) => order.status === 'filled' && order.reduceOnly)
      ? 'filled'
      : 'partially_filled';
  if (orders.every((order) => order.status === 'rejected' || order.status === 'not_placed')) return 'rejected';
  if (has('expired')) return 'expired';
  return 'canceled';
}

export function describePositions(core: GateCore): readonly PositionBody[] {
  const bodies: PositionBody[] = [];
  for (const position of [...core.state.positions.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1))) {
    if (position.lots === 0 && position.disputedLots === null) continue;
    const rules = core.state.rules.get(position.symbol);
    const live = core.market.symbol(position.symbol);
    const lotSize = rules === undefined ? 0 : rules.lotMantissa / rules.lotScale;
    const quantity = position.lots * lotSize;
    const mark = live?.mark ?? null;
    bodies.push({
      agent_share: Object.fromEntries([...position.shares].map(([agent, lots]) => [agent, quantityText(lots, rules)])),
      entry_price: position.entryPrice > 0 ? String(Number(position.entryPrice.toFixed(8))) : null,
      leverage: position.leverage,
      liquidation_price: position.liquidationPrice === null ? null : String(position.liquidationPrice),
      mark_price: mark === null ? null : String(mark),
      notional_usdt: mark === null ? 0 : Math.abs(quantity) * mark,
      quantity: quantityText(position.lots, rules),
      symbol: position.symbol,
      unrealised_pnl_usdt:
        mark === null || position.entryPrice <= 0
          ? position.unrealisedPnlUsdt
          : quantity * (mark - position.entryPrice),
    });
  }
  return bodies;
}

export function describeAccount(core: GateCore): AccountBody {
  const live = core.market.account;
  const now = core.nowMs();
  const { equity, pacing, account } = core.state;
  return {
    account: core.settings.account,
    available_usdt: live?.availableUsdt ?? null,
    daily_loss: live === null ? null : equity.dailyLoss(now, live.marginBalanceUsdt),
    drawdown:
      live === null ? null : equity.drawdown(now, live.marginBalanceUsdt, core.policySpec.account.drawdown.window_ms),
    equity_usdt: live?.marginBalanceUsdt ?? null,
    fees_24h_usdt: pacing.account.fees.sum(now),
    margin_ratio: live?.marginRatio ?? null,
    observed_at_ms: live?.observedAtMs ?? null,
    turnover_24h_usdt: pacing.account.turnover.sum(now),
    venue: core.settings.venue,
    wallet_usdt: account?.wallet_usdt ?? null,
  };
}

export function askOf(core: GateCore, tokenSkillSha256: string | null): Ask {
  return {
    phase: 'parent',
    venue: core.settings.venue,
    accountName: core.settings.account,
    tokenSkillSha256,
    schemaViolation: null,
    own: null,
    leaving: null,
    exitRung: 0,
    sliceLots: null,
    parentPriceTicks: null,
    target: null,
  };
}

export function describeMarket(core: GateCore, symbol: string): MarketBody {
  const policy = core.policyFor('gate');
  const context = buildContext(
    core.state,
    core.market.inputs(core.nowMs()),
    bareRequest(core, symbol),
    policy,
    askOf(core, null),
  );
  const found = findRegime(context, policy);
  const market = context.market;
  const rules = core.state.rules.get(symbol);
  return {
    ask: market.ask,
    bars_as_of_ms: market.bars_as_of_ms,
    bid: market.bid,
    funding_rate_8h: market.funding_rate_8h,
    jump_ratio: market.jump_ratio,
    liquidity: market.liquidity,
    liquidity_floor: market.liquidity_floor,
    lot_size: rules === undefined ? null : formatQuantity(1, lotScale(rules)),
    mark_at_ms: market.mark_at_ms,
    mark_price: market.mark,
    min_notional_usdt: rules?.minNotionalUsdt ?? null,
    quote_at_ms: market.quote_at_ms,
    regime: found.regime,
    regime_cause: found.cause,
    sigma: market.sigma,
    sigma_baseline: market.sigma_baseline,
    symbol,
    tick_size: rules === undefined ? null : formatPrice(1, tickScale(rules)),
  };
}

/** Minimum order of each symbol in USDT, for policy checks against a running venue. */
export function venueMinimums(
  core: GateCore,
): readonly { readonly symbol: string; readonly min_notional_usdt: number }[] {
  const policy = core.policyFor('gate');
  return [...core.state.rules.values()].map((rules) => {
    const view = viewRules(rules, policy);
    return { symbol: rules.symbol, min_notional_usdt: view.min_notional_usdt };
  });
}

/** A cursor that no page of ours can have had; mapped to 400 by the door. */
export class CursorError extends Error {
  readonly code = 'CURSOR_UNKNOWN';
}

/** The cursor of a list of ours is a whole number above 0. @throws CursorError */
export function parseCursor(cursor: string): number {
  if (/^[1-9]\d{0,14}$/.test(cursor)) return Number(cursor);
  throw new CursorError(`${JSON.stringify(cursor.slice(0, 80))} was not issued`);
}

/** A page of the last alerts, newest first; the cursor is the number of the last record on the page before. */
export function describeAlerts(core: GateCore, limit: number, cursor: string | null): AlertsBody {
  const before = cursor === null ? Number.POSITIVE_INFINITY : parseCursor(cursor);
  const found = core.state.alerts.readBefore(before, limit + 1);
  const page = found.slice(0, limit);
  return {
    alerts: page.map(describeAlert),
    next: found.length > limit ? String(page.at(-1)?.seq) : null,
  };
}
