import type { RulesView } from '../../daemon/core/arithmetic/quantities.ts';
import type { ExecutionContext } from '../../daemon/core/context.ts';
import type { ActionClass, Verdict } from '../../daemon/core/decision.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { ReasonCode } from '../../daemon/core/reasons.ts';
import type { ExecutionRequest, Side } from '../../daemon/core/request.ts';
import { checkFreshness, checkPacing, checkPositionLimits, checkScope, checkState } from './oracle-admission.ts';
import { approvedTicks, grantOf, judgeApproval, ORACLE_POLICY_HASH } from './oracle-approval.ts';
import { boundOfExit, isBeyondRange, isResting } from './oracle-exit.ts';
import { type Findings, ownBudgets, tightenBudgets } from './oracle-factors.ts';
import { checkHolding, isOneOpeningTooMany, isOnePartTooMany } from './oracle-holding.ts';
import { boundSlippage, isShortByLots, projectOpening } from './oracle-opening.ts';
import { exactPrice, isDislocated, lotSize, type OpeningResult, tickSize } from './oracle-price.ts';
import { add, ceil, div, exact, floor, higher, lower, mul, type Rational, whole } from './rational.ts';

/**
 * A second `decide`, written from DESIGN section 3 and SAE sections 3 to 6 alone, in exact fractions and without a
 * thought for speed. It shares types and `classifyRegime` with the gate and nothing else.
 */
export interface OracleDecision {
  readonly decision: Verdict;
  readonly action: ActionClass | null;
  readonly side: Side | null;
  readonly lots: bigint;
  /** Null: the documents do not say, or the order has none. */
  readonly leverage: bigint | null;
  readonly priceTicks: bigint | null;
  readonly reduceOnly: boolean;
  readonly slices: bigint;
  /** Every one of these must stand in the reasons. */
  readonly deny: ReadonlySet<ReasonCode>;
  /** Of each group that is not empty, at least one must stand in the reasons of a BLOCK. */
  readonly denyGroups: readonly ReadonlySet<ReasonCode>[];
  /** May stand in the reasons beside the above. */
  readonly tighten: ReadonlySet<ReasonCode>;
  /** The figures of rule 12, null where it does not apply. */
  readonly opening: OpeningResult | null;
  /** More than was asked: the least that the venue takes, or a rest taken along. */
  readonly isRaised: boolean;
}

/** A third has no end: a part that lacks so little of a lot, as its fraction is written, is whole. */
const ALMOST = exact(1e-9);
const BELOW_MINIMUM: ReadonlySet<ReasonCode> = new Set(['BELOW_MINIMUM']);

function blocked(
  findings: Findings,
  groups: readonly ReadonlySet<ReasonCode>[] = [],
  opening: OpeningResult | null = null,
): OracleDecision {
  return {
    decision: 'BLOCK',
    action: null,
    side: null,
    lots: 0n,
    leverage: null,
    priceTicks: null,
    reduceOnly: false,
    slices: 0n,
    deny: findings.deny,
    denyGroups: groups.filter((group) => group.size > 0),
    tighten: findings.tighten,
    opening,
    isRaised: false,
  };
}

/**
 * Throws where the documents give no answer (an exit by notional while the mark is unknown, `modify`).
 * `policyHash`: that of the policy, which an approval names.
 */
export function decideByTheDocuments(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  policyHash = ORACLE_POLICY_HASH,
): OracleDecision {
  if (request.intent === 'cancel') return decideCancel(request, context);
  if (request.intent === 'modify') throw new Error('the oracle does not decide modify_order');
  const { long_lots: long, short_lots: short } = context.exposure;
  const side = request.side ?? (long >= short ? 'sell' : 'buy');
  const opposite = side === 'sell' ? long : short;
  const findings: Findings = { deny: new Set(), tighten: new Set() };
  if (request.intent === 'open' && !request.reduce_only)
    return decideOpening(request, side, context, policy, findings, policyHash);
  if (opposite > 0) return decideExit(request, side, context, policy);
  findings.deny.add('NOT_REDUCING');
  if (request.origin === 'agent' && context.state.state === 'halted') findings.deny.add('STATE_HALTED');
  return blocked(findings, [checkDoor(request, context)]);
}

function decideOpening(
  request: ExecutionRequest,
  side: Side,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  findings: Findings,
  policyHash: string,
): OracleDecision {
  const scope = checkScope(request, context, policy, findings.deny);
  checkState(request, context, policy, findings.deny);
  // Nothing is known of a symbol out of scope, and nothing needs to be: its inputs, regime, pace and place say nothing.
  const isInScope = !scope.has('SCOPE_SYMBOL');
  if (isInScope) checkFreshness(request, context, policy, findings.deny);
  const tightening = tightenBudgets(request, context, policy, findings);
  if (!isInScope) {
    findings.deny.delete('REGIME_REDUCE_ONLY');
    findings.tighten.delete('REGIME_TIGHTENED');
  }
  if (context.phase === 'parent' && context.duplicate_of !== null) findings.deny.add('DUPLICATE_INTENT');
  if (context.phase === 'parent' && isInScope) checkPacing(request, context, policy, tightening, findings.deny);
  checkPositionLimits(request, context, policy, findings.deny, isInScope);
  checkHolding(request, side, context, policy, findings.deny);
  if (isOneOpeningTooMany(context, policy)) findings.deny.add('OPENINGS_RESTING');
  const { mark, bid, ask, rules } = context.market;
  if (mark === null || bid === null || ask === null || rules === null) return blocked(findings, [scope]);
  const inputs = { mark, bid, ask, rules };
  if (isDislocated(inputs, policy.market.collar_bps)) {
    findings.deny.add('PRICE_DISLOCATED');
    return blocked(findings, [scope]);
  }
  // The venue takes no price outside of PRICE_FILTER: nothing is left to be projected.
  const slippage = boundSlippage(request, policy, ownBudgets(policy, request.agent), tightening, findings);
  const unheld = exactPrice(request, context, inputs, slippage, side, policy.market.collar_bps);
  const held = approvedTicks(context);
  const price = exactPrice(request, context, inputs, slippage, side, policy.market.collar_bps, held);
  if (price < BigInt(rules.min_price_ticks) || price > BigInt(rules.max_price_ticks)) {
    findings.deny.add('PRICE_OUT_OF_RANGE');
    return blocked(findings, [scope]);
  }
  const opening = projectOpening(request, side, context, policy, tightening, inputs, findings);
  if (findings.deny.size + scope.size > 0) {
    findings.tighten.add('BELOW_MINIMUM');
    return blocked(findings, [scope], opening);
  }
  if (opening.lots < opening.minimumLots) {
    const nothingLeft = opening.permittedLots.n === 0n && opening.requestedLots >= opening.minimumLots;
    return blocked(
      findings,
      [nothingLeft ? opening.binding : new Set([...BELOW_MINIMUM, ...(opening.lots === 0n ? opening.binding : [])])],
      opening,
    );
  }
  const approval = judgeApproval(request, context, policy, side, opening, unheld, policyHash);
  if (approval === 'APPROVAL_CEILING') findings.tighten.add(approval);
  else if (approval !== null) {
    findings.deny.add(approval);
    return blocked(findings, [], opening);
  }
  // A slice asks for what was approved.
  const leverage = Math.min(request.requested_leverage ?? 1, grantOf(context)?.leverage ?? Number.POSITIVE_INFINITY);
  const isAsAsked =
    approval === null &&
    !opening.isRounded &&
    opening.lots === opening.requestedLots &&
    opening.leverage === BigInt(leverage) &&
    !findings.tighten.has('PRICE_SLIPPAGE');
  return {
    decision: isAsAsked ? 'ALLOW' : 'LIMIT',
    action: 'open',
    side,
    lots: opening.lots,
    leverage: opening.leverage,
    priceTicks: opening.priceTicks,
    reduceOnly: false,
    slices: opening.slices,
    deny: new Set(),
    denyGroups: [],
    tighten: findings.tighten,
    opening,
    isRaised: false,
  };
}

/** What is meant for another venue or account never comes through this door, whatever it is. */
function checkDoor(request: ExecutionRequest, context: ExecutionContext): ReadonlySet<ReasonCode> {
  const wrong = new Set<ReasonCode>();
  if (request.venue !== context.venue) wrong.add('SCOPE_VENUE');
  if (request.account !== context.account_name) wrong.add('SCOPE_ACCOUNT');
  return wrong;
}

/** Lots of the position, and those of them that the caller may close: an operator and a stop all, else what is held. */
function closableLots(
  request: ExecutionRequest,
  side: Side,
  context: ExecutionContext,
): { readonly position: bigint; readonly available: bigint } {
  const { exposure, agent } = context;
  const position = BigInt(side === 'sell' ? exposure.long_lots : exposure.short_lots);
  // A stop of the gate has a size from the start.
  const isStop = request.origin === 'gate' && context.phase === 'parent' && context.slice_lots !== null;
  if (request.origin === 'operator' || isStop) return { position, available: position };
  const own = higher(0n, BigInt(side === 'sell' ? agent.share_lots : -agent.share_lots));
  return { position, available: lower(position, own) };
}

/** What a part is taken of: what is proven to be held, where anything is; a reading may lag behind. */
function sharedOut(
  { fraction }: ExecutionRequest,
  side: Side,
  { exposure }: ExecutionContext,
  available: bigint,
): bigint {
  const proven = BigInt(side === 'sell' ? exposure.position_lots : -exposure.position_lots);
  return fraction !== null && fraction < 1 && proven > 0n ? lower(proven, available) : available;
}

/** In lots, before they are whole. */
function askedOfExit(
  request: ExecutionRequest,
  side: Side,
  context: ExecutionContext,
  rules: RulesView,
  available: bigint,
): Rational {
  if (context.slice_lots !== null) return whole(context.slice_lots);
  const { fraction, quantity, requested_notional: usdt } = request;
  if (quantity !== null) return div(exact(quantity), lotSize(rules));
  if (usdt !== null) return div(exact(usdt), mul(exact(exitPrice(request, context)), lotSize(rules)));
  return mul(exact(fraction ?? 1), whole(sharedOut(request, side, context, available)));
}

/**
 * Whole lots that were asked for. A notional is made of them by its price in whole ticks, upwards: whether that is the price
 * that is sent or the one as written, the order is worth no more than was asked for.
 */
function askedLots(request: ExecutionRequest, context: ExecutionContext, rules: RulesView, size: Rational): bigint {
  const { quantity, requested_notional: usdt } = request;
  if (context.slice_lots !== null || quantity !== null) return floor(size);
  if (usdt === null) return floor(add(size, ALMOST));
  const tick = tickSize(rules);
  const price = mul(whole(ceil(div(exact(exitPrice(request, context)), tick))), tick);
  return floor(div(exact(usdt), mul(price, lotSize(rules))));
}

function exitPrice(request: ExecutionRequest, { market, exposure }: ExecutionContext): number {
  if (request.order_type === 'limit' && request.limit_price !== null) return request.limit_price;
  const price = market.mark ?? exposure.recorded_price;
  if (price === null) throw new RangeError('the oracle does not value an exit by notional without any price');
  return price;
}

/** A take-profit of an agent beyond their number. */
function isOneTooMany(
  { origin }: ExecutionRequest,
  { agent, phase }: ExecutionContext,
  policy: IntendedPolicySpec,
): boolean {
  if (origin !== 'agent' || phase !== 'parent') return false;
  return agent.resting_exits >= (policy.exits.resting ?? 50) || agent.symbol_resting_exits >= 100;
}

/**
 * A verified exit: at most what the caller may close, at least the least quantity, a rest below that taken along, and
 * less than that closed by an order of it where nobody else holds a part. A notional is valued at the mark, else at what
 * was last recorded of the position; a fraction and a quantity need no price.
 */
function decideExit(
  request: ExecutionRequest,
  side: Side,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
): OracleDecision {
  const findings: Findings = { deny: new Set(), tighten: new Set(['EXIT_CLIPPED', 'ABOVE_MAXIMUM']) };
  const door = checkDoor(request, context);
  if (context.market.rules === null) findings.tighten.add('STALE_FILTERS');
  if (request.origin === 'agent' && context.state.state === 'halted') findings.deny.add('STATE_HALTED');
  const { position, available } = closableLots(request, side, context);
  if (available === 0n) {
    findings.deny.add('EXIT_SCOPE');
    return blocked(findings, [door]);
  }
  const { rules } = context.market;
  if (rules === null)
    return blocked(findings, [
      door,
      ...(findings.deny.size + door.size > 0 ? [] : [new Set(['STALE_FILTERS' as const])]),
    ]);
  const isMoved = isBeyondRange(request, side, rules);
  if (isMoved) findings.tighten.add('PRICE_OUT_OF_RANGE');
  const bound = boundOfExit(request, side, context, policy);
  if (bound.isInsideSpread) findings.tighten.add('BOUND_INSIDE_SPREAD');
  if (grantOf(context) !== null) findings.deny.add('APPROVAL_STALE');
  const size = askedOfExit(request, side, context, rules, available);
  const asked = askedLots(request, context, rules, size);
  const least = higher(1n, BigInt(rules.min_lots));
  let lots = lower(higher(asked, least), available);
  // reduceOnly orders have no minimum notional at the venue: only the least quantity binds the rest.
  if (available - lots < least) lots = available;
  if (available < least && available === position) lots = least;
  const rests = isResting(request, side, context, policy);
  if (rests && isOneTooMany(request, context, policy)) findings.deny.add('EXITS_RESTING');
  // What is closed beyond what was asked, for the least quantity, makes no full close of a part.
  const isWhole = request.fraction === null ? asked >= available : request.fraction >= 1;
  if (isOnePartTooMany(request, context, { isWhole, isResting: rests })) findings.deny.add('EXIT_IN_PROGRESS');
  if (findings.deny.size + door.size > 0) return blocked(findings, [door]);
  const isRounded = asked <= lots && isShortByLots(size, whole(lots));
  if (isRounded) findings.tighten.add('LOT_ROUNDING');
  // The largest market order of every drawn symbol is no smaller.
  lots = lower(lots, BigInt(rules.max_lots));
  return {
    decision: lots === asked && !isRounded && !isMoved && !bound.isInsideSpread ? 'ALLOW' : 'LIMIT',
    action: 'exit',
    side,
    lots,
    leverage: null,
    priceTicks: bound.ticks,
    reduceOnly: true,
    slices: 1n,
    deny: new Set(),
    denyGroups: [],
    tighten: findings.tighten,
    opening: null,
    isRaised: lots > asked,
  };
}

function decideCancel(request: ExecutionRequest, context: ExecutionContext): OracleDecision {
  const findings: Findings = { deny: new Set(), tighten: new Set() };
  const { order } = context;
  const isAgent = request.origin === 'agent';
  if (request.tool === 'cancel_order') {
    if (order === null) findings.deny.add('ORDER_UNKNOWN');
    else if (isAgent && (order.agent !== request.agent || order.is_protective)) findings.deny.add('ORDER_NOT_OWN');
    else if (!order.is_open) findings.deny.add('ORDER_NOT_OPEN');
    if (isAgent && context.state.state === 'halted' && order?.reduce_only === true) findings.deny.add('STATE_HALTED');
  }
  const door = checkDoor(request, context);
  if (findings.deny.size + door.size > 0) return blocked(findings, [door]);
  return { ...blocked(findings), decision: 'ALLOW', action: 'cancel' };
}
