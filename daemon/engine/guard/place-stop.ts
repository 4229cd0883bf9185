import type { ExecutionDecision } from '../../core/decision.ts';
import { consider, recordDecision } from '../decide/take-decision.ts';
import type { EngineCore } from '../flow/core.ts';
import type { Flow } from '../flow/step.ts';
import { isTerminal, type OrderState } from '../orders/orders.ts';
import { clientOrderId } from '../plan/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import { closeRequest, findStopE8, planStop } from '../protect/stops.ts';
import { parentAsk } from '../readings/inputs.ts';
import type { Rejection } from '../records/venue.ts';
import type { OrderSender } from '../sending/sender.ts';
import type { GateViews } from '../state/views.ts';

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
 * Decides, records and sends a stop for the whole position (closePosition, on the mark). Null: it cannot be priced, or was not sent.
 * `isNews`: whether a decision is worth its record.
 */
export function* placeStop(
  core: EngineCore,
  sender: OrderSender,
  { heldE8, position }: StopPlace,
  isNews: (decision: ExecutionDecision) => boolean,
): Flow<SentStop | null> {
  const { ids, policySpec, settings, state } = core;
  const { symbol } = position;
  const rules = state.rules.get(symbol);
  const entryPrice = findEntryPrice(state, position);
  if (rules === undefined || entryPrice <= 0) return null;
  const side = heldE8 > 0 ? 'sell' : 'buy';
  const quantityE8 = Math.abs(heldE8);
  const ask = parentAsk(settings);
  ask.sliceE8 = quantityE8;
  const considered = consider(core, closeRequest(settings, { symbol, side, fraction: 1 }, core.nowMs()), ask);
  if (!isNews(considered.decision)) return null;
  const triggerE8 = findStopE8(side, entryPrice, policySpec.protection.stop_bps, rules);
  const stop = planStop(clientOrderId(ids, considered.seq, 0, 0), { symbol, side, quantityE8, triggerE8 });
  const decided = recordDecision(core, considered, {
    kind: 'gate',
    route: 'stop',
    orders: considered.acted.effective?.action === 'exit' ? [stop] : [],
  });
  const order = decided.event.orders.length === 0 ? undefined : state.orders.all.get(stop.client_order_id);
  if (order === undefined || isTerminal(order)) return null;
  const outcome = yield* sender.sendStop(order);
  if (outcome === null) return null;
  return { order, rejection: outcome.kind === 'rejected' ? outcome.rejection : null };
}

/** Of the position, or of what the venue shows where we know of none. */
function findEntryPrice({ account }: GateViews, { entryPrice, quantityE8, symbol }: PositionState): number {
  if (quantityE8 !== 0) return entryPrice;
  return account?.positions.find((record) => record.symbol === symbol)?.entry_price ?? 0;
}
