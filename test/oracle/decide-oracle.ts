import type { ExecutionContext } from '../../daemon/core/context.ts';
import type { ActionClass, Verdict } from '../../daemon/core/decision.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { ReasonCode } from '../../daemon/core/reasons.ts';
import type { ExecutionRequest, Side } from '../../daemon/core/request.ts';
import { checkFreshness, checkPacing, checkPositionLimits, checkScope, checkState } from './oracle-admission.ts';
import { type Findings, ownSection, tightenBudgets } from './oracle-factors.ts';
import { lotSize, minimumLots, type OpeningResult, projectOpening, tickSize } from './oracle-opening.ts';
import { ceil, div, exact, floor, mul, whole } from './rational.ts';

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
  /** When not empty, at least one of these must stand in the reasons of a BLOCK. */
  readonly denyOneOf: ReadonlySet<ReasonCode>;
  /** May stand in the reasons beside the above. */
  readonly tighten: ReadonlySet<ReasonCode>;
  /** The figures of rule 12, null where it does not apply. */
  readonly opening: OpeningResult | null;
}

function blocked(
  findings: Findings,
  oneOf: readonly ReasonCode[] = [],
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
    denyOneOf: new Set(oneOf),
    tighten: findings.tighten,
    opening,
  };
}

/** Throws where the documents give no answer (an exit by notional while the mark is unknown, `modify`). */
export function decideByTheDocuments(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
): OracleDecision {
  if (request.intent === 'cancel') return decideCancel(request, context, policy);
  if (request.intent === 'modify') throw new Error('the oracle does not decide modify_order');
  const { long_lots: long, short_lots: short } = context.exposure;
  const side = request.side ?? (long >= short ? 'sell' : 'buy');
  const opposite = side === 'sell' ? long : short;
  if (opposite > 0) return decideExit(request, side, context, policy);
  const findings: Findings = { deny: new Set(), tighten: new Set() };
  if (request.intent === 'close' || request.reduce_only) {
    findings.deny.add('NOT_REDUCING');
    return blocked(findings);
  }
  return decideOpening(request, side, context, policy, findings);
}

function decideOpening(
  request: ExecutionRequest,
  side: Side,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  findings: Findings,
): OracleDecision {
  checkScope(request, context, policy, findings.deny);
  checkState(context, findings.deny);
  checkFreshness(request, context, policy, findings.deny);
  const tightening = tightenBudgets(request, context, policy, findings);
  if (context.phase === 'parent') checkPacing(request, context, policy, tightening, findings.deny);
  checkPositionLimits(request, context, policy, findings.deny);
  const { mark, bid, ask, rules } = context.market;
  if (mark === null || bid === null || ask === null || rules === null) return blocked(findings);
  const opening = projectOpening(request, side, context, policy, tightening, { mark, bid, ask, rules }, findings);
  if (findings.deny.size > 0) return blocked(findings, [], opening);
  if (opening.lots < opening.minimumLots || opening.lots < 1n)
    return blocked(findings, [...opening.binding, 'BELOW_MINIMUM'], opening);
  const isAsAsked =
    opening.lots === opening.requestedLots &&
    opening.leverage === BigInt(request.requested_leverage ?? 1) &&
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
    denyOneOf: new Set(),
    tighten: findings.tighten,
    opening,
  };
}

/** A verified exit: at most the position, at least a lot, a rest that could not be sold alone taken along. */
function decideExit(
  request: ExecutionRequest,
  side: Side,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
): OracleDecision {
  const findings: Findings = { deny: new Set(), tighten: new Set(['EXIT_CLIPPED', 'CROSSES_ZERO']) };
  if (request.account !== context.account_name) findings.deny.add('SCOPE_ACCOUNT');
  if (request.venue !== context.venue) findings.deny.add('SCOPE_VENUE');
  const isAgent = request.origin === 'agent';
  if (isAgent && context.state.state === 'halted') findings.deny.add('STATE_HALTED');
  const { exposure, agent, market } = context;
  const position = BigInt(side === 'sell' ? exposure.long_lots : exposure.short_lots);
  const exitScope = ownSection(policy, request.agent).exits?.scope ?? policy.exits.scope;
  let available = position;
  if (isAgent && exitScope === 'own') {
    const share = BigInt(side === 'sell' ? agent.share_lots : -agent.share_lots);
    available = share < position ? share : position;
    if (available <= 0n) {
      const opposed = side === 'sell' ? exposure.opposed_by_long : exposure.opposed_by_short;
      if (request.intent === 'open' && opposed !== null) return blocked(findings, ['OPPOSES_AGENT', 'EXIT_SCOPE']);
      return blocked(findings, ['EXIT_SCOPE']);
    }
  }
  if (findings.deny.size > 0) return blocked(findings);
  if (market.rules === null) return blocked(findings, ['STALE_FILTERS']);
  const { rules } = market;
  if (market.mark === null) throw new Error('the oracle does not value an exit without a mark');
  const markTicks = ceil(div(exact(market.mark), tickSize(rules)));
  const lotValue = mul(whole(markTicks), tickSize(rules), lotSize(rules));
  const asked =
    request.requested_notional === null
      ? floor(mul(exact(request.fraction ?? 1), whole(available)))
      : floor(div(exact(request.requested_notional), lotValue));
  let lots = asked < 1n ? 1n : asked;
  if (lots > available) lots = available;
  const rest = available - lots;
  if (rest > 0n && rest < minimumLots(rules, markTicks)) lots = available;
  return {
    decision: lots === asked ? 'ALLOW' : 'LIMIT',
    action: 'exit',
    side,
    lots,
    leverage: null,
    priceTicks: null,
    reduceOnly: true,
    slices: 1n,
    deny: new Set(),
    denyOneOf: new Set(),
    tighten: findings.tighten,
    opening: null,
  };
}

function decideCancel(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
): OracleDecision {
  const findings: Findings = { deny: new Set(), tighten: new Set() };
  const scope = { ...policy.scope, ...ownSection(policy, request.agent).scope };
  if (request.account !== context.account_name) findings.deny.add('SCOPE_ACCOUNT');
  if (request.venue !== context.venue) findings.deny.add('SCOPE_VENUE');
  if (request.tool === 'cancel_order') {
    const { order } = context;
    const isAgent = request.origin === 'agent';
    if (order === null) findings.deny.add('ORDER_UNKNOWN');
    else {
      if (isAgent && (order.agent !== request.agent || order.is_protective)) findings.deny.add('ORDER_NOT_OWN');
      if (!order.is_open) findings.deny.add('ORDER_NOT_OPEN');
      if (isAgent && context.state.state === 'halted' && order.reduce_only) findings.deny.add('STATE_HALTED');
    }
  } else if (request.symbol !== null && !scope.symbols.includes(request.symbol)) {
    const { long_units, short_units, long_lots, short_lots } = context.exposure;
    if (long_units + short_units + long_lots + short_lots === 0) findings.deny.add('SCOPE_SYMBOL');
  }
  if (findings.deny.size > 0) return blocked(findings);
  return { ...blocked(findings), decision: 'ALLOW', action: 'cancel' };
}
