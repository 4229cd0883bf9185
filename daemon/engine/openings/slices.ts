/**
 * Later slices of an opening parent: each is decided again when it falls due (SAE-M5). Pure functions, so that the daemon
 * and a replay send the same (SAE-SAME-CODE).
 */
import type { ExecutionDecision } from '../../core/decision.ts';
import { copyRequest, type ExecutionRequest } from '../../core/request.ts';
import { isPlanned, type OrderState } from '../orders/orders.ts';
import { planSingle, type Steps } from '../plan/orders.ts';
import type { ReviewPlace } from '../plan/standing.ts';
import type { Ask } from '../readings/inputs.ts';
import { laterAsk } from '../readings/inputs.ts';
import type { DecisionEvent, PlannedOrder } from '../records/events.ts';
import { whyEnded } from './authority.ts';
import type { AuthorityNow } from './authority-now.ts';

export const FIRST_REJECTED = 'slice 0 was rejected';

export type SliceStep =
  | { readonly kind: 'gone' | 'early' | 'decide' }
  | { readonly kind: 'ended'; readonly why: string }
  | { readonly kind: 'wait'; readonly waitMs: number };

/**
 * What is to be done with a slice whose time may have come. `waitMs`: wall time until the venue's limit leaves room for it,
 * which is waited for, since a slice has no caller who could ask again.
 */
export function stepOfSlice(order: OrderState, now: AuthorityNow, waitMs: () => number): SliceStep {
  if (!isPlanned(order)) return { kind: 'gone' };
  const why = whyEnded(order, now);
  if (why !== null) return { kind: 'ended', why };
  if (now.tMs < order.dueAtMs) return { kind: 'early' };
  const leftMs = waitMs();
  return leftMs > 0 ? { kind: 'wait', waitMs: leftMs } : { kind: 'decide' };
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

export function sliceAsk(place: ReviewPlace, order: OrderState): Ask {
  const ask = laterAsk(place, order.tokenSkillSha256, order, order.quantityE8);
  // The parent's own.
  ask.parentPriceE8 = order.priceE8;
  return ask;
}

/** An opposite position may have come about meanwhile: a slice that would now be an exit is not sent. */
export function planSlice(
  decision: ExecutionDecision,
  order: OrderState,
  steps: Steps | undefined,
): readonly PlannedOrder[] {
  const { effective } = decision;
  if (decision.decision === 'BLOCK' || effective?.action !== 'open' || steps === undefined) return [];
  return [planSingle(effective, steps, order.symbol, order.clientOrderId, order.slice)];
}

/** One that is refused ends those after it. */
export function describeRefusedSlice(code: string | undefined): string {
  return `a later slice was refused: ${code ?? 'no longer an opening order'}`;
}

/** Of a parent: those that were never sent. */
export function unsentOf(orders: readonly OrderState[]): readonly OrderState[] {
  return orders.filter(isPlanned);
}
