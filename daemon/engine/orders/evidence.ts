import type { PassedTime } from '../kept/passed-time.ts';
import type { EvidenceKind, OrderEvent, OrderIntentEvent } from '../records/decisions.ts';
import type { Rejection } from '../records/venue.ts';
import { rowOf } from '../tables/cause.ts';
import {
  isCanceled,
  isExpired,
  isFilled,
  isInFlight,
  isLost,
  isNotPlaced,
  isPartlyFilled,
  isPlanned,
  isRefused,
  isResting,
  isTerminal,
  isUnknown,
  isUnproven,
  neverRests,
  type OrderStatus,
} from '../tables/status.ts';
import { buildForeignOrder, type OrderState } from './order.ts';
import { insertOrder, type OrderBook, venueKeyOf } from './orders.ts';

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

/** What is wanted of an order, or became of that. `form`: which one it is to have. */
export function intentOn(
  { clientOrderId }: OrderState,
  action: OrderIntentEvent['action'],
  reason: string,
  form: { readonly quantityE8: number | null; readonly priceE8: number | null } | null = null,
): OrderIntentEvent {
  return {
    action,
    client_order_id: clientOrderId,
    quantity_e8: form?.quantityE8 ?? null,
    price_e8: form?.priceE8 ?? null,
    reason,
  };
}

type Known = Pick<
  OrderState,
  'status' | 'executedE8' | 'venueOrderId' | 'shownSeq' | 'kind' | 'foreign' | 'timeInForce'
>;
type Said = Pick<OrderEvent, 'status' | 'executed_e8' | 'venue_order_id' | 'evidence'>;

/**
 * The status that an order has after a word on it, null: the word changes none. What was proven is never unproven by an
 * older or a weaker word; the same function is asked before a record is written and when it is folded.
 *
 * - What has ended has ended. Only an open list that was requested later brings it back ({@link mayRevive}).
 * - `shown`: an end is an end whenever it was requested; a life counts for as long as no end is known, and an older
 *   picture of it takes no fill back.
 * - `absent`: not if a later query showed the order. What was shown was placed.
 * - `stalled`: of an order that is known to be at the venue, and not how it ended.
 * - `answer`: the request was made before anything could be shown. Once something was, its answer says nothing.
 * - `unsent`: of what never left only. `operator`: of what is lost only.
 */
export function judgeStatus(known: Known, said: Said): OrderStatus | null {
  if (isTerminal(known)) return null;
  const { evidence, status } = said;
  if (evidence === undefined) return status;
  const isShown = known.shownSeq !== null;
  switch (evidence.kind) {
    case 'shown':
      return isOfAnother(known, said) ? null : judgeShown(known, said);
    case 'absent':
      if (isPlanned(known) || status === known.status) return null;
      if (evidence.asked_seq < (known.shownSeq ?? 0)) return null;
      return isNotPlaced(said) && isShown ? null : status;
    case 'stalled':
      return isShown && isLost(said) && !isLost(known) ? status : null;
    case 'answer':
      if (isShown || isPlanned(known)) return null;
      // A loss in which nothing is proven stays what it is: only a proof ends it.
      return isUnknown(said) && !isInFlight(known) ? null : status;
    case 'unsent':
      return !isShown && (isPlanned(known) || isInFlight(known)) ? status : null;
    case 'operator':
      return isLost(known) ? status : null;
  }
}

function judgeShown(known: Known, said: Said): OrderStatus | null {
  if (isTerminal(said)) return said.status;
  // That it was placed is known of one that never rests; it is how it ended that is lost.
  if (isLost(known) && neverRests(known)) return null;
  const isOlder = isPartlyFilled(known) || known.executedE8 > said.executed_e8;
  return isOlder ? 'partially_filled' : said.status;
}

/**
 * Another order of the venue, under the same client id: it says nothing of this one. Older records were taken as told.
 */
export function isOfAnother(known: Known, { evidence, venue_order_id }: Said): boolean {
  if (evidence === undefined || known.venueOrderId === null || venue_order_id === null) return false;
  return known.venueOrderId !== venue_order_id;
}

/**
 * An open list may show what has ended for us: it counts if it was requested after that, and if it was not the venue
 * itself that showed the end. Then the list is of before, whenever it was requested.
 */
function mayRevive(known: Pick<OrderState, 'endedSeq' | 'isEndShown'>, { evidence }: Said): boolean {
  return evidence === undefined || (!known.isEndShown && evidence.asked_seq >= (known.endedSeq ?? 0));
}

/**
 * RISK: whether it is proven that nothing of the order was filled and nothing can be, so that the same intent may go
 * out again. The venue showed its end, or refused it; or it never left, or it is proven never to have been placed. An
 * end that an operator declared, or that follows from absence alone, says nothing of what was filled before it.
 */
export function isProvenUnfilled(order: Pick<OrderState, 'status' | 'executedE8' | 'tradedE8' | 'endedBy'>): boolean {
  if (!isTerminal(order) || isFilled(order)) return false;
  if (order.executedE8 > 0 || order.tradedE8 > 0) return false;
  switch (order.endedBy) {
    case 'shown':
    case 'answer':
    case 'unsent':
      return true;
    case 'absent':
      return isNotPlaced(order);
    case 'stalled':
    case 'operator':
    case null:
      return false;
  }
}

/** What the order's next words are judged by. `seq`: that of the record. */
function noteEvidence(order: OrderState, said: OrderEvent, time: PassedTime, seq: number): void {
  const { evidence, venue_at_ms } = said;
  if (order.sentByMs === null && isUnknown(said)) order.sentByMs = time.of(evidence?.sent_by_ms ?? venue_at_ms);
  // Older records do not say; these statuses came of an order at the venue, as a rule.
  const isOldShow =
    evidence === undefined && !isPlanned(said) && !isInFlight(said) && !isUnproven(said) && !isRefused(said);
  if (evidence?.kind !== 'shown' && !isOldShow) return;
  order.shownSeq = Math.max(order.shownSeq ?? 0, evidence?.asked_seq ?? seq);
}

/**
 * The open list describes an order whose client id is known. One that had ended for us lives again, with its decision
 * and its agent; another one, under an id that is in use again, takes its place. Returns the order that the event is
 * of.
 */
export function applyListed(book: OrderBook, known: OrderState, event: OrderEvent, atMs: number): OrderState {
  if (event.another === true || (known.venueOrderId !== null && known.venueOrderId !== event.venue_order_id)) {
    const other = buildForeignOrder(event, atMs);
    if (other === null) return known;
    if (!isTerminal(known)) {
      // Ids are unique among open orders: how it ended is not known, what it filled the account shows.
      known.status = 'canceled';
      known.endedBy = null;
      book.live.get(known.symbol)?.delete(known);
      book.ended.add(known, atMs);
    }
    insertOrder(book, other);
    return other;
  }
  if (!isTerminal(known) || isTerminal(event) || !mayRevive(known, event)) return known;
  known.status = event.status;
  // A cancel that was requested goes on being requested: that it had been taken is not so.
  known.cancelRefusal = null;
  // What somebody else's order filled meanwhile the account has shown.
  if (known.foreign) {
    const { executedE8, plannedAtMs, tradedE8, tradedUsdtE8 } = buildForeignOrder(event, atMs) ?? known;
    if (executedE8 > known.executedE8) Object.assign(known, { executedE8, plannedAtMs, tradedE8, tradedUsdtE8 });
  }
  book.ended.remove(known);
  const live = book.live.get(known.symbol);
  if (live === undefined) book.live.set(known.symbol, new Set([known]));
  else live.add(known);
  return known;
}

/**
 * Takes in what became known: the only place where a status changes, apart from a decision and a list ({@link applyListed}). A
 * record that says where it comes from is judged by that ({@link judgeStatus}). Cumulative executed quantity only
 * rises; a proven terminal status stays, except that a late fill may still raise what was executed. `seq`: that of the
 * record. Returns the lots that were newly executed.
 */
export function applyOrderEvent(
  book: OrderBook,
  order: OrderState,
  event: OrderEvent,
  { seq, time }: { readonly time: PassedTime; readonly seq: number },
): number {
  if (isOfAnother(order, event)) return 0;
  const executed = Math.min(
    Math.max(order.executedE8, event.executed_e8),
    Math.max(order.quantityE8, event.executed_e8),
  );
  const status = judgeStatus(order, event);
  const delta = executed - order.executedE8;
  order.executedE8 = executed;
  // It filled more before it was amended to less. A stop for the whole position has no size.
  if (order.quantityE8 > 0) order.quantityE8 = Math.max(order.quantityE8, executed);
  if (event.venue_order_id !== null && order.venueOrderId === null) {
    order.venueOrderId = event.venue_order_id;
    book.byVenueId.set(venueKeyOf(order) ?? '', order);
  }
  if (event.average_price !== null) order.averagePrice = event.average_price;
  noteEvidence(order, event, time, seq);
  if (status !== null) {
    order.status = status;
    order.detail = event.detail;
    order.retryable = event.retryable;
    if (isTerminal(order)) {
      order.endedSeq = seq;
      order.isEndShown = event.evidence?.kind === 'shown';
      order.endedBy = event.evidence?.kind ?? null;
      book.live.get(order.symbol)?.delete(order);
      book.ended.add(order, time.tMs);
    }
  }
  const isKnown = isResting(order) || isFilled(order) || isExpired(order) || isCanceled(order);
  if (order.acknowledgedAtMs === null && (isKnown || delta > 0)) order.acknowledgedAtMs = time.tMs;
  order.updatedAtMs = Math.max(order.updatedAtMs, time.of(event.venue_at_ms));
  return delta;
}

/** The record is about an amend that is settled already, and perhaps followed by another. */
export function isOfOldAmend(order: OrderState, event: OrderIntentEvent): boolean {
  return event.amend_seq !== undefined && event.amend_seq !== order.amendSeq;
}

export function applyOrderIntent(order: OrderState, event: OrderIntentEvent, time: PassedTime): void {
  switch (event.action) {
    case 'cancel':
      order.cancelRequested = true;
      return;
    case 'cancel_failed':
      order.cancelRefusal = event.reason;
      return;
    case 'amend':
      if (event.quantity_e8 !== null && event.price_e8 !== null)
        setAmend(order, { quantityE8: event.quantity_e8, priceE8: event.price_e8 }, null);
      return;
    case 'amend_unknown':
      order.amendSentByMs = event.sent_by_ms === undefined ? null : time.of(event.sent_by_ms);
      return;
    case 'amended':
      if (order.amend !== null) {
        order.quantityE8 = Math.max(order.amend.quantityE8, order.executedE8);
        order.priceE8 = order.amend.priceE8;
      }
      setAmend(order, null, null);
      return;
    case 'amend_failed':
      setAmend(order, null, null);
  }
}

/** `seq`: the record of the decision that asks for the other form; null: somebody else gave it to the order. */
export function setAmend(order: OrderState, amend: OrderState['amend'], seq: number | null): void {
  order.amend = amend;
  order.amendSeq = seq;
  order.amendSentByMs = null;
}
