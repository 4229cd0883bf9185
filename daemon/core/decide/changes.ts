import {
  areUsable,
  ceilTicks,
  floorTicks,
  formatPrice,
  formatQuantity,
  lotsFor,
  lotsToQuantity,
  minimumLots,
  type RulesView,
  ticksToPrice,
} from '../arithmetic/quantities.ts';
import type { ExecutionContext, OrderView } from '../context.ts';
import type { CancelAction, SizedAction } from '../decision.ts';
import type { ExecutionRequest } from '../request.ts';
import { checkSchema, checkScope, checkState } from '../rules/admission.ts';
import { type AskedSize, askedUsdt, checkRounding, type OpeningAsk, writeAskedSize } from '../rules/asked-size.ts';
import type { Deciding } from '../rules/budgets.ts';
import { runOpeningRules } from '../rules/opening-rules.ts';
import { checkRange, limitExitTicks } from '../rules/price.ts';
import { checkRate } from '../rules/tightening.ts';
import { NOTHING, type Outcome, Trace } from '../rules/trace.ts';
import { checkParts, findExit } from './exit.ts';

/** The order that an amend asks for. */
interface AmendTarget {
  readonly totalLots: number;
  readonly priceTicks: number;
  readonly isMoreAggressive: boolean;
  /** What may still fill, at the worse of mark and limit, is more than before: caps hold for it again. */
  readonly countsForMore: boolean;
}

function amendedTarget(
  request: ExecutionRequest,
  order: OrderView,
  rules: RulesView,
  mark: number | null,
): AmendTarget {
  const old = order.price_ticks ?? 0;
  const priceTicks =
    request.limit_price === null
      ? old
      : order.side === 'buy'
        ? floorTicks(request.limit_price, rules)
        : ceilTicks(request.limit_price, rules);
  // Sized like a new order at its limit, and counted at the worse of limit and mark.
  const markTicks = mark === null ? 1 : Math.max(1, ceilTicks(mark, rules));
  const valueTicks = Math.max(markTicks, priceTicks);
  const totalLots =
    request.requested_notional === null ? order.lots : lotsFor(request.requested_notional, priceTicks, rules);
  const before = (order.lots - order.filled_lots) * Math.max(markTicks, old);
  return {
    totalLots,
    priceTicks,
    isMoreAggressive: order.side === 'buy' ? priceTicks > old : priceTicks < old,
    // Negated so that NaN counts for more.
    countsForMore: !((totalLots - order.filled_lots) * valueTicks <= before),
  };
}

/** Lots alone make a new size smaller: the order is amended to whole ones, and the answer says so. */
function checkAmendRounding(trace: Trace, request: ExecutionRequest, target: AmendTarget, rules: RulesView): void {
  const asked = askedOfAmend(request, target, rules);
  if (asked !== null) checkRounding(trace, asked, target.totalLots);
}
/** Null: the size stays. */
function askedOfAmend(
  { requested_notional: usdt }: ExecutionRequest,
  { priceTicks }: AmendTarget,
  rules: RulesView,
): AskedSize | null {
  return usdt === null ? null : askedUsdt(usdt, ticksToPrice(priceTicks, rules), rules);
}

/** Agents cancel their own orders; stops placed by the gate belong to the gate; an operator may cancel any. */
function checkOwnership(trace: Trace, request: ExecutionRequest, order: OrderView | null): boolean {
  if (request.client_order_id === null) return true;
  if (order === null) trace.deny(2, 'ORDER_UNKNOWN', request.client_order_id, null, null);
  else if (request.origin === 'agent' && (order.agent !== request.agent || order.is_protective))
    trace.deny(2, 'ORDER_NOT_OWN', request.client_order_id, null, null);
  else if (!order.is_open) trace.deny(2, 'ORDER_NOT_OPEN', request.client_order_id, null, null);
  else return true;
  return false;
}

/** `order` null: all orders are canceled, of as many symbols as there are; they have no size together. */
function describeCancel(order: OrderView | null, rules: RulesView | null): CancelAction {
  const lots = order === null ? null : order.lots - order.filled_lots;
  const quantity =
    lots === null ? null : rules === null || !areUsable(rules) ? String(lots) : formatQuantity(lots, rules);
  return {
    action: 'cancel',
    leverage: null,
    limit_price: null,
    lots,
    max_slippage_bps: null,
    notional: 0,
    order_type: order?.order_type ?? 'limit',
    price_ticks: null,
    quantity,
    reduce_only: order?.reduce_only ?? false,
    requested_quantity: quantity,
    side: order?.side ?? 'buy',
    time_in_force: null,
  };
}

/** Rules for taking an order of one's own back. */
export function decideCancel({ trace, request, context, policy }: Deciding): Outcome {
  checkSchema(trace, context, 'cancel');
  checkScope(trace, request, context, policy, 'cancel');
  checkOwnership(trace, request, context.order);
  checkState(trace, request, context, 'cancel', true);
  trace.skipTheRest();
  return { ...NOTHING, effective: describeCancel(context.order, context.market.rules) };
}

/**
 * Modify = amend in place, judged as the order it becomes (BY-07). Smaller at a price no more aggressive reduces risk,
 * unless what is left of it counts for more (a sell at a higher limit); a total at or below what is filled is a cancel;
 * everything else must be wholly allowed as a new opening order.
 */
export function decideModify(deciding: Deciding): Outcome {
  const { trace, request, context, policy } = deciding;
  const order = context.order;
  const rules = context.market.rules;
  if (!checkOwnership(trace, request, order) || order === null) return refuseModify(deciding);
  if (rules === null || !areUsable(rules) || order.price_ticks === null) {
    trace.deny(4, 'STALE_FILTERS', null, null, null);
    return refuseModify(deciding);
  }
  const target = amendedTarget(request, order, rules, context.market.mark);
  if (target.totalLots === order.lots && target.priceTicks === order.price_ticks) {
    // The venue would answer that there is nothing to change; it is not asked.
    trace.deny(12, 'ORDER_UNCHANGED', target.totalLots, order.lots, 'lots');
    return refuseModify(deciding);
  }
  if (target.totalLots <= order.filled_lots) {
    checkSchema(trace, context, 'cancel');
    checkScope(trace, request, context, policy, 'cancel');
    checkState(trace, request, context, 'cancel', true);
    trace.skipTheRest();
    return { ...NOTHING, effective: describeCancel(order, rules) };
  }
  const amend = reducesRisk(order, target) || order.reduce_only ? amendReducing : amendOpening;
  return amend(deciding, order, target, rules);
}

/** Refused before it is known what the order would become: what holds of any amend is said as well. */
function refuseModify({ trace, request, context, policy }: Deciding): Outcome {
  const known = [...trace.reasons];
  trace.reasons.length = 0;
  checkSchema(trace, context, 'amend');
  // An order that is not known has no symbol: that it is out of scope would be another reason for the same.
  if (request.symbol !== null || !policy.tools.has(request.tool) || !policy.actions.has(request.intent))
    checkScope(trace, request, context, policy, 'amend');
  trace.reasons.push(...known);
  trace.skipTheRest();
  return NOTHING;
}

function describeAmend(
  request: ExecutionRequest,
  order: OrderView,
  target: AmendTarget,
  rules: RulesView,
  leverage: number | null,
): SizedAction {
  const asked = askedOfAmend(request, target, rules);
  return {
    action: 'amend',
    leverage,
    limit_price: formatPrice(target.priceTicks, rules),
    lots: target.totalLots,
    max_slippage_bps: null,
    notional: lotsToQuantity(target.totalLots, rules) * ticksToPrice(target.priceTicks, rules),
    order_type: 'limit',
    price_ticks: target.priceTicks,
    quantity: formatQuantity(target.totalLots, rules),
    reduce_only: order.reduce_only,
    requested_quantity: asked === null ? formatQuantity(target.totalLots, rules) : writeAskedSize(asked, rules),
    side: order.side,
    time_in_force: 'GTC',
  };
}

function amendReducing(deciding: Deciding, order: OrderView, target: AmendTarget, rules: RulesView): Outcome {
  const { trace, request, context, policy } = deciding;
  checkSchema(trace, context, order.reduce_only ? 'exit' : 'amend');
  checkScope(trace, request, context, policy, 'amend');
  // RISK: an amend is no exit. Unpaced, or while the venue refuses us, it would spend what exits are sent with (BY-36).
  const isAgents = request.origin === 'agent';
  const isClosed = isAgents && context.state.layer === 'breaker' && context.state.scope === 'account';
  checkState(trace, request, context, order.reduce_only && !isClosed ? 'exit' : 'amend', !isClosed);
  trace.skipRules(4, 5);
  if (isAgents) checkRate(trace, context, policy, { order_rate: policy.budgets.order_rate.max });
  else trace.skipRules(6);
  trace.skipRules(7, 11);
  // A reduce-only order may grow to what its agent may close, no further: the venue would refuse it, or it is
  // another's.
  const exit = findExit({ ...request, side: order.side }, context);
  const ceiling = order.reduce_only ? order.filled_lots + (exit?.permittedLots ?? 0) : target.totalLots;
  if (target.totalLots > ceiling) trace.deny(12, 'MODIFY_NOT_ALLOWED', target.totalLots, ceiling, 'lots');
  if (order.reduce_only && target.priceTicks !== order.price_ticks) checkExitPrice(deciding, order, target, rules);
  if (checkRange(trace, target.priceTicks, rules)) checkSize(trace, order, target, rules);
  const effective = describeAmend(request, order, target, rules, null);
  // What moves away from the mark, or stays at its price, closes nothing sooner.
  if (order.reduce_only && target.isMoreAggressive)
    checkParts(trace, request, context, policy, effective, target.totalLots - order.filled_lots);
  if (!trace.denied) {
    checkAmendRounding(trace, request, target, rules);
    trace.pass(13, 'RECHECK', target.totalLots, null, 'lots');
  }
  trace.skipTheRest();
  return { ...NOTHING, effective };
}

/** A new price is held to what a new exit's limit is: the last rung of the ladder, and the venue's band (BY-07). */
function checkExitPrice(
  { trace, context, policy }: Deciding,
  order: OrderView,
  target: AmendTarget,
  rules: RulesView,
): void {
  const asked = ticksToPrice(target.priceTicks, rules);
  const held = limitExitTicks(context, policy, rules, order.side, asked);
  if (held !== target.priceTicks) trace.deny(11, 'MODIFY_NOT_ALLOWED', asked, ticksToPrice(held, rules), 'USDT');
}

/** What is sent must be what the venue takes: reduce-only orders are exempt from MIN_NOTIONAL, not from LOT_SIZE. */
function checkSize(trace: Trace, order: OrderView, target: AmendTarget, rules: RulesView): void {
  const least = order.reduce_only ? Math.max(1, rules.min_lots) : minimumLots(rules, target.priceTicks);
  if (target.totalLots > rules.max_lots) trace.deny(12, 'ABOVE_MAXIMUM', target.totalLots, rules.max_lots, 'lots');
  if (target.totalLots >= least) return;
  const usdt = (lots: number): number => lotsToQuantity(lots, rules) * ticksToPrice(target.priceTicks, rules);
  trace.deny(12, 'BELOW_MINIMUM', usdt(target.totalLots), usdt(least), 'USDT');
}

/** The new opening order that an amended one is judged as. */
function asOpening(request: ExecutionRequest, order: OrderView, target: AmendTarget, rules: RulesView) {
  const remaining = target.totalLots - order.filled_lots;
  const asNew: ExecutionRequest = {
    ...request,
    intent: 'modify',
    side: order.side,
    order_type: 'limit',
    limit_price: ticksToPrice(target.priceTicks, rules),
    max_slippage_bps: null,
    requested_leverage: 1,
  };
  const ask: OpeningAsk = { side: order.side, leverage: 1, lots: remaining, notional: null, quantity: null };
  return { request: asNew, ask, remaining };
}

/**
 * What a modify asks of the budgets; null: nothing, as it reduces, cancels, changes nothing or is refused before that.
 */
export function amendAsk(
  request: ExecutionRequest,
  context: ExecutionContext,
): { readonly request: ExecutionRequest; readonly ask: OpeningAsk } | null {
  const { order } = context;
  const { rules, mark } = context.market;
  if (!checkOwnership(new Trace(), request, order) || order === null) return null;
  if (rules === null || !areUsable(rules) || order.price_ticks === null || order.reduce_only) return null;
  const target = amendedTarget(request, order, rules, mark);
  const isSame = target.totalLots === order.lots && target.priceTicks === order.price_ticks;
  if (isSame || target.totalLots <= order.filled_lots || reducesRisk(order, target)) return null;
  return asOpening(request, order, target, rules);
}

function reducesRisk(order: OrderView, target: AmendTarget): boolean {
  return target.totalLots <= order.lots && !target.isMoreAggressive && !target.countsForMore;
}

function amendOpening(deciding: Deciding, order: OrderView, target: AmendTarget, rules: RulesView): Outcome {
  const { trace, request } = deciding;
  const { request: asNew, ask, remaining } = asOpening(request, order, target, rules);
  const { effective: fitted } = runOpeningRules({ ...deciding, request: asNew }, ask, 'amend');
  const whole = fitted !== null && fitted.lots === remaining && fitted.price_ticks === target.priceTicks;
  if (!whole) {
    trace.deny(12, 'MODIFY_NOT_ALLOWED', fitted?.lots ?? 0, remaining, 'lots');
    return NOTHING;
  }
  checkAmendRounding(trace, request, target, rules);
  return { ...NOTHING, effective: describeAmend(request, order, target, rules, fitted.leverage) };
}
