import type { ExecutionDecision } from '../../core/decision.ts';
import { consider, recordDecision } from '../decide/take-decision.ts';
import type { EngineCore } from '../flow/core.ts';
import type { Flow } from '../flow/step.ts';
import { isTerminal, type OrderState } from '../orders/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import { buildStopOrder } from '../protect/stop-order.ts';
import type { Rejection } from '../records/venue.ts';
import type { OrderSender } from '../sending/sender.ts';

/** What a stop is for. `heldE8`: the signed quantity that is to be protected, units of 1e-8. */
export interface StopPlace {
  readonly position: PositionState;
  readonly heldE8: number;
}
/** A stop that was sent, and why the venue did not take it. */
export interface SentStop {
  readonly order: OrderState;
  readonly rejection: Rejection | null;
}

/**
 * Decides, records and sends a stop for the whole position (closePosition, on the mark). Null: nothing was sent.
 * `isNews`: whether a decision is worth its record.
 */
export function* placeStop(
  core: EngineCore,
  sender: OrderSender,
  { heldE8, position }: StopPlace,
  isNews: (decision: ExecutionDecision) => boolean,
): Flow<SentStop | null> {
  const { ids, policySpec, settings, state } = core;
  const stop = buildStopOrder(state, position, heldE8, {
    place: settings,
    ids,
    nowMs: core.nowMs(),
    stopBps: policySpec.protection.stop_bps,
  });
  if (stop === null) return null;
  const considered = consider(core, stop.request, stop.ask);
  if (!isNews(considered.decision)) return null;
  const decided = recordDecision(core, considered, {
    kind: 'gate',
    route: 'stop',
    bodyHash: null,
    texts: {},
    parentDecisionId: null,
    orders: stop.plan(considered.acted, considered.seq),
  });
  const [planned] = decided.event.orders;
  if (planned === undefined) return null;
  const order = state.orders.all.get(planned.client_order_id);
  if (order === undefined || isTerminal(order)) return null;
  const outcome = yield* sender.sendStop(order);
  if (outcome === null) return null;
  return { order, rejection: outcome.kind === 'rejected' ? outcome.rejection : null };
}
