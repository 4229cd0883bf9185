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
import type { OrderState } from '../orders/orders.ts';
import type { OrderStatus } from '../records/decisions.ts';
import type { DecisionEvent, EvidenceKind, OrderEvent } from '../records/events.ts';
import type { Rejection } from '../records/venue.ts';
import { rowOf } from '../tables/cause.ts';

/** The ledger's head according to the views: the seq of the last folded record. */
export function headSeq({ state }: EngineCore): number {
  return Math.max(state.stateSeq, state.marketSeq);
}

export function wordOn(
  core: EngineCore,
  order: OrderState,
  { detail, evidence, status }: Pick<OrderEvent, 'status' | 'detail'> & Required<Pick<OrderEvent, 'evidence'>>,
): OrderEvent {
  return {
    average_price: null,
    client_order_id: order.clientOrderId,
    detail,
    evidence,
    executed_e8: order.executedE8,
    foreign: null,
    retryable: false,
    status,
    venue_at_ms: core.nowMs(),
    venue_order_id: order.venueOrderId,
  };
}
function ownWord(
  core: EngineCore,
  order: OrderState,
  kind: EvidenceKind,
  word: Pick<OrderEvent, 'status' | 'detail'>,
): OrderEvent {
  return wordOn(core, order, { ...word, evidence: { asked_seq: headSeq(core), kind } });
}

/** The request that placed the order was sent by `sentByMs`, domain time, and its outcome is unknown. */
export function unknownEvent(core: EngineCore, order: OrderState, detail: string, sentByMs: number): OrderEvent {
  const evidence = { asked_seq: headSeq(core), kind: 'answer', sent_by_ms: sentByMs } as const;
  return wordOn(core, order, { status: 'unknown', detail, evidence });
}
export function rejectedEvent(core: EngineCore, order: OrderState, rejection: Rejection): OrderEvent {
  const { retryable } = rowOf(rejection.cause);
  return { ...ownWord(core, order, 'answer', { status: 'rejected', detail: rejection.message }), retryable };
}
/** The gate ends an order that it has not sent. */
export function endedEvent(core: EngineCore, order: OrderState, status: OrderStatus, detail: string): OrderEvent {
  return ownWord(core, order, 'unsent', { status, detail });
}
export function endedByOperator(core: EngineCore, order: OrderState, detail: string): OrderEvent {
  return ownWord(core, order, 'operator', { status: 'canceled', detail });
}
export function stalledEvent(core: EngineCore, order: OrderState, detail: string): OrderEvent {
  return ownWord(core, order, 'stalled', { status: 'lost', detail });
}

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
  for (const order of slices) core.append('order', endedEvent(core, order, 'canceled', SLICE_DROPPED));
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
