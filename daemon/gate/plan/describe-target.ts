import type { ExecutionState, OrderStatus } from '../api/decisions.ts';
import type { ExitTarget } from '../state/exit-targets.ts';
import { isTerminal, type OrderState } from '../state/orders.ts';

/** One exit's part of an order that may also carry other exits. */
export interface ExitPart {
  readonly order: OrderState;
  readonly lots: number;
  readonly filledLots: number;
}

/** The orders of an exit, each reduced to the exit's own part; the unsent one while there is no other. */
export function partsOf(target: ExitTarget): readonly ExitPart[] {
  const parts = target.allotments.filter(
    ({ order, lots, filledLots }) => lots + filledLots > 0 || order === target.first,
  );
  if (parts.length > 0) return parts;
  const { first } = target;
  return [{ order: first, lots: Math.min(first.lots, target.askedLots), filledLots: 0 }];
}

/** INVARIANT: while the target is being worked, no state says rejected, canceled or expired. */
export function stateOf(target: ExitTarget): ExecutionState {
  const live = target.allotments.map(({ order }) => order.status).filter((status) => !isTerminal(status));
  const has = (status: OrderStatus): boolean => live.includes(status);
  if (has('lost')) return 'lost';
  if (has('unknown')) return 'unknown';
  if (has('in_flight')) return 'submitting';
  if (has('working') || has('partially_filled')) return target.filledLots > 0 ? 'partially_filled' : 'working';
  const { end, filledLots, askedLots } = target;
  if (end === null) return 'staging';
  if (filledLots > 0) return end.reason === 'filled' || filledLots >= askedLots ? 'filled' : 'partially_filled';
  // Its order rested and has ended as a resting order.
  if (end.reason === 'rests') return target.allotments.at(-1)?.order.status === 'expired' ? 'expired' : 'canceled';
  if (end.reason === 'rejected') return 'rejected';
  return end.reason === 'exhausted' ? 'expired' : 'canceled';
}
