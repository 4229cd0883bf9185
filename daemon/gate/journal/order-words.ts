import type { OrderStatus } from '../api/decisions.ts';
import type { EvidenceKind, OrderEvent } from '../events.ts';
import type { OrderState } from '../state/orders.ts';
import type { Rejection } from '../venue-port.ts';
import type { GateCore } from './journal.ts';

/** The ledger's head according to the views: the seq of the last folded record. */
export function headSeq({ state }: GateCore): number {
  return Math.max(state.stateSeq, state.marketSeq);
}

export function wordOn(
  core: GateCore,
  order: OrderState,
  status: OrderStatus,
  detail: string | null,
  evidence: NonNullable<OrderEvent['evidence']>,
): OrderEvent {
  return {
    average_price: null,
    client_order_id: order.clientOrderId,
    detail,
    evidence,
    executed_lots: order.executedLots,
    foreign: null,
    retryable: false,
    status,
    venue_at_ms: core.nowMs(),
    venue_order_id: order.venueOrderId,
  };
}
function ownWord(
  core: GateCore,
  order: OrderState,
  status: OrderStatus,
  detail: string,
  kind: EvidenceKind,
): OrderEvent {
  return wordOn(core, order, status, detail, { asked_seq: headSeq(core), kind });
}

/** The request that placed the order was sent by `sentByMs`, domain time, and its outcome is unknown. */
export function unknownEvent(core: GateCore, order: OrderState, detail: string, sentByMs: number): OrderEvent {
  const evidence = { asked_seq: headSeq(core), kind: 'answer', sent_by_ms: sentByMs } as const;
  return wordOn(core, order, 'unknown', detail, evidence);
}
export function rejectedEvent(core: GateCore, order: OrderState, rejection: Rejection): OrderEvent {
  const { message, retryable } = rejection;
  return { ...ownWord(core, order, 'rejected', message, 'answer'), retryable };
}
/** The gate ends an order that it has not sent. */
export function endedEvent(core: GateCore, order: OrderState, status: OrderStatus, detail: string): OrderEvent {
  return ownWord(core, order, status, detail, 'unsent');
}
export function endedByOperator(core: GateCore, order: OrderState, detail: string): OrderEvent {
  return ownWord(core, order, 'canceled', detail, 'operator');
}
export function stalledEvent(core: GateCore, order: OrderState, detail: string): OrderEvent {
  return ownWord(core, order, 'lost', detail, 'stalled');
}
