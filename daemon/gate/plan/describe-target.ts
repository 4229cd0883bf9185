import type { ExecutionState, OrderStatus } from '../api/decisions.ts';
import type { ExitTarget } from '../state/exit-targets.ts';
import { isTerminal, type OrderState } from '../state/orders.ts';

/** What one order did for one exit: its own part of an order that carries others as well. */
export interface ExitPart {
  readonly order: OrderState;
  readonly lots: number;
  readonly filledLots: number;
}

/** Orders of an exit with what each is, and did, for it alone; the one that waits unsent while there is no other. */
export function partsOf(target: ExitTarget): readonly ExitPart[] {
  const parts = target.allotments.filter(
    ({ order, lots, filledLots }) => lots + filledLots > 0 || order === target.first,
  );
  if (parts.length > 0) return parts;
  const { first } = target;
  return [{ order: first, lots: Math.min(first.lots, target.askedLots), filledLots: 0 }];
}

/** INVARIANT: while the target works no state says that it is rejected, canceled or expired. */
export function stateOf(target: ExitTarget): ExecutionState {
  const live = target.allotments.map(({ order }) => order.status).filter((status) => !isTerminal(status));
  const has = (status: OrderStatus): boolean => live.includes(status);
  if (has('lost')) return 'lost';
  if (has('unknown')) return 'unknown';
  if (has('in_flight')) return 'submitting';
  if (has('working') || has('partially_filled')) return target.filledLots > 0 ? 'partially_filled' : 'working';
  const { end, filledLots, askedLots, leftLots } = target;
  if (end === null) return leftLots === 0 && filledLots > 0 ? 'filled' : 'staging';
  if (filledLots > 0) return end.reason === 'filled' || filledLots >= askedLots ? 'filled' : 'partially_filled';
  // Its order rested, and has ended as such.
  if (end.reason === 'rests') return target.allotments.at(-1)?.order.status === 'expired' ? 'expired' : 'canceled';
  if (end.reason === 'rejected') return 'rejected';
  return end.reason === 'exhausted' ? 'expired' : 'canceled';
}
