import type { CompiledPolicy } from '../core/compiled-policy.ts';
import type {
  AccountView,
  AgentView,
  ExecutionContext,
  ExposureView,
  MarketView,
  OrderView,
  PacingView,
  RulesView,
} from '../core/context.ts';
import { highestRegime, type MarketFeatures } from '../core/features/market.ts';
import type { Regime } from '../core/policy.ts';
import type { ExecutionRequest } from '../core/request.ts';
import { isLeverageLocked, ownMargin, reservedMargin } from './margin.ts';
import { NO_OWN, type Own, othersThan } from './other-orders.ts';
import type { SymbolRules } from './ports.ts';
import { agentsShare, askableShare, closableShare } from './state/closable-share.ts';
import {
  type ExposedPosition,
  type Exposure,
  markInTicks,
  remainingLots,
  unitsInUsdt,
  valueTicks,
  worstCase,
} from './state/exposure.ts';
import type { GateState } from './state/gate-state.ts';
import { stateInForce } from './state/layers.ts';
import { isResting, isTerminal, liveOrders, type OrderState } from './state/orders.ts';
import { longLots, shortLots } from './state/positions.ts';

/** What the feeds saw last of one symbol; not folded from the ledger but recorded with every decision. */
export interface SymbolInputs {
  readonly mark: number;
  readonly markAtMs: number;
  readonly bid: number;
  readonly ask: number;
  readonly quoteAtMs: number;
  readonly fundingRate8h: number;
  readonly fundingAtMs: number;
  readonly features: MarketFeatures | null;
  readonly heldRegime: Regime;
}
export interface AccountInputs {
  readonly marginBalanceUsdt: number;
  readonly availableUsdt: number;
  readonly marginRatio: number;
  readonly observedAtMs: number;
}
export interface LiveInputs {
  readonly nowMs: number;
  readonly clockSkewMs: number | null;
  readonly account: AccountInputs | null;
  readonly symbols: ReadonlyMap<string, SymbolInputs>;
}
/** What is being decided, beside request and policy. */
export interface Ask extends Own {
  readonly phase: ExecutionContext['phase'];
  readonly venue: string;
  readonly accountName: string;
  readonly tokenSkillSha256: string | null;
  readonly schemaViolation: string | null;
  /** Exit ladder: which rung this attempt is, 0 the first. */
  readonly exitRung: number;
  readonly sliceLots: number | null;
  readonly parentPriceTicks: number | null;
  /** Target of modify_order and cancel_order. */
  readonly target: OrderState | null;
}

const NO_SYMBOLS: readonly string[] = [];
const NOTHING: ExposedPosition = { longLots: 0, shortLots: 0 };
/** Exposure that cannot be valued leaves no room for anything (JSON has no infinity). */
const UNVALUED_USDT = Number.MAX_SAFE_INTEGER;

/** Builds the reduced view: a pure function of folded state, live inputs and the ask, so that an audit can repeat it. */
export function buildContext(
  state: GateState,
  inputs: LiveInputs,
  request: ExecutionRequest,
  policy: CompiledPolicy,
  ask: Ask,
): ExecutionContext {
  const symbol = request.symbol ?? '';
  const now = inputs.nowMs;
  const rules = state.rules.get(symbol) ?? null;
  const live = inputs.symbols.get(symbol) ?? null;
  const rulesView = rules === null ? null : viewRules(rules, policy);
  const exposure = viewExposure(state, inputs, request.agent, symbol, rules, live, ask);
  return {
    account: viewAccount(state, inputs, policy, symbol, ask),
    account_name: ask.accountName,
    agent: viewAgent(state, inputs, request, symbol, rules, live, policy, ask),
    clock_skew_ms: inputs.clockSkewMs,
    duplicate_of: ask.phase === 'parent' ? findDuplicate(state, request, policy, now) : null,
    exit_rung: ask.exitRung,
    exposure,
    leaving_order_ids: ask.leaving === null ? [] : [...ask.leaving].map((order) => order.clientOrderId).sort(),
    market: viewMarket(state, symbol, live, rulesView, policy, ask),
    now_ms: now,
    order: ask.target === null ? null : viewOrder(ask.target, request.intent === 'modify'),
    own_order_id: ask.own?.clientOrderId ?? null,
    pacing: viewPacing(state, inputs, request.agent, symbol, policy, ask),
    parent_price_ticks: ask.parentPriceTicks,
    phase: ask.phase,
    schema_violation: ask.schemaViolation,
    slice_lots: ask.sliceLots,
    state: stateInForce(state.layers, now, request.symbol, request.agent),
    trust: {
      claimed_skill_sha256: request.skill_sha256,
      signals: state.activeSignals(now, ask.accountName, request.agent, request.symbol),
      token_skill_sha256: ask.tokenSkillSha256,
    },
    venue: ask.venue,
  };
}

/** The last view of each symbol that the venue has filters for. */
const rulesCache = new Map<string, { readonly rules: SymbolRules; readonly hash: string; readonly view: RulesView }>();
/** Filters in the form that `decide` reads; brackets cut to what the policy's leverage can reach. */
export function viewRules(rules: SymbolRules, policy: CompiledPolicy): RulesView {
  const cached = rulesCache.get(rules.symbol);
  if (cached?.rules === rules && cached.hash === policy.hash) return cached.view;
  const caps: number[] = [];
  for (let leverage = 1; leverage <= Math.max(1, Math.floor(policy.budgets.leverage)); leverage += 1) {
    let cap = 0;
    for (const bracket of rules.brackets)
      if (bracket.initialLeverage >= leverage) cap = Math.max(cap, bracket.notionalCap);
    caps.push(cap);
  }
  const limit = policy.budgets.symbol_notional_usdt;
  const tier = rules.brackets.find((bracket) => limit < bracket.notionalCap) ?? rules.brackets.at(-1);
  const view: RulesView = {
    bracket_caps: caps,
    lot_mantissa: rules.lotMantissa,
    lot_scale: rules.lotScale,
    maintenance_rate: tier?.maintenanceRate ?? 1,
    max_lots: rules.maxLots,
    max_market_lots: rules.maxMarketLots,
    max_price_ticks: rules.maxPriceTicks,
    min_lots: rules.minLots,
    min_notional_usdt: rules.minNotionalUsdt,
    min_price_ticks: rules.minPriceTicks,
    multiplier_down: rules.multiplierDown,
    multiplier_up: rules.multiplierUp,
    observed_at_ms: rules.observedAtMs,
    taker_fee: rules.takerFee,
    tick_mantissa: rules.tickMantissa,
    tick_scale: rules.tickScale,
    trading: rules.trading,
  };
  rulesCache.set(rules.symbol, { rules, hash: policy.hash, view });
  return view;
}

function viewAccount(
  state: GateState,
  inputs: LiveInputs,
  policy: CompiledPolicy,
  symbol: string,
  own: Own,
): AccountView | null {
  const account = inputs.account;
  if (account === null) return null;
  return {
    available_usdt: account.availableUsdt,
    daily_loss: state.equity.dailyLoss(inputs.nowMs, account.marginBalanceUsdt),
    drawdown: state.equity.drawdown(inputs.nowMs, account.marginBalanceUsdt, policy.spec.account.drawdown.window_ms),
    equity_usdt: account.marginBalanceUsdt,
    margin_ratio: account.marginRatio,
    observed_at_ms: account.observedAtMs,
    reserved_margin_usdt: viewReservedMargin(state, inputs, symbol, own) - ownMargin(state, own),
  };
}

function viewReservedMargin(state: GateState, inputs: LiveInputs, symbol: string, own: Own): number {
  if (state.uncontained.size === 0 && state.readAs.size === 0) return 0;
  const exposed = exposedSymbols(state);
  // A symbol that is flat again holds no margin; it is also not among the marks that are recorded.
  return reservedMargin(state, inputs.symbols, own, (order) => order.symbol === symbol || exposed.has(order.symbol));
}

/** Worst case of one symbol in units; without a mark there is no value, so anything at all counts as unbounded. */
function exposureOf(
  state: GateState,
  symbol: string,
  rules: SymbolRules,
  mark: number,
  own: Own,
): { longUnits: number; shortUnits: number } {
  const position = state.positions.get(symbol);
  const held: ExposedPosition =
    position === undefined ? NOTHING : { longLots: longLots(position), shortLots: shortLots(position) };
  return worstCase(held, othersThan(liveOrders(state.orders, symbol), own, null), markInTicks(mark, rules));
}

function worthOf({ longUnits, shortUnits }: Exposure, rules: SymbolRules): number {
  return unitsInUsdt(Math.max(longUnits, shortUnits), rules);
}
function hasUnsent(state: GateState, symbol: string): boolean {
  for (const order of liveOrders(state.orders, symbol)) if (order.status === 'pending_send') return true;
  return false;
}
/** Worst case of what is at the venue or on its way: slices that are only planned are left out. */
function sentExposure(state: GateState, symbol: string, mark: number): Exposure {
  const rules = state.rules.get(symbol);
  const position = state.positions.get(symbol);
  if (rules === undefined) return { longUnits: 0, shortUnits: 0 };
  const held = position === undefined ? NOTHING : { longLots: longLots(position), shortLots: shortLots(position) };
  const sent = [...liveOrders(state.orders, symbol)].filter((order) => order.status !== 'pending_send');
  return worstCase(held, sent, markInTicks(mark, rules));
}

/** Symbols with a position or an order that can still fill. */
export function exposedSymbols(state: GateState): Set<string> {
  const symbols = new Set<string>();
  for (const position of state.positions.values())
    if (longLots(position) > 0 || shortLots(position) > 0) symbols.add(position.symbol);
  for (const [symbol, orders] of state.orders.live) {
    if (orders.size === 0) continue;
    for (const order of orders) {
      if (!order.reduceOnly && remainingLots(order) > 0) {
        symbols.add(symbol);
        break;
      }
    }
  }
  return symbols;
}
/** The same in alphabetical order. */
function exposedInOrder(state: GateState): readonly string[] {
  const exposed = exposedSymbols(state);
  if (exposed.size === 0) return NO_SYMBOLS;
  const symbols = [...exposed];
  return symbols.length > 1 ? symbols.sort() : symbols;
}

function viewExposure(
  state: GateState,
  inputs: LiveInputs,
  agent: string,
  symbol: string,
  rules: SymbolRules | null,
  live: SymbolInputs | null,
  own: Own,
): ExposureView {
  const position = state.positions.get(symbol);
  const long = position === undefined ? 0 : longLots(position);
  const short = position === undefined ? 0 : shortLots(position);
  const worst =
    rules === null || live === null
      ? { longUnits: long, shortUnits: short }
      : exposureOf(state, symbol, rules, live.mark, own);
  let gross = 0;
  let sent = 0;
  let positions = 0;
  let regime: Regime | null = null;
  const marks: (readonly [string, number])[] = [];
  for (const other of exposedInOrder(state)) {
    if (other === symbol) continue;
    positions += 1;
    const otherRules = state.rules.get(other);
    const otherLive = inputs.symbols.get(other);
    if (otherRules === undefined || otherLive === undefined) {
      gross = UNVALUED_USDT;
      continue;
    }
    const counted = worthOf(exposureOf(state, other, otherRules, otherLive.mark, NO_OWN), otherRules);
    gross = Math.min(UNVALUED_USDT, gross + counted);
    sent += hasUnsent(state, other) ? worthOf(sentExposure(state, other, otherLive.mark), otherRules) : counted;
    marks.push([other, otherLive.mark]);
    regime = regime === null ? otherLive.heldRegime : highestRegime(regime, otherLive.heldRegime);
  }
  const opposed = findOpposed(state, symbol, agent);
  return {
    gross_other_sent_usdt: Math.min(UNVALUED_USDT, sent),
    gross_other_usdt: gross,
    liquidation_distance:
      position === undefined || live === null
        ? null
        : liquidationDistance(position.liquidationPrice, position.lots, live.mark),
    long_lots: long,
    long_units: worst.longUnits,
    opposed_by_long: opposed.byLong,
    opposed_by_short: opposed.byShort,
    other_marks: marks,
    other_positions: positions,
    other_regime: regime,
    position_since_ms: position?.sinceMs ?? null,
    short_lots: short,
    short_units: worst.shortUnits,
  };
}

/**
 * Whose direction a symbol is already. A share counts, and so does every opening order of another agent until it is
 * proven that nothing of it can fill: decided in one instant, opposite orders would net each other when they fill. An
 * order that is being canceled is such an order; what was not placed by this daemon has no agent and no direction.
 */
function findOpposed(
  state: GateState,
  symbol: string,
  agent: string,
): { readonly byLong: string | null; readonly byShort: string | null } {
  let byLong: string | null = null;
  let byShort: string | null = null;
  for (const [holder, share] of state.positions.get(symbol)?.shares ?? []) {
    if (share > 0) byLong ??= holder;
    else byShort ??= holder;
  }
  const live = liveOrders(state.orders, symbol);
  if (live.size === 0) return { byLong, byShort };
  for (const order of live) {
    if (order.agent === null || order.agent === agent || order.reduceOnly || remainingLots(order) === 0) continue;
    if (order.side === 'buy') byLong ??= order.agent;
    else byShort ??= order.agent;
  }
  return { byLong, byShort };
}

/** From the mark to the liquidation price as a fraction of the mark, negative beyond it; null while there is none. */
export function liquidationDistance(price: number | null, lots: number, mark: number): number | null {
  if (price === null || lots === 0 || price <= 0) return null;
  return lots > 0 ? 1 - price / mark : price / mark - 1;
}

function viewAgent(
  state: GateState,
  inputs: LiveInputs,
  request: ExecutionRequest,
  symbol: string,
  rules: SymbolRules | null,
  live: SymbolInputs | null,
  policy: CompiledPolicy,
  ask: Ask,
): AgentView {
  const { agent } = request;
  const pace = state.pacing.readAgent(agent);
  const position = state.positions.get(symbol);
  const share = position?.shares.get(agent) ?? 0;
  const held = { longLots: Math.max(0, share), shortLots: Math.max(0, -share) };
  const counted =
    rules === null || live === null
      ? { longUnits: 0, shortUnits: 0 }
      : worstCase(held, othersThan(liveOrders(state.orders, symbol), ask, agent), markInTicks(live.mark, rules));
  const others =
    policy.agentBudgets === null ? { gross: 0, positions: 0 } : agentElsewhere(state, inputs, agent, symbol);
  const pending =
    policy.agentBudgets === null ? { turnoverUsdt: 0, feesUsdt: 0 } : pendingTurnover(state, inputs, ask, agent);
  return {
    fees_usdt: pace.fees.sum(inputs.nowMs),
    gross_other_usdt: others.gross,
    long_units: counted.longUnits,
    other_positions: others.positions,
    p_risk: state.trades.risk(agent, inputs.nowMs, policy.traderState),
    pending_fees_usdt: pending.feesUsdt,
    pending_turnover_usdt: pending.turnoverUsdt,
    share_lots: viewShare(state, symbol, request, ask),
    short_units: counted.shortUnits,
    turnover_usdt: pace.turnover.sum(inputs.nowMs),
  };
}

/** What goes out now, or is amended, is bound by what may still be closed; what is asked for may wait for it. */
function viewShare(state: GateState, symbol: string, { agent, intent, origin }: ExecutionRequest, ask: Ask): number {
  const position = state.positions.get(symbol);
  if (origin === 'gate' && ask.phase !== 'standing') return agentsShare(position);
  const live = liveOrders(state.orders, symbol);
  if (intent === 'modify') return closableShare(position, live, agent, ask.own, true);
  return (ask.phase === 'parent' ? askableShare : closableShare)(position, live, agent, ask.own);
}

function agentElsewhere(
  state: GateState,
  inputs: LiveInputs,
  agent: string,
  symbol: string,
): { gross: number; positions: number } {
  let gross = 0;
  let positions = 0;
  for (const other of exposedInOrder(state)) {
    if (other === symbol) continue;
    const share = state.positions.get(other)?.shares.get(agent) ?? 0;
    const rules = state.rules.get(other);
    const live = inputs.symbols.get(other);
    if (rules === undefined || live === undefined) {
      gross = UNVALUED_USDT;
      continue;
    }
    const held = { longLots: Math.max(0, share), shortLots: Math.max(0, -share) };
    const counted = worstCase(
      held,
      othersThan(liveOrders(state.orders, other), NO_OWN, agent),
      markInTicks(live.mark, rules),
    );
    const units = Math.max(counted.longUnits, counted.shortUnits);
    if (units === 0) continue;
    positions += 1;
    gross = Math.min(UNVALUED_USDT, gross + unitsInUsdt(units, rules));
  }
  return { gross, positions };
}

/** The last view of each symbol that a feed watches. */
const marketCache = new Map<string, { readonly live: SymbolInputs; readonly view: MarketView }>();
/** The same view until a feed brings news or leverage changes, so that its text need not be written anew. */
function viewMarket(
  state: GateState,
  symbol: string,
  live: SymbolInputs | null,
  rules: RulesView | null,
  policy: CompiledPolicy,
  own: Own,
): MarketView {
  const position = state.positions.get(symbol);
  const features = live?.features ?? null;
  const locked = isLeverageLocked(position, liveOrders(state.orders, symbol), own);
  const setting = position?.leverage ?? null;
  const known = live === null ? undefined : marketCache.get(symbol);
  const cached = known?.live === live ? known?.view : undefined;
  if (cached?.rules === rules && cached.leverage_locked === locked && cached.leverage_setting === setting)
    return cached;
  const view: MarketView = {
    ask: live?.ask ?? null,
    bar_count: features?.bar_count ?? 0,
    bar_ms: features?.bar_ms ?? policy.spec.market.bar_ms,
    bars_as_of_ms: features?.bars_as_of_ms ?? null,
    bid: live?.bid ?? null,
    funding_at_ms: live?.fundingAtMs ?? null,
    funding_rate_8h: live?.fundingRate8h ?? null,
    held_regime: live?.heldRegime ?? 'extreme',
    history_count: features?.history_count ?? 0,
    jump_ratio: features?.jump_ratio ?? null,
    leverage_locked: locked,
    leverage_setting: setting,
    liquidity: features?.liquidity ?? null,
    liquidity_floor: features?.liquidity_floor ?? null,
    mark: live?.mark ?? null,
    mark_at_ms: live?.markAtMs ?? null,
    quote_at_ms: live?.quoteAtMs ?? null,
    rules,
    sigma: features?.sigma ?? null,
    sigma_baseline: features?.sigma_baseline ?? null,
  };
  // Without features the bar length is the policy's, which may change.
  if (live !== null && features !== null) marketCache.set(symbol, { live, view });
  return view;
}

function viewPacing(
  state: GateState,
  inputs: LiveInputs,
  agent: string,
  symbol: string,
  policy: CompiledPolicy,
  decided: Own,
): PacingView {
  const now = inputs.nowMs;
  const pending = pendingTurnover(state, inputs, decided, null);
  const account = state.pacing.account;
  const own = state.pacing.readAgent(agent);
  const symbolPace = state.pacing.readSymbol(symbol);
  const sends = account.sends.count(now, policy.budgets.order_rate.window_ms);
  const agentSends = own.sends.count(now, (policy.agentBudgets ?? policy.budgets).order_rate.window_ms);
  const breaker = state.pacing.breakers.get(agent);
  return {
    account_sends: sends.tokens,
    account_sends_free_at_ms: sends.freeAtMs,
    agent_sends: agentSends.tokens,
    agent_sends_free_at_ms: agentSends.freeAtMs,
    breaker_until_ms: breaker === undefined || breaker.untilMs <= now ? null : breaker.untilMs,
    fees_usdt: account.fees.sum(now),
    last_open_fill_at_ms: symbolPace.lastOpenFillAtMs,
    last_open_fill_side: symbolPace.lastOpenFillSide,
    last_open_parent_at_ms: symbolPace.lastOpenParentAtMs,
    pending_fees_usdt: pending.feesUsdt,
    pending_turnover_usdt: pending.turnoverUsdt,
    turnover_usdt: account.turnover.sum(now),
  };
}

/**
 * Opening orders that may still fill, the decided one excepted: turnover to come, at the worse of mark and limit, and the
 * fees on it. `agent`: of its orders alone; null: of all.
 */
function pendingTurnover(
  state: GateState,
  inputs: LiveInputs,
  own: Own,
  agent: string | null,
): { readonly turnoverUsdt: number; readonly feesUsdt: number } {
  let turnoverUsdt = 0;
  let feesUsdt = 0;
  for (const [symbol, orders] of state.orders.live) {
    if (orders.size === 0) continue;
    const rules = state.rules.get(symbol);
    if (rules === undefined) continue;
    const live = inputs.symbols.get(symbol);
    const markTicks = live === undefined ? 0 : markInTicks(live.mark, rules);
    for (const order of othersThan(orders, own, agent)) {
      if (order.reduceOnly) continue;
      const usdt = unitsInUsdt(remainingLots(order) * valueTicks(order, markTicks), rules);
      turnoverUsdt += usdt;
      feesUsdt += usdt * rules.takerFee;
    }
  }
  return { turnoverUsdt, feesUsdt };
}

/** Open to a modify only while it rests as it is: one change at a time, and none of what may not be there. */
function viewOrder(order: OrderState, isModify: boolean): OrderView {
  const isSettled = isResting(order) && order.amend === null && !order.cancelRequested;
  return {
    agent: order.agent,
    client_order_id: order.clientOrderId,
    filled_lots: order.executedLots,
    is_open: isModify ? isSettled : !isTerminal(order.status),
    is_protective: order.protective,
    lots: order.lots,
    order_type: order.orderType === 'market' ? 'market' : 'limit',
    price_ticks: order.priceTicks,
    reduce_only: order.reduceOnly,
    side: order.side,
    symbol: order.symbol,
  };
}

/** Rule 5: the agent proves with after_decision_id, once that execution is terminal, that it has seen the answer. */
function findDuplicate(
  state: GateState,
  request: ExecutionRequest,
  policy: CompiledPolicy,
  now: number,
): string | null {
  if (request.intent !== 'open' || request.symbol === null) return null;
  if (policy.duplicateExempt.has(request.symbol)) return null;
  return state.requests.findDuplicate(
    {
      agent: request.agent,
      symbol: request.symbol,
      intent: request.intent,
      side: request.side,
      orderType: request.order_type,
      requestedNotional: request.requested_notional,
    },
    now,
    policy.temporal.duplicate_window_ms,
    (decisionId) => request.after_decision_id === decisionId && isExecutionTerminal(state, decisionId),
  );
}

export function isExecutionTerminal(state: GateState, decisionId: string): boolean {
  const orders = state.orders.byDecision.get(decisionId);
  return orders === undefined || orders.every((order) => isTerminal(order.status));
}
