import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { DecisionEvent } from '../events.ts';
import {
  findUndone,
  findUndoneByAnswer,
  findUndoneByStop,
  OPENING_ENDED,
  SLICE_DROPPED,
  type Undone,
} from '../plan/undone.ts';
import type { OrderState } from '../state/orders.ts';
import type { GateCore } from './journal.ts';
import { endedEvent } from './order-words.ts';

/**
 * Records the end of what would undo an exit. Called in the turn in which its decision was appended, so that both are in
 * one transaction: there is no ledger in which the exit stands and the slices do as well. The cancels are sent later.
 */
export function endUndone(core: GateCore, event: DecisionEvent, policy: CompiledPolicy): void {
  record(core, findUndone(core.state, event, policy));
}
/** {@link findUndoneByAnswer} */
export function endUndoneByAnswer(core: GateCore, exit: OrderState): void {
  record(core, findUndoneByAnswer(core.state, exit));
}
/** {@link findUndoneByStop} */
export function endUndoneByStop(core: GateCore, stop: OrderState): void {
  record(core, findUndoneByStop(core.state, stop));
}

/** Cancels are sent by whoever carries the exit out, or at the next tick. */
function record(core: GateCore, { slices, openings }: Undone): void {
  for (const order of slices) core.append('order', endedEvent(core, order, 'canceled', SLICE_DROPPED));
  for (const order of openings) {
    if (order.cancelRequested) continue;
    core.append('order_intent', {
      action: 'cancel',
      client_order_id: order.clientOrderId,
      lots: null,
      price_ticks: null,
      reason: OPENING_ENDED,
    });
  }
}
