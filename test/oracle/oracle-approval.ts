import type { ApprovalGrant, ExecutionContext } from '../../daemon/core/context.ts';
import type { ApprovalCondition, ApprovalKey, IntendedPolicySpec, RequestMatch } from '../../daemon/core/policy.ts';
import type { ReasonCode } from '../../daemon/core/reasons.ts';
import type { ExecutionRequest, Side } from '../../daemon/core/request.ts';
import { trustLevel } from './oracle-factors.ts';
import { askedInLots, type OpeningResult, tickSize } from './oracle-price.ts';
import { add, compare, exact, floor, mul, type Rational, toNumber, whole } from './rational.ts';

/** Rule 16 (docs/approvals.md), in exact fractions: what a person must approve, and whether an order is what was approved. */

/** The hash under which the cases compile their policy. */
export const ORACLE_POLICY_HASH = 'test';

export function grantOf(context: ExecutionContext): ApprovalGrant | null {
  return context.approval?.grant ?? null;
}

/** The worst price that was approved, in ticks. */
export function approvedTicks(context: ExecutionContext): bigint | null {
  const ofOrder = context.phase === 'slice' ? (context.approval?.order_price_ticks ?? null) : null;
  const ticks = grantOf(context)?.price_ticks ?? ofOrder;
  return ticks === null ? null : BigInt(ticks);
}

export function judgeApproval(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  side: Side,
  opening: OpeningResult,
  unheldTicks: bigint,
  policyHash: string,
): Extract<ReasonCode, 'APPROVAL_REQUIRED' | 'APPROVAL_STALE' | 'APPROVAL_CEILING'> | null {
  if (context.phase !== 'parent') return null;
  const grant = grantOf(context);
  if (grant === null) return isWanted(request, context, policy, opening) ? 'APPROVAL_REQUIRED' : null;
  if (grant.policy_hash !== policyHash || !fits(grant, request, context, side, opening)) return 'APPROVAL_STALE';
  if (grant.quorum < peopleNeeded(context, policy, opening)) return 'APPROVAL_STALE';
  const { rules } = context.market;
  const lots = rules === null ? 0n : floor(askedInLots(request, opening.sizeValue, rules));
  const isCut =
    BigInt(request.requested_leverage ?? 1) > BigInt(grant.leverage) ||
    lots > BigInt(grant.lots) ||
    (side === 'buy' ? unheldTicks > BigInt(grant.price_ticks) : unheldTicks < BigInt(grant.price_ticks));
  return isCut ? 'APPROVAL_CEILING' : null;
}

function fits(
  grant: ApprovalGrant,
  request: ExecutionRequest,
  { market, now_ms: now }: ExecutionContext,
  side: Side,
  { leverage, lots }: OpeningResult,
): boolean {
  if (now >= grant.expires_at_ms) return false;
  if (grant.agent !== request.agent || grant.symbol !== request.symbol || grant.side !== side) return false;
  const kept = market.leverage_locked ? (market.leverage_setting ?? 1) : 1;
  if (lots > BigInt(grant.lots) || leverage > BigInt(grant.leverage) || kept > grant.leverage) return false;
  if (request.order_type !== 'market' || market.rules === null) return true;
  const worst = mul(whole(grant.price_ticks), tickSize(market.rules));
  const quote = exact((side === 'buy' ? market.ask : market.bid) ?? 0);
  return side === 'buy' ? compare(quote, worst) <= 0 : compare(quote, worst) >= 0;
}

/** More people for the order that brings all that was opened within the window above the second threshold. */
function peopleNeeded(
  { approval }: ExecutionContext,
  { approvals }: IntendedPolicySpec,
  opening: OpeningResult,
): number {
  if (approvals?.quorum === undefined) return 1;
  const before = add(exact(approval?.opened_usdt ?? 0), exact(approval?.approved_usdt ?? 0));
  const all = add(before, mul(whole(opening.lots), opening.lotValue));
  return compare(all, exact(approvals.quorum_above_usdt ?? 0)) > 0 ? approvals.quorum : 1;
}

function isWanted(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  opening: OpeningResult,
): boolean {
  const { approval } = context;
  const opened =
    approval === undefined ? null : add(exact(approval.opened_usdt), mul(whole(opening.lots), opening.lotValue));
  return (policy.approvals?.when ?? []).some((condition) =>
    isMet(condition, request, context, policy, opened, opening),
  );
}

function isMet(
  condition: ApprovalCondition,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  opened: Rational | null,
  opening: OpeningResult,
): boolean {
  const level = trustLevel(context, policy);
  const filledAt = context.pacing.last_open_fill_at_ms;
  const parts: boolean[] = [];
  // What is not known counts as above.
  if (condition.notional_above_usdt !== undefined)
    parts.push(opened === null || compare(opened, exact(condition.notional_above_usdt)) > 0);
  if (condition.untraded_ms !== undefined)
    parts.push(filledAt === null || context.now_ms - filledAt >= condition.untraded_ms);
  if (condition.provenance_below !== undefined) parts.push(level.provenance < condition.provenance_below);
  if (condition.venues !== undefined) parts.push(condition.venues.some((venue) => venue === context.venue));
  if (condition.agents !== undefined) parts.push(condition.agents.includes(request.agent));
  if (condition.capability_risk_above !== undefined)
    parts.push(level.capability_risk > condition.capability_risk_above);
  for (const [member, match] of Object.entries(condition.request ?? {}))
    parts.push(
      isNamed(
        member === 'requested_notional' ? asUsdt(request, context, opening) : request[member as ApprovalKey],
        match,
      ),
    );
  return parts.every(Boolean);
}

/** The size as a policy reads it: a quantity is what it costs at the price at which a notional would be sized. */
function asUsdt(
  request: ExecutionRequest,
  { market: { rules } }: ExecutionContext,
  { sizeValue }: OpeningResult,
): number | null {
  if (request.quantity === null || rules === null) return request.requested_notional;
  return toNumber(mul(askedInLots(request, sizeValue, rules), sizeValue));
}

/** What the request leaves out is named by nothing; a text is neither above nor below. */
function isNamed(said: string | number | null, { above, below, in: among }: RequestMatch): boolean {
  const isNumber = typeof said === 'number';
  return (
    said !== null &&
    (among === undefined || among.includes(said)) &&
    (above === undefined || (isNumber && said > above)) &&
    (below === undefined || (isNumber && said < below))
  );
}
