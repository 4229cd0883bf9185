/**
 * What an exit cancels, because it would open again what the exit closes. Pure functions of a recorded decision and of
 * folded state, so that the daemon and a replay cancel the same (SAE-SAME-CODE).
 */
import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { findExit, restsAtItsPrice, wholeExitLots } from '../../core/exit.ts';
import type { Side } from '../../core/request.ts';
import type { DecisionEvent } from '../events.ts';
import type { GateState } from '../state/gate-state.ts';
import { liveOrders, type OrderState } from '../state/orders.ts';

/** Why a slice was never sent; the parent's execution counts them as `slices_dropped`. */
export const SLICE_DROPPED = 'dropped: an exit closes what it would open again';
/** Why an opening order is canceled. */
export const OPENING_ENDED = 'an exit closes what it would open again';

export interface Undone {
  /** Unsent: ended at once. */
  readonly slices: readonly OrderState[];
  /** Resting, in flight, or of unknown outcome: to be canceled. */
  readonly openings: readonly OrderState[];
}
const NOTHING: Undone = { slices: [], openings: [] };

/**
 * For an exit that closes at once: unsent slices that would open again, including one about to be sent. If everything
 * is closed that the caller may close, also its resting openings. An agent's exit cancels its own orders, an operator's
 * and the gate's those of all agents. An exit that only rests cancels nothing, nor does a protective stop before it
 * fires.
 */
export function findUndone(state: GateState, event: DecisionEvent, policy: CompiledPolicy): Undone {
  const closing = findClosing(event, policy);
  if (closing === null) return NOTHING;
  const { request } = event;
  const isConcerned = (order: OrderState): boolean => request.origin !== 'agent' || order.agent === request.agent;
  const slices: OrderState[] = [];
  const openings: OrderState[] = [];
  for (const order of openingsAgainst(state, request.symbol ?? '', closing.side)) {
    if (!isConcerned(order)) continue;
    if (order.status === 'pending_send') slices.push(order);
    else if (closing.isWhole || (order.slice > 0 && order.status === 'in_flight')) openings.push(order);
  }
  return { slices, openings };
}

/** What a decision closes at once; null: nothing, or it only rests. An amend counts once its price reaches the book. */
function findClosing(
  { context, decision, orders, request }: DecisionEvent,
  policy: CompiledPolicy,
): { readonly side: Side; readonly isWhole: boolean } | null {
  const { effective } = decision;
  const [first] = orders;
  if (effective === null || effective.action === 'cancel' || effective.action === 'open') return null;
  const { side } = effective;
  // A part of the known position is a part, even if its last lot may be all of it.
  const isPart = request.fraction !== null && request.fraction < 1;
  const permitted = findExit({ ...request, side }, context, policy)?.permittedLots ?? Number.POSITIVE_INFINITY;
  if (effective.action === 'amend') {
    if (!effective.reduce_only || restsAtItsPrice(effective, context, policy)) return null;
    return { side, isWhole: effective.lots - (context.order?.filled_lots ?? 0) >= permitted };
  }
  if (first === undefined || !first.reduce_only || first.protective) return null;
  if (restsAtItsPrice(effective, context, policy)) return null;
  return { side, isWhole: !isPart && wholeExitLots(decision, first.lots) >= permitted };
}

/** Unsent slices that would open again what `closing` closes. */
export function findSlicesAgainst(state: GateState, symbol: string, closing: Side): readonly OrderState[] {
  return openingsAgainst(state, symbol, closing).filter((order) => order.status === 'pending_send');
}

/** Sent opening orders that may still fill. */
export function findOpeningsAgainst(state: GateState, symbol: string, closing: Side): readonly OrderState[] {
  return openingsAgainst(state, symbol, closing).filter((order) => order.status !== 'pending_send');
}

/** Our orders that may still open again what `closing` closes. */
function openingsAgainst(state: GateState, symbol: string, closing: Side): readonly OrderState[] {
  return [...liveOrders(state.orders, symbol)].filter(
    (order) => !order.reduceOnly && !order.foreign && order.side !== closing,
  );
}
