import { type Claim, closedE8 } from '../orders/claims.ts';
import { isAtVenue, isExpired, liveState, type OrderState } from '../orders/orders.ts';
import type { ExecutionState } from '../records/decisions.ts';

/** The orders of an exit that have left; the unsent one while there is no other. */
export function ordersOf({ first, orders }: Claim): readonly OrderState[] {
  const sent = orders.filter((order) => order !== first || order.sentAtMs !== null || order.executedE8 > 0);
  return sent.length > 0 ? sent : [first];
}

/** INVARIANT: while a claim goes on, no state says rejected, canceled or expired. */
export function stateOf(claim: Claim): ExecutionState {
  const { askedE8, end, orders } = claim;
  const filledE8 = closedE8(claim);
  const live = liveState(orders.filter(isAtVenue));
  if (live !== null) return live === 'working' && filledE8 > 0 ? 'partially_filled' : live;
  if (end === null) return 'staging';
  if (filledE8 > 0) return end.reason === 'filled' || filledE8 >= askedE8 ? 'filled' : 'partially_filled';
  if (end.reason === 'rejected') return 'rejected';
  const hasExpired = end.reason === 'canceled' && claim.wants === 'rest' && orders.slice(-1).some(isExpired);
  return end.reason === 'exhausted' || hasExpired ? 'expired' : 'canceled';
}
