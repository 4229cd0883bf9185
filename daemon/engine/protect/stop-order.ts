/** The decision on a stop. Pure functions, so that the daemon and a replay place the same (SAE-SAME-CODE). */
import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { clientOrderId, type IdSource, type ReviewPlace } from '../plan/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import { type Ask, parentAsk } from '../readings/inputs.ts';
import type { PlannedOrder } from '../records/events.ts';
import type { GateViews } from '../state/views.ts';
import { closeRequest, findStopE8, planStop } from './stops.ts';

export interface StopOrder {
  readonly request: ExecutionRequest;
  readonly ask: Ask;
  readonly plan: (decision: ExecutionDecision, seq: number) => readonly PlannedOrder[];
}

/**
 * A stop for the whole position (closePosition, on the mark); null: it cannot be priced. `held`: the signed quantity that
 * is to be protected, in units of 1e-8.
 */
export function buildStopOrder(
  state: GateViews,
  position: PositionState,
  held: number,
  parts: { readonly place: ReviewPlace; readonly ids: IdSource; readonly nowMs: number; readonly stopBps: number },
): StopOrder | null {
  const { symbol } = position;
  const rules = state.rules.get(symbol);
  const entryPrice = findEntryPrice(state, position);
  if (rules === undefined || entryPrice <= 0) return null;
  const side = held > 0 ? 'sell' : 'buy';
  const triggerE8 = findStopE8(side, entryPrice, parts.stopBps, rules);
  const quantityE8 = Math.abs(held);
  const ask = parentAsk(parts.place);
  ask.sliceE8 = quantityE8;
  return {
    request: closeRequest(parts.place, { symbol, side, fraction: 1 }, parts.nowMs),
    ask,
    plan: ({ effective }, seq) =>
      effective?.action === 'exit'
        ? [planStop(clientOrderId(parts.ids, seq, 0, 0), { symbol, side, quantityE8, triggerE8 })]
        : [],
  };
}

/** Of the position, or of what the venue shows where we know of none. */
function findEntryPrice({ account }: GateViews, { entryPrice, quantityE8, symbol }: PositionState): number {
  if (quantityE8 !== 0) return entryPrice;
  return account?.positions.find((record) => record.symbol === symbol)?.entry_price ?? 0;
}
