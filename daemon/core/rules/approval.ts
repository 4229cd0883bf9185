import { type RulesView, ticksToPrice } from '../arithmetic/quantities.ts';
import type { ApprovalGrant, ApprovalView, ExecutionContext, OrderView } from '../context.ts';
import type { ApprovalCeiling, SizedAction } from '../decision.ts';
import {
  type ApprovalCondition,
  type ApprovalKey,
  type ApprovalsSection,
  MAX_PENDING_APPROVALS,
  type RequestMatch,
} from '../policy.ts';
import { copyRequest, type ExecutionRequest } from '../request.ts';
import { lotsOfAsk, type OpeningAsk, usdtOfAsk } from './asked-size.ts';
import type { Deciding } from './budgets.ts';
import { countedUsdt, isShortOf } from './price.ts';
import type { Trace } from './trace.ts';

const RULE = 16;
const CODE = 'APPROVAL';

/** The worst price that was approved, in ticks; null: nothing holds the order to one. An amend is compared instead. */
export function heldTicks({ approval, phase }: ExecutionContext): number | null {
  if (approval === undefined) return null;
  return approval.grant?.price_ticks ?? (phase === 'slice' ? approval.order_price_ticks : null);
}

/** The order as it would be without an approval in play: shows what the approval cut. */
interface Unheld {
  readonly ask: OpeningAsk;
  readonly rules: RulesView;
  readonly priceTicks: number;
  /** At which a notional is made of lots now. */
  readonly sizeTicks: number;
}

/**
 * Rule 16: what a person must approve is not sent before. It is the last rule, so that nobody is asked about an order that
 * could not go out, and it sees exactly what would go out. Later slices and standing orders were approved as a whole.
 *
 * @returns what a person may approve; null: nothing, as none is needed, one is in play, or other approvals wait
 */
export function checkApproval(
  deciding: Deciding,
  effective: SizedAction | null,
  unheld: Unheld,
): ApprovalCeiling | null {
  const { trace, request, context, policy } = deciding;
  const { approvals } = policy.spec;
  const { approval: view, order, phase } = context;
  if (phase !== 'parent' || (approvals === undefined && view === undefined)) return null;
  if (trace.denied || effective === null) {
    trace.skip(RULE, CODE);
    return null;
  }
  const grant = view?.grant ?? null;
  if (grant !== null) {
    checkGrant(deciding, grant, effective, unheld);
    return null;
  }
  if (order !== null && (view?.order_price_ticks ?? null) !== null) {
    checkAmend(trace, order, effective, view?.order_price_ticks ?? 0, unheld.rules);
    return null;
  }
  if (approvals === undefined) {
    trace.pass(RULE, CODE);
    return null;
  }
  const usdt = usdtOfAsk(unheld.ask, unheld.sizeTicks, unheld.rules);
  return ask({ ...deciding, request: inNotional(request, usdt) }, approvals, effective);
}

/**
 * As policies read it: they bound `requested_notional`. RISK: a quantity that they did not see as its notional would
 * pass every such bound. `usdt`: of {@link usdtOfAsk}.
 */
export function inNotional(request: ExecutionRequest, usdt: number): ExecutionRequest {
  if (request.quantity === null) return request;
  const judged = copyRequest(request);
  judged.quantity = null;
  judged.requested_notional = usdt;
  return judged;
}

/** Nothing of the order may be above what was approved. */
function checkGrant(
  deciding: Deciding,
  grant: ApprovalGrant,
  effective: SizedAction,
  { ask: asked, priceTicks, rules, sizeTicks }: Unheld,
): void {
  const { trace, request } = deciding;
  const stale = findStale(deciding, grant, effective, rules);
  if (stale !== null) {
    trace.deny(RULE, 'APPROVAL_STALE', stale.observed, stale.limit, stale.unit);
    return;
  }
  const leverage = request.requested_leverage ?? 1;
  const lots = lotsOfAsk({ ...asked, maxLots: Number.POSITIVE_INFINITY }, sizeTicks, rules);
  if (leverage > grant.leverage) trace.tighten(RULE, 'APPROVAL_CEILING', leverage, grant.leverage, 'x');
  else if (isShortOf(grant.price_ticks, priceTicks, grant.side))
    trace.tighten(
      RULE,
      'APPROVAL_CEILING',
      ticksToPrice(priceTicks, rules),
      ticksToPrice(grant.price_ticks, rules),
      'USDT',
    );
  else if (lots > grant.lots) trace.tighten(RULE, 'APPROVAL_CEILING', lots, grant.lots, 'lots');
  else trace.pass(RULE, CODE, effective.lots, grant.lots, 'lots');
}

interface Figures {
  readonly observed: number | string | null;
  readonly limit: number | string | null;
  readonly unit: string;
}
/** The first component in which an order is not what was approved; null: it is, or less. */
function findStale(
  { request, context, policy }: Deciding,
  grant: ApprovalGrant,
  effective: SizedAction,
  rules: RulesView,
): Figures | null {
  if (policy.hash !== grant.policy_hash) return { observed: policy.hash, limit: grant.policy_hash, unit: 'policy' };
  // Negated, so that NaN does not fit.
  if (!(context.now_ms < grant.expires_at_ms))
    return { observed: context.now_ms, limit: grant.expires_at_ms, unit: 'ms' };
  if (request.agent !== grant.agent) return { observed: request.agent, limit: grant.agent, unit: 'agent' };
  if (request.symbol !== grant.symbol) return { observed: request.symbol, limit: grant.symbol, unit: 'symbol' };
  if (effective.side !== grant.side || request.intent !== 'open' || effective.action !== 'open')
    return { observed: effective.side, limit: grant.side, unit: 'side' };
  if (!(effective.lots <= grant.lots)) return { observed: effective.lots, limit: grant.lots, unit: 'lots' };
  const leverage = leverageAtVenue(effective, context);
  if (!(leverage <= grant.leverage)) return { observed: leverage, limit: grant.leverage, unit: 'x' };
  const worst = ticksToPrice(grant.price_ticks, rules);
  const price = effective.price_ticks ?? Number.NaN;
  if (!(grant.side === 'buy' ? price <= grant.price_ticks : price >= grant.price_ticks))
    return { observed: ticksToPrice(price, rules), limit: worst, unit: 'USDT' };
  // A market order that cannot fill within the approved price would only be noise at the venue.
  const quote = grant.side === 'buy' ? context.market.ask : context.market.bid;
  const isBeyond = quote === null || (grant.side === 'buy' ? quote > worst : quote < worst);
  if (request.order_type === 'market' && isBeyond) return { observed: quote, limit: worst, unit: 'USDT' };
  const { approvals } = policy.spec;
  const quorum =
    approvals === undefined ? 1 : quorumOf(approvals, context.approval ?? null, countedUsdt(effective, context));
  return grant.quorum >= quorum ? null : { observed: grant.quorum, limit: quorum, unit: 'approvers' };
}

/**
 * RISK: a setting that must stay is the leverage that the order opens at, whatever it was asked for with: people approve that
 * one, and none above it.
 */
function leverageAtVenue({ leverage }: SizedAction, { market }: ExecutionContext): number {
  const kept = market.leverage_locked ? (market.leverage_setting ?? 1) : 1;
  return Math.max(leverage ?? 1, kept);
}

/**
 * How many people must approve an order of this size. RISK: everything that the agent opened within the window counts; at
 * the grant once more, since other orders may have gone out while this one waited.
 */
function quorumOf(approvals: ApprovalsSection, view: ApprovalView | null, usdt: number): number {
  const { quorum = 1, quorum_above_usdt: above = 0 } = approvals;
  const allUsdt = view === null ? Number.POSITIVE_INFINITY : view.opened_usdt + view.approved_usdt + usdt;
  return allUsdt <= above ? 1 : quorum;
}

/**
 * An approved order stays within what was approved: it is made no larger, and its price no worse. RISK: otherwise a small
 * approval would be a large order after an amend.
 */
function checkAmend(
  trace: Trace,
  order: OrderView,
  effective: SizedAction,
  approvedTicks: number,
  rules: RulesView,
): void {
  const lots = effective.lots + order.filled_lots;
  const price = effective.price_ticks ?? 0;
  if (lots > order.lots) trace.deny(RULE, 'APPROVAL_REQUIRED', lots, order.lots, 'lots');
  else if (isShortOf(approvedTicks, price, order.side))
    trace.deny(RULE, 'APPROVAL_REQUIRED', ticksToPrice(price, rules), ticksToPrice(approvedTicks, rules), 'USDT');
  else trace.pass(RULE, CODE, lots, order.lots, 'lots');
}

/** Whether the policy wants a person to look at it; if so, what that person would approve. */
function ask(deciding: Deciding, approvals: ApprovalsSection, effective: SizedAction): ApprovalCeiling | null {
  const { trace, request, context, policy } = deciding;
  const view = context.approval ?? null;
  const countsUsdt = countedUsdt(effective, context);
  const addedUsdt = addedNotional(effective, countsUsdt, context.order);
  // Sums that are not known count as above any threshold.
  const unapproved = view === null ? Number.POSITIVE_INFINITY : view.opened_usdt + addedUsdt;
  const condition = approvals.when.find((each) => holds(each, deciding, unapproved));
  if (condition === undefined) {
    const least = minThreshold(approvals);
    trace.pass(RULE, CODE, least === null || view === null ? null : unapproved, least, least === null ? null : 'USDT');
    return null;
  }
  const threshold = condition.notional_above_usdt;
  const isFree = view !== null && view.pending_id === null && view.pending_count < MAX_PENDING_APPROVALS;
  if (view !== null && !isFree) denyAnother(trace, view);
  else if (threshold !== undefined && view !== null)
    trace.deny(RULE, 'APPROVAL_REQUIRED', unapproved, threshold, 'USDT');
  else trace.deny(RULE, 'APPROVAL_REQUIRED', nameOf(condition), null, null);
  const { price_ticks: priceTicks, limit_price: price, action } = effective;
  // An amend waits for nobody: the order that rests may fill meanwhile.
  if (!isFree || action !== 'open' || priceTicks === null || price === null) return null;
  return {
    agent: request.agent,
    intent: 'open',
    leverage: leverageAtVenue(effective, context),
    lots: effective.lots,
    notional_usdt: countsUsdt,
    order_type: request.order_type ?? 'market',
    policy_hash: policy.hash,
    price_ticks: priceTicks,
    quantity: effective.quantity,
    quorum: quorumOf(approvals, view, countsUsdt),
    side: effective.side,
    symbol: request.symbol ?? '',
    worst_price: price,
  };
}

/** Other approvals wait: for this symbol, or as many as one agent may have. */
function denyAnother(trace: Trace, { pending_count: count, pending_id: id }: ApprovalView): void {
  if (id !== null) trace.deny(RULE, 'APPROVAL_REQUIRED', id, 1, 'pending');
  else trace.deny(RULE, 'APPROVAL_REQUIRED', count, MAX_PENDING_APPROVALS, 'pending');
}

/** What is opened beside what was permitted before: of an amend the lots that it adds. */
function addedNotional(effective: SizedAction, usdt: number, order: OrderView | null): number {
  if (effective.action !== 'amend' || order === null) return usdt;
  const total = effective.lots + order.filled_lots;
  const added = Math.max(0, total - order.lots);
  return effective.lots > 0 ? (usdt * added) / effective.lots : 0;
}

function minThreshold({ when }: ApprovalsSection): number | null {
  const thresholds = when.flatMap(({ notional_above_usdt: usdt }) => (usdt === undefined ? [] : [usdt]));
  return thresholds.length === 0 ? null : Math.min(...thresholds);
}

/** All of its parts hold. Comparisons are negated, so that what is not a number asks for a person. */
function holds(condition: ApprovalCondition, { request, context, found }: Deciding, unapprovedUsdt: number): boolean {
  const { notional_above_usdt: usdt, untraded_ms: untradedMs, provenance_below, capability_risk_above } = condition;
  if (usdt !== undefined && unapprovedUsdt <= usdt) return false;
  const filledAt = context.pacing.last_open_fill_at_ms;
  if (untradedMs !== undefined && filledAt !== null && context.now_ms - filledAt < untradedMs) return false;
  if (provenance_below !== undefined && found.trust.provenance >= provenance_below) return false;
  if (capability_risk_above !== undefined && found.trust.capabilityRisk <= capability_risk_above) return false;
  if (condition.venues !== undefined && !condition.venues.some((venue) => venue === context.venue)) return false;
  if (condition.agents !== undefined && !condition.agents.includes(request.agent)) return false;
  const named = Object.entries(condition.request ?? {});
  return named.every(([key, match]) => matches(request[key as ApprovalKey], match));
}

/** A member that the request leaves out matches nothing. */
function matches(value: string | number | null, match: RequestMatch): boolean {
  if (value === null) return false;
  if (match.in !== undefined && !match.in.includes(value)) return false;
  if (match.above !== undefined && !(typeof value === 'number' && value > match.above)) return false;
  return match.below === undefined || (typeof value === 'number' && value < match.below);
}

function nameOf(condition: ApprovalCondition): string {
  const names = Object.keys(condition).sort();
  return names.length === 0 ? 'every opening order' : names.join(', ');
}
