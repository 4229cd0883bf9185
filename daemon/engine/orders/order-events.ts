import type { EvidenceKind, OrderEvent } from '../records/events.ts';
import type { Rejection } from '../records/venue.ts';
import { rowOf } from '../tables/cause.ts';
import type { OrderState } from './order.ts';

/** When something is said. */
export interface Here {
  readonly state: { readonly stateSeq: number; readonly marketSeq: number };
  nowMs(): number;
}

/** The ledger's head according to the views: the seq of the last folded record. */
export function headSeq({ state }: Pick<Here, 'state'>): number {
  return Math.max(state.stateSeq, state.marketSeq);
}

/** What is said of an order beside what is known of it. */
export function wordOn(
  here: Here,
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
    venue_at_ms: here.nowMs(),
    venue_order_id: order.venueOrderId,
  };
}
function ownWord(
  here: Here,
  order: OrderState,
  kind: EvidenceKind,
  word: Pick<OrderEvent, 'status' | 'detail'>,
): OrderEvent {
  return wordOn(here, order, { ...word, evidence: { asked_seq: headSeq(here), kind } });
}

/** The request that placed the order was sent by `sentByMs`, domain time, and its outcome is unknown. */
export function unknownEvent(here: Here, order: OrderState, detail: string, sentByMs: number): OrderEvent {
  const evidence = { asked_seq: headSeq(here), kind: 'answer', sent_by_ms: sentByMs } as const;
  return wordOn(here, order, { status: 'unknown', detail, evidence });
}
export function rejectedEvent(here: Here, order: OrderState, rejection: Rejection): OrderEvent {
  const { retryable } = rowOf(rejection.cause);
  return { ...ownWord(here, order, 'answer', { status: 'rejected', detail: rejection.message }), retryable };
}
/** The gate ends an order that it has not sent. */
export function endedEvent(here: Here, order: OrderState, detail: string): OrderEvent {
  return ownWord(here, order, 'unsent', { status: 'canceled', detail });
}
export function endedByOperator(here: Here, order: OrderState, detail: string): OrderEvent {
  return ownWord(here, order, 'operator', { status: 'canceled', detail });
}
export function stalledEvent(here: Here, order: OrderState, detail: string): OrderEvent {
  return ownWord(here, order, 'stalled', { status: 'lost', detail });
}
