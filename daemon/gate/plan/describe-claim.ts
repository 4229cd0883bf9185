import type { ExecutionState, OrderStatus } from '../api/decisions.ts';
import { type Claim, closedE8 } from '../state/claims.ts';
import { isTerminal, type OrderState } from '../state/orders.ts';

/** The orders of an exit that have left; the unsent one while there is no other. */
export function ordersOf({ first, orders }: Claim): readonly OrderState[] {
  const sent = orders.filter((order) => order !== first || order.sentAtMs !== null || order.executedE8 > 0);
  return sent.length > 0 ? sent : [first];
}

/** INVARIANT: while a claim goes on, no state says rejected, canceled or expired. */
export function stateOf(claim: Claim): ExecutionState {
  const live = claim.orders.map(({ status }) => status).filter((status) => !isTerminal(status));
  const has = (status: OrderStatus): boolean => live.includes(status);
  const filledE8 = closedE8(claim);
  if (has('lost')) return 'lost';
  if (has('unknown')) return 'unknown';
  if (has('in_flight')) return 'submitting';
  if (has('working') || has('partially_filled')) return filledE8 > 0 ? 'partially_filled' : 'working';
  const { askedE8, end, orders } = claim;
  if (end === null) return 'staging';
  if (filledE8 > 0) return end.reason === 'filled' || filledE8 >= askedE8 ? 'filled' : 'partially_filled';
  if (end.reason === 'rejected') return 'rejected';
  const isExpired = end.reason === 'canceled' && claim.wants === 'rest' && orders.at(-1)?.status === 'expired';
  return end.reason === 'exhausted' || isExpired ? 'expired' : 'canceled';
}
