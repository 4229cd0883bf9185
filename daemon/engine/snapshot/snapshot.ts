import type { RulesView } from '../../core/arithmetic/quantities.ts';
import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type {
  AccountContext,
  ApprovalView,
  ExecutionContext,
  MarketView,
  OrderView,
  TrustView,
} from '../../core/context.ts';
import type { Side } from '../../core/request.ts';
import { stateInForce } from '../callers/layers.ts';
import type { Duplicate } from '../callers/pacing.ts';
import { isProvenUnfilled } from '../orders/evidence.ts';
import { isResting, isTerminal, liveOrders, type OrderState } from '../orders/orders.ts';
import type { Draft, Own, SymbolInputs } from '../readings/inputs.ts';
import { ceilLots, ceilTicks, floorLots, floorTicks } from '../records/units.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';
import { viewAgent, viewHolding, viewOpenings, viewPacing } from './agent-view.ts';
import { closableLots, isLeverageLocked } from './exposure.ts';
import { viewAccount, viewExposure } from './exposure-view.ts';
import type { Question, Subject } from './subject.ts';

/**
 * Builds the reduced view: a pure function of folded state, live inputs and the ask, so that an audit can repeat it.
 */
export function buildContext(question: Question): ExecutionContext {
  const subject = subjectOf(question);
  const { ask, inputs, request, rules, state, tMs } = subject;
  const duplicate = ask.phase === 'parent' ? findDuplicate(subject) : null;
  const approval = viewApproval(subject);
  const context: Draft<ExecutionContext> = {
    account: viewAccount(subject),
    account_name: ask.accountName,
    agent: viewAgent(subject),
    clock_skew_ms: inputs.clockSkewMs,
    duplicate_of: duplicate?.decisionId ?? null,
    exit_rung: ask.exitRung,
    exposure: viewExposure(subject),
    leaving_order_ids: ask.leaving === null ? [] : [...ask.leaving].map((order) => order.clientOrderId).sort(),
    market: viewMarket(subject),
    now_ms: inputs.nowMs,
    order: ask.target === null ? null : viewOrder(ask.target, request.intent === 'modify', rules),
    own_order_id: ask.own?.clientOrderId ?? null,
    pacing: viewPacing(subject),
    parent_price_ticks: viewTicks(ask.parentPriceE8, request.side, rules),
    phase: ask.phase,
    schema_violation: ask.schemaViolation,
    slice_lots: viewSlice(subject),
    state: stateInForce(state.layers, tMs, request.symbol, request.agent),
    trust: viewTrust(subject),
    venue: ask.venue,
  };
  // What is mostly absent is set afterwards: spread into the literal it would make that several times as slow.
  if (approval !== undefined) context.approval = approval;
  if (duplicate !== null) context.duplicate_until_ms = state.time.venueMs(duplicate.untilMs);
  const holding = viewHolding(subject);
  if (holding !== undefined) context.holding = holding;
  const openings = viewOpenings(subject);
  if (openings !== undefined) context.openings = openings;
  return context;
}
/** What bounds the account whoever asks: that part of {@link buildContext}, with the same members. */
export function buildAccountContext(question: Question): AccountContext {
  const subject = subjectOf(question);
  return {
    account: viewAccount(subject),
    exposure: viewExposure(subject),
    market: viewMarket(subject),
    trust: viewTrust(subject),
  };
}

function subjectOf({ ask, inputs, policy, request, state }: Question): Subject {
  const symbol = request.symbol ?? '';
  return {
    state,
    inputs,
    request,
    policy,
    ask,
    symbol,
    rules: state.rules.get(symbol) ?? null,
    live: inputs.symbols.get(symbol) ?? null,
    tMs: state.time.atNow(inputs.nowMs),
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
    // INVARIANT: what is decided is a safe integer in units of 1e-8, too.
    max_lots: Math.min(rules.maxLots, floorLots(Number.MAX_SAFE_INTEGER, rules)),
    max_market_lots: Math.min(rules.maxMarketLots, floorLots(Number.MAX_SAFE_INTEGER, rules)),
    max_price_ticks: Math.min(rules.maxPriceTicks, floorTicks(Number.MAX_SAFE_INTEGER, rules)),
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

const ALL_COUNT: Own = { own: null, leaving: null };
/** The last view of each symbol that a feed watches. */
const marketCache = new Map<string, { readonly live: SymbolInputs; readonly view: MarketView }>();
/** The same view until a feed brings news or leverage changes, so that its text need not be written again. */
export function viewMarket({ ask, live, policy, request, rules: known, state, symbol }: Subject): MarketView {
  const rules = known === null ? null : viewRules(known, policy);
  const position = state.positions.get(symbol);
  const features = live?.features ?? null;
  // RISK: an amended order rests already: it is opened by the setting of now, whatever leverage its amend may have.
  const own = request.intent === 'modify' ? ALL_COUNT : ask;
  const locked = isLeverageLocked(position, liveOrders(state.orders, symbol), own);
  const setting = position?.leverage ?? null;
  const last = live === null ? undefined : marketCache.get(symbol);
  const cached = last?.live === live ? last?.view : undefined;
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

function viewTrust({ ask, request, state, tMs }: Subject): TrustView {
  return {
    claimed_skill_sha256: request.skill_sha256,
    signals: state.activeSignals(tMs, ask.accountName, request.agent, request.symbol),
    token_skill_sha256: ask.tokenSkillSha256,
  };
}

/** In ticks, to the passive side: a buy pays no more, a sell takes no less. */
function viewTicks(priceE8: number | null, side: Side | null, rules: SymbolRules | null): number | null {
  if (priceE8 === null || rules === null) return null;
  return side === 'sell' ? ceilTicks(priceE8, rules) : floorTicks(priceE8, rules);
}

/**
 * Lots of a later order of what was permitted, rounded down; of an exit of all of the position, those that cover it. What
 * rests counts as the larger.
 */
function viewSlice({ ask, request, rules, state, symbol }: Subject): number | null {
  const { phase, sliceE8 } = ask;
  const { intent, side } = request;
  if (sliceE8 === null || rules === null) return sliceE8 === null ? null : 0;
  if (phase === 'standing') return ceilLots(sliceE8, rules);
  const position = intent === 'close' ? state.positions.get(symbol) : undefined;
  if (position === undefined) return floorLots(sliceE8, rules);
  return Math.abs(closableLots(position, side === 'buy' ? -sliceE8 : sliceE8, rules));
}

/** Open to a modify only while it rests as it is: one change at a time, and none of what may not be there. */
function viewOrder(order: OrderState, isModify: boolean, rules: SymbolRules | null): OrderView {
  const isSettled = isResting(order) && order.amend === null && !order.cancelRequested;
  return {
    agent: order.agent,
    client_order_id: order.clientOrderId,
    // RISK: the rest of it may fill still, a part of a lot as well.
    filled_lots: rules === null ? 0 : floorLots(order.executedE8, rules),
    is_open: isModify ? isSettled : !isTerminal(order),
    is_protective: order.protective,
    lots: rules === null ? 0 : floorLots(order.quantityE8, rules),
    order_type: order.orderType === 'market' ? 'market' : 'limit',
    price_ticks: viewTicks(order.priceE8, order.side, rules),
    reduce_only: order.reduceOnly,
    side: order.side,
    symbol: order.symbol,
  };
}

/** Rule 5: the agent proves with after_decision_id, once that execution is terminal, that it has seen the answer. */
function findDuplicate({ policy, request, state, tMs }: Subject): Duplicate | null {
  if (request.intent !== 'open' || request.symbol === null) return null;
  if (policy.duplicateExempt.has(request.symbol)) return null;
  return state.requests.findDuplicate(
    {
      agent: request.agent,
      symbol: request.symbol,
      intent: request.intent,
      side: request.side,
      orderType: request.order_type,
      size: { quantity: request.quantity, requested_notional: request.requested_notional },
    },
    tMs,
    policy.temporal.duplicate_window_ms,
    {
      isAnswered: (decisionId) => request.after_decision_id === decisionId && isExecutionTerminal(state, decisionId),
      isUnfilled: (decisionId) => isExecutionUnfilled(state, decisionId),
    },
  );
}

function isExecutionTerminal(state: GateViews, decisionId: string): boolean {
  const orders = state.orders.byDecision.get(decisionId);
  return orders === undefined || orders.every(isTerminal);
}

/** Every order of it, unsent slices too. An execution whose orders are not in the views proves nothing. */
function isExecutionUnfilled(state: GateViews, decisionId: string): boolean {
  const orders = state.orders.byDecision.get(decisionId);
  return orders !== undefined && orders.length > 0 && orders.every(isProvenUnfilled);
}

/** What rule 16 reads; undefined where no approval is at stake: neither the policy nor the order has to do with one. */
function viewApproval({ ask, inputs, policy, request, rules, state, tMs }: Subject): ApprovalView | undefined {
  if (ask.phase === 'standing' || (request.intent !== 'open' && request.intent !== 'modify')) return undefined;
  const orderE8 = ask.own?.approvedE8 ?? null;
  const { approvals } = policy.spec;
  const isAtStake = ask.grant !== null || orderE8 !== null || (ask.phase === 'parent' && approvals !== undefined);
  if (!isAtStake) return undefined;
  const opened = state.approvals.openedUsdt(request.agent, tMs, approvals?.window_ms ?? 0);
  const waiting = state.approvals.count(request.agent, request.symbol ?? '', inputs.nowMs);
  return {
    approved_usdt: opened.approved,
    grant: ask.grant,
    opened_usdt: opened.unapproved,
    order_price_ticks: viewTicks(orderE8, request.side ?? ask.own?.side ?? null, rules),
    pending_count: waiting.count,
    pending_id: waiting.inSymbol,
  };
}
