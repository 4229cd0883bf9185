import type { AccountContext, ApprovalView, ExecutionContext, OrderView, TrustView } from '../../core/context.ts';
import type { Side } from '../../core/request.ts';
import { stateInForce } from '../callers/layers.ts';
import type { Duplicate } from '../callers/pacing.ts';
import { isProvenUnfilled } from '../orders/evidence.ts';
import { isResting, isTerminal, type OrderState } from '../orders/orders.ts';
import type { Draft } from '../readings/inputs.ts';
import { ceilLots, ceilTicks, floorLots, floorTicks } from '../records/units.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';
import { viewAgent, viewPacing } from './agent-view.ts';
import { closableLots } from './exposure.ts';
import { viewAccount, viewExposure } from './exposure-view.ts';
import type { Question, Subject } from './subject.ts';
import { viewHolding, viewMarket, viewOpenings } from './symbol-view.ts';

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
    filled_lots: rules === null ? 0 : ceilLots(order.executedE8, rules),
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
