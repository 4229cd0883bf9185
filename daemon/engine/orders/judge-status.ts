import type { PassedTime } from '../kept/passed-time.ts';
import type { OrderEvent } from '../records/events.ts';
import {
  isFilled,
  isInFlight,
  isLost,
  isNotPlaced,
  isPartlyFilled,
  isPlanned,
  isRefused,
  isTerminal,
  isUnknown,
  isUnproven,
  neverRests,
  type OrderStatus,
} from '../tables/status.ts';
import type { OrderState } from './order.ts';

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
export function mayRevive(known: Pick<OrderState, 'endedSeq' | 'isEndShown'>, { evidence }: Said): boolean {
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
export function noteEvidence(order: OrderState, said: OrderEvent, time: PassedTime, seq: number): void {
  const { evidence, venue_at_ms } = said;
  if (order.sentByMs === null && isUnknown(said)) order.sentByMs = time.of(evidence?.sent_by_ms ?? venue_at_ms);
  // Older records do not say; these statuses came of an order at the venue, as a rule.
  const isOldShow =
    evidence === undefined && !isPlanned(said) && !isInFlight(said) && !isUnproven(said) && !isRefused(said);
  if (evidence?.kind !== 'shown' && !isOldShow) return;
  order.shownSeq = Math.max(order.shownSeq ?? 0, evidence?.asked_seq ?? seq);
}
