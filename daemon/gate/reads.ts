import { findBudget } from '../core/budget-finding.ts';
import { findRegime } from '../core/budgets.ts';
import type { CompiledPolicy } from '../core/compiled-policy.ts';
import { leverageCapOf } from '../core/projection.ts';
import { formatPrice, formatQuantity } from '../core/quantities.ts';
import type {
  AccountBody,
  BudgetLine,
  Caller,
  DecisionBody,
  ExecutionBody,
  ExecutionOrder,
  ExecutionState,
  MarketBody,
  OrderBody,
  PositionBody,
  SymbolLimits,
} from './api.ts';
import type { GateCore } from './gate-core.ts';
import type { SymbolRules } from './ports.ts';
import { type Ask, buildContext, exposedSymbols, viewRules } from './snapshot.ts';
import { bareRequest, exposureUsdt } from './standing.ts';
import { markInTicks, orderUnits, unitsInUsdt } from './state/exposure.ts';
import type { OrderChange } from './state/order-changes.ts';
import { isTerminal, type OrderState } from './state/orders.ts';
import { longLots, shortLots } from './state/positions.ts';

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
    order_type: order.orderType,
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

/**
 * State of one execution from its orders: what is certain wins over what is hoped for. A permitted modify or cancel has
 * no orders of its own: those that it concerned are shown, with what the venue said.
 */
export function describeExecution(
  core: GateCore,
  orders: readonly OrderState[],
  decision: DecisionBody,
): ExecutionBody {
  const action = decision.effective?.action;
  if (decision.kind === 'tool' && (action === 'amend' || action === 'cancel'))
    return describeChange(core, core.state.changes.find(decision.decision_id));
  const described = orders.map((order) => describeExecutionOrder(core, order));
  const state = executionState(orders);
  const rejected = orders.find((order) => order.status === 'rejected');
  const unclear = state === 'unknown' || state === 'lost' || state === 'submitting';
  return {
    note: unclear ? PENDING : (rejected?.detail ?? orders.find((order) => order.detail !== null)?.detail ?? null),
    orders: described,
    retryable: state === 'rejected' && rejected?.retryable === true,
    state,
  };
}

function describeChange(core: GateCore, change: OrderChange | null): ExecutionBody {
  const orders = change?.orders ?? [];
  return {
    note: change === null ? FORGOTTEN : change.action === 'amend' ? noteAmend(change) : noteCancel(orders),
    orders: orders.map((order) => describeExecutionOrder(core, order)),
    retryable: false,
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

function askOf(core: GateCore, tokenSkillSha256: string | null): Ask {
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

/** B_t of one symbol with its factors: the same computation that a decision makes. */
export function describeLimits(core: GateCore, caller: Caller, symbol: string): SymbolLimits {
  const policy = core.policyFor(caller.agent);
  const now = core.nowMs();
  const context = buildContext(
    core.state,
    core.market.inputs(now),
    { ...bareRequest(core, symbol), agent: caller.agent, origin: 'agent' },
    policy,
    askOf(core, caller.skillSha256),
  );
  const found = findBudget(context, policy);
  const cooldownMs = policy.regimes[found.regime.regime].cooldownMs;
  const last = context.pacing.last_open_parent_at_ms;
  return {
    budgets: budgetLines(core, policy, symbol, found.budget, context.pacing.account_sends),
    cooldown_remaining_ms: last === null ? 0 : Math.max(0, last + cooldownMs - now),
    factors: {
      account: found.record.account,
      market: found.record.market,
      trader: found.record.trader,
      trust: found.record.trust,
    },
    leverage_cap: leverageCapOf(found.budget),
    regime: found.regime.regime,
    symbol,
    trading_state: context.state.state,
  };
}

function budgetLines(
  core: GateCore,
  policy: CompiledPolicy,
  symbol: string,
  budget: ReturnType<typeof findBudget>['budget'],
  sends: number,
): readonly BudgetLine[] {
  const base = policy.budgets;
  const here = exposureUsdt(core, symbol);
  let grossUsed = 0;
  let grossWorst = 0;
  const exposed = exposedSymbols(core.state);
  for (const other of exposed) {
    const exposure = exposureUsdt(core, other);
    grossUsed += exposure.used;
    grossWorst += exposure.worst;
  }
  const { pacing } = core.state;
  const now = core.nowMs();
  let pendingUsdt = 0;
  for (const [name, orders] of core.state.orders.live) {
    const rules = core.state.rules.get(name);
    if (rules !== undefined) for (const order of orders) pendingUsdt += unitsInUsdt(orderUnits(order, 0), rules);
  }
  let openPositions = 0;
  for (const position of core.state.positions.values())
    if (longLots(position) + shortLots(position) > 0) openPositions += 1;
  const line = (
    component: BudgetLine['component'],
    baseline: number,
    limit: number,
    used: number,
    reserved: number,
    unit: string,
  ): BudgetLine => ({
    base: baseline,
    component,
    limit,
    remaining: Math.max(0, limit - used - reserved),
    reserved,
    unit,
    used,
  });
  return [
    line('leverage', base.leverage, budget.leverage, 0, 0, 'x'),
    line('order_notional_usdt', base.order_notional_usdt, budget.order_notional_usdt, 0, 0, 'USDT'),
    line(
      'symbol_notional_usdt',
      base.symbol_notional_usdt,
      budget.symbol_notional_usdt,
      here.used,
      Math.max(0, here.worst - here.used),
      'USDT',
    ),
    line(
      'gross_notional_usdt',
      base.gross_notional_usdt,
      budget.gross_notional_usdt,
      grossUsed,
      Math.max(0, grossWorst - grossUsed),
      'USDT',
    ),
    line('order_rate', base.order_rate.max, budget.order_rate, sends, 0, 'orders'),
    line('slippage_bps', base.slippage_bps, budget.slippage_bps, 0, 0, 'bps'),
    line(
      'concurrent_positions',
      base.concurrent_positions,
      base.concurrent_positions,
      openPositions,
      Math.max(0, exposed.size - openPositions),
      'positions',
    ),
    line(
      'turnover_usdt_per_day',
      base.turnover_usdt_per_day,
      base.turnover_usdt_per_day,
      pacing.account.turnover.sum(now),
      pendingUsdt,
      'USDT',
    ),
    line('fees_usdt_per_day', base.fees_usdt_per_day, base.fees_usdt_per_day, pacing.account.fees.sum(now), 0, 'USDT'),
  ];
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
