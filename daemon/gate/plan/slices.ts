/**
 * Later slices of an opening parent: each is decided again when it falls due (SAE-M5). Pure functions, so that the daemon
 * and a replay send the same (SAE-SAME-CODE).
 */
import type { ExecutionDecision } from '../../core/decision.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import { copyRequest, type ExecutionRequest } from '../../core/request.ts';
import type { DecisionEvent, PlannedOrder } from '../events.ts';
import type { Ask } from '../snapshot/inputs.ts';
import { laterAsk } from '../snapshot/inputs.ts';
import type { OrderState } from '../state/orders.ts';
import { planSingle } from './orders.ts';
import type { ReviewPlace } from './standing.ts';

export const STAGING_EXPIRED = 'the staging plan ran out of time';
export const FIRST_REJECTED = 'slice 0 was rejected';
export const CALLER_GONE = 'whoever asked for it may ask no more: the token is revoked, or the passkey removed';
export const UNSEEN = 'another policy is in force, and nobody has looked at the order who has to by that one';

/**
 * What is to be done with a slice whose time may have come. `waitMs`: wall time until the venue's limit leaves room for it,
 * which is waited for, since a slice has no caller who could ask again; `ttlMs`: of the staging plan.
 */
export function stepOfSlice(
  order: OrderState,
  nowMs: number,
  ttlMs: number,
  waitMs: () => number,
): 'gone' | 'early' | 'expired' | 'wait' | 'decide' {
  if (order.status !== 'pending_send') return 'gone';
  if (nowMs < order.dueAtMs) return 'early';
  if (nowMs > order.plannedAtMs + ttlMs) return 'expired';
  return waitMs() > 0 ? 'wait' : 'decide';
}

/** As its parent was permitted, and no more. */
export function sliceRequest(parent: DecisionEvent): ExecutionRequest {
  const { effective } = parent.decision;
  const request = copyRequest(parent.request);
  request.max_slippage_bps = effective?.max_slippage_bps ?? parent.request.max_slippage_bps;
  request.requested_leverage = effective?.leverage ?? parent.request.requested_leverage;
  request.request_id = null;
  return request;
}

export function sliceAsk(place: ReviewPlace, order: OrderState, tokenSkillSha256: string | null): Ask {
  const ask = laterAsk(place, tokenSkillSha256, order, order.lots);
  // The parent's own, in the ticks of now.
  ask.parentPriceTicks = order.priceTicks;
  return ask;
}

/**
 * Whether people are asked by the policy in force and looked at the parent, if at all, under another one. What they would
 * be asked is of the parent as a whole, and rule 16 asks nobody about a part of one: it ends as an approval would.
 */
export function isUnseen(parent: DecisionEvent, policy: IntendedPolicySpec, policyHash: string): boolean {
  return policy.approvals !== undefined && parent.decision.policy_hash !== policyHash;
}

/** An opposite position may have come about meanwhile: a slice that would now be an exit is not sent. */
export function planSlice(decision: ExecutionDecision, order: OrderState): readonly PlannedOrder[] {
  const { effective } = decision;
  if (decision.decision === 'BLOCK' || effective?.action !== 'open') return [];
  return [planSingle(effective, order.symbol, order.clientOrderId, order.slice)];
}

/** One that is refused ends those after it. */
export function describeRefusedSlice(code: string | undefined): string {
  return `a later slice was refused: ${code ?? 'no longer an opening order'}`;
}

/** Of a parent: those that were never sent. */
export function unsentOf(orders: readonly OrderState[]): readonly OrderState[] {
  return orders.filter(({ status }) => status === 'pending_send');
}
