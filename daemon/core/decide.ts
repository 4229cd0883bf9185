import type { CompiledPolicy } from './compiled-policy.ts';
import type { ExecutionContext, OrderView, RulesView } from './context.ts';
import type { ActionClass, EffectiveAction, ExecutionDecision, StagedSlice, Verdict } from './decision.ts';
import { buildExit, type ExitSize, findExit } from './exit.ts';
import { type BudgetFinding, describeConstraints, findBudget } from './opening.ts';
import { checkPrice, type PriceBound } from './price.ts';
import {
  buildFeasibleSet,
  type FeasibleSet,
  feasibleLeverage,
  marginBound,
  project,
  slippageCapOf,
} from './projection.ts';
import {
  areUsable,
  ceilTicks,
  floorTicks,
  floorUnits,
  formatPrice,
  formatQuantity,
  lotsToQuantity,
  readDecimal,
  ticksToPrice,
} from './quantities.ts';
import type { ReasonCode } from './reasons.ts';
import type { ExecutionRequest, Side } from './request.ts';
import { checkDuplicate, checkFreshness, checkSchema, checkScope, checkState } from './rules/admission.ts';
import { checkTemporal, rateTokensLeft } from './rules/temporal.ts';
import { checkAccount, checkOpposition, checkRegime, checkTraderState, checkTrust } from './rules/tightening.ts';
import { describePlan, lotsFor, minimumLots, planSlices } from './staging.ts';
import { Trace } from './trace.ts';

/**
 * The gate (SAE sections 3 to 6, DESIGN section 3): pure, total on valid input, deterministic, + - * / only.
 * Request and context are data; the answer is data. All rules run and each leaves a verdict.
 */
export function decide(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
): ExecutionDecision {
  const trace = new Trace();
  const found = findBudget(context, policy);
  switch (request.intent) {
    case 'cancel':
      return decideCancel(trace, request, context, policy, found);
    case 'modify':
      return decideModify(trace, request, context, policy, found);
    case 'open':
    case 'close': {
      const exit = findExit(request, context, policy);
      // RISK: an order on the side opposite to a position is an exit and nothing else, so that it can never add risk.
      if (exit !== null && exit.permittedLots > 0) return decideExit(trace, request, context, policy, found, exit);
      if (request.intent === 'close' || request.reduce_only || exit !== null)
        return refuseExit(trace, request, context, policy, found, exit);
      return decideOpening(trace, request, context, policy, found);
    }
  }
}

const SKIPPED_BY_EXITS = [
  [4, 'FRESHNESS'],
  [6, 'TEMPORAL'],
  [7, 'REGIME'],
  [8, 'ACCOUNT'],
  [9, 'TRUST'],
  [10, 'TRADER_STATE'],
  [11, 'PRICE'],
] as const;

function conclude(
  trace: Trace,
  policy: CompiledPolicy,
  found: BudgetFinding,
  effective: EffectiveAction | null,
  plan: readonly StagedSlice[],
): ExecutionDecision {
  // ALLOW iff leverage, slippage and lots are as asked: rules 7 to 10 alone cut nothing.
  const decision: Verdict = trace.denied || effective === null ? 'BLOCK' : trace.isCut ? 'LIMIT' : 'ALLOW';
  return {
    budget: found.record,
    condition_reducing: found.account?.reduceOnly ?? false,
    constraints: describeConstraints(found, policy, decision === 'BLOCK' ? [] : plan),
    decision,
    effective: decision === 'BLOCK' ? null : effective,
    enforced: policy.spec.mode === 'enforce',
    reasons: decision === 'ALLOW' ? [] : trace.reasons,
    retry_after_ms: decision === 'BLOCK' ? trace.retryAfterMs : null,
    verdicts: trace.verdicts,
  };
}

function decideExit(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  exit: ExitSize,
): ExecutionDecision {
  checkSchema(trace, context, 'exit');
  checkScope(trace, request, context, policy, 'exit');
  checkState(trace, request, context, 'exit', true);
  trace.skip(5, 'DUPLICATE_INTENT');
  for (const [rule, code] of SKIPPED_BY_EXITS) trace.skip(rule, code);
  const rules = context.market.rules;
  if (rules === null || !areUsable(rules)) {
    // Without lot and tick sizes no order can be written down; the emergency flatten does not come through here.
    trace.deny(13, 'STALE_FILTERS', null, null, null);
    return conclude(trace, policy, found, null, []);
  }
  const effective = buildExit(trace, request, context, policy, rules, exit);
  const sound =
    effective.lots >= 1 &&
    effective.lots <= exit.permittedLots &&
    Number.isSafeInteger(effective.lots) &&
    (effective.price_ticks === null || Number.isSafeInteger(effective.price_ticks)) &&
    effective.reduce_only;
  if (sound) trace.pass(13, 'RECHECK', effective.lots, exit.permittedLots, 'lots');
  else trace.deny(13, 'INTERNAL_RECHECK', effective.lots, exit.permittedLots, 'lots');
  trace.pass(14, 'STAGING', 1, 1, 'slices');
  return conclude(trace, policy, found, effective, describePlan([effective.lots], rules, 0));
}

/** Asked for an exit where there is none, or where the position is another's. */
function refuseExit(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  exit: ExitSize | null,
): ExecutionDecision {
  checkSchema(trace, context, 'exit');
  checkScope(trace, request, context, policy, 'exit');
  checkState(trace, request, context, 'exit', true);
  if (exit === null) trace.deny(12, 'NOT_REDUCING', 0, null, 'lots');
  else {
    const opposed = exit.side === 'sell' ? context.exposure.opposed_by_long : context.exposure.opposed_by_short;
    if (opposed !== null && request.intent === 'open') trace.deny(12, 'OPPOSES_AGENT', opposed, null, null);
    else trace.deny(12, 'EXIT_SCOPE', opposed, null, null);
  }
  return conclude(trace, policy, found, null, []);
}

interface OpeningAsk {
  readonly side: Side;
  readonly leverage: number;
  /** Lots asked for when they are known (slices, standing orders, modify), else they follow from the notional. */
  readonly lots: number | null;
  readonly notional: number | null;
}

function decideOpening(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
): ExecutionDecision {
  const ask: OpeningAsk = {
    side: request.side ?? 'buy',
    leverage: request.requested_leverage ?? 1,
    lots: context.slice_lots,
    notional: request.requested_notional,
  };
  const opening = runOpeningRules(trace, request, context, policy, found, ask, 'open');
  return conclude(trace, policy, found, opening.effective, opening.plan);
}

/** Rules 1 to 14 for whatever adds risk: a new order, a later slice, a standing order, an amended order. */
function runOpeningRules(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  ask: OpeningAsk,
  action: ActionClass,
): { readonly effective: EffectiveAction | null; readonly plan: readonly StagedSlice[] } {
  checkSchema(trace, context, action);
  checkScope(trace, request, context, policy, action);
  checkState(trace, request, context, action, false);
  // No feed watches a symbol outside the scope: that its inputs are missing is no reason beside the one that denies it.
  if (request.symbol !== null && policy.symbols.has(request.symbol)) checkFreshness(trace, request, context, policy);
  else trace.skip(4, 'FRESHNESS');
  checkDuplicate(trace, context, policy);
  checkTemporal(trace, context, policy, ask.side, found.regime.regime, found.budget);
  checkRegime(trace, found.regime, policy);
  checkAccount(trace, context, policy, found.account);
  checkTrust(trace, found.trust, context);
  checkTraderState(trace, context, policy);
  const price = checkPrice(trace, request, context, policy, ask.side, slippageCapOf(policy, found.budget));
  checkOpposition(trace, context, ask.side);
  const rules = context.market.rules;
  if (price === null || rules === null) {
    trace.skip(12, 'PROJECTION');
    trace.skip(13, 'RECHECK');
    trace.skip(14, 'STAGING');
    return { effective: null, plan: [] };
  }
  return fitOrder(
    trace,
    request,
    context,
    policy,
    found,
    ask,
    followParent(price, context, rules, ask.side),
    rules,
    action,
  );
}

/** A later slice's price is no worse than its parent's by more than the slippage bound. */
function followParent(price: PriceBound, context: ExecutionContext, rules: RulesView, side: Side): PriceBound {
  const parent = context.parent_price_ticks;
  if (parent === null) return price;
  const worst =
    ticksToPrice(parent, rules) * (side === 'buy' ? 1 + price.slippageBps / 1e4 : 1 - price.slippageBps / 1e4);
  const priceTicks =
    side === 'buy'
      ? Math.min(price.priceTicks, floorTicks(worst, rules))
      : Math.max(price.priceTicks, ceilTicks(worst, rules));
  return { ...price, priceTicks, valueTicks: Math.max(ceilTicks(context.market.mark ?? 0, rules), priceTicks) };
}

/** Rules 12 to 14: project onto F(B), quantise against the requester, check again in integers, split into slices. */
function fitOrder(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  ask: OpeningAsk,
  price: PriceBound,
  rules: RulesView,
  action: ActionClass,
): { readonly effective: EffectiveAction | null; readonly plan: readonly StagedSlice[] } {
  const requestedLots = ask.lots ?? lotsFor(ask.notional ?? 0, price.valueTicks, rules);
  const valuePerLot = lotsToQuantity(1, rules) * ticksToPrice(price.valueTicks, rules);
  const leverage = Math.max(1, Math.min(ask.leverage, feasibleLeverage(policy, rules, ask.side, found.budget)));
  const set = buildFeasibleSet(context, policy, rules, ask.side, found.budget, leverage, price.slippageBps);
  const locked = checkLeverage(trace, context, policy, ask, leverage, set.leverageCap);
  const asked = ask.lots === null ? (ask.notional ?? 0) : ask.lots * valuePerLot;
  const projected = project(set, { leverage, notional: asked }, locked);
  const lots = Math.min(
    checkBounds(trace, set, projected.leverage, locked, requestedLots, asked, price, rules),
    requestedLots,
  );
  const sendLots = Math.min(lots, rules.max_lots);
  if (sendLots < lots) trace.tighten(12, 'ABOVE_MAXIMUM', lots, rules.max_lots, 'lots');
  const minLots = minimumLots(rules, price.priceTicks);
  if (sendLots < minLots) denyTooSmall(trace, projected.binding, requestedLots, sendLots, minLots, price, rules);
  if (trace.denied) {
    trace.skip(13, 'RECHECK');
    trace.skip(14, 'STAGING');
    return { effective: null, plan: [] };
  }
  const isLimit = request.order_type === 'limit';
  const quantity = formatQuantity(sendLots, rules);
  const effective: EffectiveAction = {
    action,
    leverage: projected.leverage,
    limit_price: formatPrice(price.priceTicks, rules),
    lots: sendLots,
    max_slippage_bps: price.slippageBps,
    notional:
      lotsToQuantity(sendLots, rules) * Math.max(context.market.mark ?? 0, ticksToPrice(price.priceTicks, rules)),
    order_type: 'limit',
    price_ticks: price.priceTicks,
    quantity,
    reduce_only: false,
    requested_quantity: requestedLots === sendLots ? quantity : formatQuantity(requestedLots, rules),
    side: ask.side,
    time_in_force: isLimit ? 'GTC' : 'IOC',
  };
  recheck(trace, effective, set, locked, requestedLots, context, rules);
  const plan = stage(trace, context, policy, found, sendLots, minLots);
  return {
    effective: trace.denied ? null : effective,
    plan:
      plan.length === 1
        ? [{ delay_ms: 0, quantity, slice: 0 }]
        : describePlan(plan, rules, policy.spec.staging.spacing_ms),
  };
}

/** Leverage is a symbol setting at the venue that must stay while a position or order exists (-4161, BY-39). */
function checkLeverage(
  trace: Trace,
  context: ExecutionContext,
  policy: CompiledPolicy,
  ask: OpeningAsk,
  leverage: number,
  cap: number,
): number | null {
  if (ask.leverage > leverage) trace.tighten(12, 'BUDGET_LEVERAGE', ask.leverage, cap, 'x');
  else trace.pass(12, 'BUDGET_LEVERAGE', ask.leverage, cap, 'x');
  if (!context.market.leverage_locked) return null;
  const setting = context.market.leverage_setting;
  const ceiling = Math.max(1, Math.floor(policy.budgets.leverage));
  if (setting === null || setting > ceiling) {
    trace.deny(12, 'LEVERAGE_LOCKED', setting, ceiling, 'x');
    return null;
  }
  return setting;
}

/** Every bound of F in lots; those that cut are reasons. Returns the least. */
function checkBounds(
  trace: Trace,
  set: FeasibleSet,
  leverage: number,
  locked: number | null,
  requestedLots: number,
  asked: number,
  price: PriceBound,
  rules: RulesView,
): number {
  let least = requestedLots;
  const { codes, capsUsdt, basesUsdt } = set.bounds;
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] as ReasonCode;
    const cap = capsUsdt[i] as number;
    const base = basesUsdt[i] as number;
    const lots = lotsFor(cap - base, price.valueTicks, rules);
    if (lots < requestedLots) trace.tighten(12, code, base + asked, cap, 'USDT');
    else trace.pass(12, code, base + asked, cap, 'USDT');
    if (lots < least) least = lots;
  }
  const charged = locked === null ? leverage : Math.min(leverage, locked);
  const margin = marginBound(set.marginUsdt, charged, set.phi);
  const marginLots = lotsFor(margin, price.valueTicks, rules);
  if (marginLots < requestedLots) trace.tighten(12, 'BUDGET_MARGIN', asked, Math.max(0, margin), 'USDT');
  else trace.pass(12, 'BUDGET_MARGIN', asked, Math.max(0, margin), 'USDT');
  return Math.min(least, marginLots);
}

/** Never rounded up: what is permitted is below the venue's minimum, or nothing is left of the binding budget. */
function denyTooSmall(
  trace: Trace,
  binding: string | null,
  requestedLots: number,
  lots: number,
  minLots: number,
  price: PriceBound,
  rules: RulesView,
): void {
  const minimumUsdt = lotsToQuantity(minLots, rules) * ticksToPrice(price.valueTicks, rules);
  if (lots === 0 && requestedLots >= minLots && trace.reasons.some((reason) => reason.code === binding)) {
    // The reason that names the binding budget stands already; the order is denied on it.
    trace.note(12, 'PROJECTION', 'deny', 0, minLots, 'lots');
    trace.denied = true;
    return;
  }
  trace.deny(
    12,
    'BELOW_MINIMUM',
    lotsToQuantity(lots, rules) * ticksToPrice(price.valueTicks, rules),
    minimumUsdt,
    'USDT',
  );
}

/**
 * Rule 13: every cap once more in integers (lots x ticks), on the strings that will be sent, independent of how they
 * came about. INVARIANT: nothing leaves the gate that fails here.
 */
function recheck(
  trace: Trace,
  effective: EffectiveAction,
  set: FeasibleSet,
  locked: number | null,
  requestedLots: number,
  context: ExecutionContext,
  rules: RulesView,
): void {
  const lots = readDecimal(effective.quantity, rules.lot_scale) / rules.lot_mantissa;
  const ticks = readDecimal(effective.limit_price ?? '', rules.tick_scale) / rules.tick_mantissa;
  const units = lots * Math.max(ceilTicks(context.market.mark ?? Number.NaN, rules), ticks);
  const leverage = effective.leverage ?? 1;
  const charged = locked === null ? leverage : Math.min(leverage, locked);
  let worst = '';
  const { codes, capsUsdt, basesUsdt } = set.bounds;
  for (let i = 0; i < codes.length; i += 1) {
    // A bound without its figures would be NaN here, and so not met.
    const room = (capsUsdt[i] ?? Number.NaN) - (basesUsdt[i] ?? Number.NaN);
    if (!(units <= floorUnits(room, rules))) worst = codes[i] ?? 'FORM';
  }
  if (!(units <= floorUnits(marginBound(set.marginUsdt, charged, set.phi), rules))) worst = 'BUDGET_MARGIN';
  if (!(leverage <= set.leverageCap)) worst = 'BUDGET_LEVERAGE';
  if (!(lots >= 1 && lots <= requestedLots && lots === effective.lots && ticks === effective.price_ticks && ticks > 0))
    worst = 'FORM';
  if (!Number.isSafeInteger(units)) worst = 'RANGE';
  if (worst === '') trace.pass(13, 'RECHECK', units, null, 'units');
  else trace.deny(13, 'INTERNAL_RECHECK', worst, units, 'units');
}

/** Rule 14: slices by regime, bounded by the order tokens left; a later slice is never split again. */
function stage(
  trace: Trace,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  lots: number,
  minLots: number,
): readonly number[] {
  if (context.phase !== 'parent') {
    trace.pass(14, 'STAGING', 1, 1, 'slices');
    return [lots];
  }
  const regimeSlices = policy.regimes[found.regime.regime].slices;
  const plan = planSlices(lots, minLots, regimeSlices, rateTokensLeft(context, policy, found.budget));
  trace.pass(14, 'STAGING', plan.length, regimeSlices, 'slices');
  return plan;
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

function describeCancel(order: OrderView | null, rules: RulesView | null): EffectiveAction {
  const lots = order === null ? 0 : order.lots - order.filled_lots;
  const quantity = rules === null || !areUsable(rules) ? String(lots) : formatQuantity(lots, rules);
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

function decideCancel(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
): ExecutionDecision {
  checkSchema(trace, context, 'cancel');
  checkScope(trace, request, context, policy, 'cancel');
  checkOwnership(trace, request, context.order);
  checkState(trace, request, context, 'cancel', true);
  return conclude(trace, policy, found, describeCancel(context.order, context.market.rules), []);
}

/**
 * Modify = amend in place, judged as the order it becomes (BY-07). Smaller at a price no more aggressive reduces risk;
 * a total at or below what is filled is a cancel; everything else must be wholly allowed as a new opening order.
 */
function decideModify(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
): ExecutionDecision {
  const order = context.order;
  const rules = context.market.rules;
  if (!checkOwnership(trace, request, order) || order === null) return conclude(trace, policy, found, null, []);
  if (rules === null || !areUsable(rules) || order.price_ticks === null) {
    trace.deny(4, 'STALE_FILTERS', null, null, null);
    return conclude(trace, policy, found, null, []);
  }
  const target = amendedTarget(request, order, rules, context.market.mark);
  if (target.totalLots <= order.filled_lots) {
    checkState(trace, request, context, 'cancel', true);
    return conclude(trace, policy, found, describeCancel(order, rules), []);
  }
  const reduces = target.totalLots <= order.lots && !target.isMoreAggressive;
  if (reduces || order.reduce_only) return amendReducing(trace, request, context, policy, found, order, target, rules);
  return amendOpening(trace, request, context, policy, found, order, target, rules);
}

interface AmendTarget {
  readonly totalLots: number;
  readonly priceTicks: number;
  readonly isMoreAggressive: boolean;
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
  // Valued like a new order, at the worse of limit and mark.
  const valueTicks = Math.max(1, priceTicks, mark === null ? 0 : ceilTicks(mark, rules));
  const totalLots =
    request.requested_notional === null ? order.lots : lotsFor(request.requested_notional, valueTicks, rules);
  return { totalLots, priceTicks, isMoreAggressive: order.side === 'buy' ? priceTicks > old : priceTicks < old };
}

function describeAmend(
  order: OrderView,
  target: AmendTarget,
  rules: RulesView,
  leverage: number | null,
): EffectiveAction {
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
    requested_quantity: formatQuantity(target.totalLots, rules),
    side: order.side,
    time_in_force: 'GTC',
  };
}

function amendReducing(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  order: OrderView,
  target: AmendTarget,
  rules: RulesView,
): ExecutionDecision {
  checkSchema(trace, context, order.reduce_only ? 'exit' : 'amend');
  checkScope(trace, request, context, policy, 'amend');
  checkState(trace, request, context, order.reduce_only ? 'exit' : 'amend', true);
  for (const [rule, code] of SKIPPED_BY_EXITS) trace.skip(rule, code);
  // A reduce-only order may grow to what its agent may close, no further: the venue would refuse it, or it is another's.
  const exit = findExit({ ...request, side: order.side }, context, policy);
  const ceiling = order.reduce_only ? order.filled_lots + (exit?.permittedLots ?? 0) : target.totalLots;
  if (target.totalLots > ceiling) trace.deny(12, 'MODIFY_NOT_ALLOWED', target.totalLots, ceiling, 'lots');
  if (target.priceTicks < 1)
    trace.deny(12, 'BELOW_MINIMUM', ticksToPrice(target.priceTicks, rules), ticksToPrice(1, rules), 'USDT');
  if (!trace.denied) trace.pass(13, 'RECHECK', target.totalLots, null, 'lots');
  return conclude(trace, policy, found, describeAmend(order, target, rules, null), []);
}

function amendOpening(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  order: OrderView,
  target: AmendTarget,
  rules: RulesView,
): ExecutionDecision {
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
  const ask: OpeningAsk = { side: order.side, leverage: 1, lots: remaining, notional: null };
  const opening = runOpeningRules(trace, asNew, context, policy, found, ask, 'amend');
  const fitted = opening.effective;
  const whole = fitted !== null && fitted.lots === remaining && fitted.price_ticks === target.priceTicks;
  if (!whole) trace.deny(12, 'MODIFY_NOT_ALLOWED', fitted?.lots ?? 0, remaining, 'lots');
  return conclude(trace, policy, found, whole ? describeAmend(order, target, rules, fitted.leverage) : null, []);
}
