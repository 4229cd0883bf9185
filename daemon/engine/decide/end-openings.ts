import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import {
  findOpeningsToEnd,
  findOpeningsToEndByAnswer,
  findOpeningsToEndByStop,
  OPENING_ENDED,
  type OpeningsToEnd,
  SLICE_DROPPED,
} from '../claims/openings-to-end.ts';
import type { EngineCore } from '../flow/core.ts';
import { endedEvent } from '../orders/order-events.ts';
import type { OrderState } from '../orders/orders.ts';
import type { DecisionEvent } from '../records/events.ts';

/**
 * Records the end of what would undo an exit. Called in the turn in which its decision was appended, so that both are in
 * one transaction: there is no ledger in which the exit stands and the slices do as well. The cancels are sent later.
 */
export function endOpenings(core: EngineCore, event: DecisionEvent, policy: CompiledPolicy): void {
  record(
    core,
    findOpeningsToEnd(core.state, event, policy, (order) => core.isUnsent(order)),
  );
}
/** {@link findOpeningsToEndByAnswer} */
export function endOpeningsByAnswer(core: EngineCore, exit: OrderState): void {
  record(core, findOpeningsToEndByAnswer(core.state, exit));
}
/** {@link findOpeningsToEndByStop} */
export function endOpeningsByStop(core: EngineCore, stop: OrderState): void {
  record(core, findOpeningsToEndByStop(core.state, stop));
}

/** Cancels are sent by whoever carries the exit out, or at the next tick. */
function record(core: EngineCore, { slices, openings }: OpeningsToEnd): void {
  for (const order of slices) core.append('order', endedEvent(core, order, SLICE_DROPPED));
  for (const order of openings) {
    if (order.cancelRequested) continue;
    core.append('order_intent', {
      action: 'cancel',
      client_order_id: order.clientOrderId,
      quantity_e8: null,
      price_e8: null,
      reason: OPENING_ENDED,
    });
  }
}
