import type { PassedTime } from '../kept/passed-time.ts';
import type { PossibleFills } from '../positions/snapshot.ts';
import type { OrderEvent, OrderIntentEvent } from '../records/events.ts';
import { isCanceled, isExpired, isFilled, isPlanned, isResting, isTerminal } from '../tables/status.ts';
import { isOfAnother, judgeStatus, mayRevive, noteEvidence } from './judge-status.ts';
import { buildForeignOrder, type OrderState } from './order.ts';

export * from '../tables/status.ts';
export { buildForeignOrder, type OrderState, planOrders } from './order.ts';

/** An order of ours that adds risk when it fills. */
export function isOwnOpening(order: OrderState): boolean {
  return !order.foreign && !order.reduceOnly && !order.protective;
}

export interface OrderBook extends OrderMaps {
  /** Orders that are proven terminal and still in the maps. */
  readonly ended: EndedOrders;
}
export function createOrderBook(): OrderBook {
  return { all: new Map(), live: new Map(), byDecision: new Map(), byVenueId: new Map(), ended: new EndedOrders() };
}
const NONE: ReadonlySet<OrderState> = new Set();
export function liveOrders(book: OrderBook, symbol: string): ReadonlySet<OrderState> {
  return book.live.get(symbol) ?? NONE;
}
export function hasLive(book: OrderBook, symbol: string, isWanted: (order: OrderState) => boolean): boolean {
  for (const order of liveOrders(book, symbol)) if (isWanted(order)) return true;
  return false;
}
/** As they are now: one that ends while they are gone through stays in the list. */
export function everyLiveOrder(book: OrderBook): readonly OrderState[] {
  const found: OrderState[] = [];
  for (const orders of book.live.values()) for (const order of orders) found.push(order);
  return found;
}

/** By when they were planned; those of one millisecond in the order of their ids. */
export function newestFirst(
  a: Pick<OrderState, 'clientOrderId' | 'plannedAtMs'>,
  b: Pick<OrderState, 'clientOrderId' | 'plannedAtMs'>,
): number {
  return b.plannedAtMs - a.plannedAtMs || compareIds(b.clientOrderId, a.clientOrderId);
}

/**
 * Ids are numbers with `-` between them, without leading zeros: the longer one is the larger one. Those of before the
 * first recovery have one number less.
 */
function compareIds(a: string, b: string): number {
  const [these, those] = [a.split('-'), b.split('-')];
  if (these.length !== those.length) return these.length - those.length;
  for (const [at, one] of these.entries()) {
    const other = those[at] ?? '';
    if (one !== other) return one.length - other.length || (one < other ? -1 : 1);
  }
  return 0;
}

/** What live orders may have filled without our knowing it yet; unsent slices cannot. */
export function possibleFills(orders: Iterable<OrderState>): PossibleFills {
  let unproven = false;
  let buyE8 = 0;
  let sellE8 = 0;
  let buysAll = false;
  let sellsAll = false;
  for (const order of orders) {
    if (isPlanned(order)) continue;
    if (!isResting(order)) unproven = true;
    const quantityE8 = Math.max(order.quantityE8, order.amend?.quantityE8 ?? 0) - order.executedE8;
    if (order.side === 'buy') buyE8 += quantityE8;
    else sellE8 += quantityE8;
    // Ours closes the position as it is when it fires; a foreign one without a quantity does so too.
    if (!order.protective && !(order.reduceOnly && order.quantityE8 === 0)) continue;
    if (order.side === 'buy') buysAll = true;
    else sellsAll = true;
  }
  return { unproven, buyE8, sellE8, buysAll, sellsAll };
}

export function insertOrder(book: OrderBook, order: OrderState): void {
  book.all.set(order.clientOrderId, order);
  if (isTerminal(order)) book.ended.add(order, order.plannedAtMs);
  else {
    const live = book.live.get(order.symbol);
    if (live === undefined) book.live.set(order.symbol, new Set([order]));
    else live.add(order);
  }
  if (order.decisionId !== null) {
    const siblings = book.byDecision.get(order.decisionId);
    if (siblings === undefined) book.byDecision.set(order.decisionId, [order]);
    else siblings.push(order);
  }
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
  if (known.foreign) known.executedE8 = Math.max(known.executedE8, event.executed_e8);
  book.ended.remove(known);
  const live = book.live.get(known.symbol);
  if (live === undefined) book.live.set(known.symbol, new Set([known]));
  else live.add(known);
  return known;
}

/**
 * Takes in what became known: the only place where a status changes, apart from a decision and a list (see above). A
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
    const isKnown = isResting(order) || isFilled(order) || isExpired(order) || isCanceled(order);
    if (order.acknowledgedAtMs === null && isKnown) order.acknowledgedAtMs = time.tMs;
    if (isTerminal(order)) {
      order.endedSeq = seq;
      order.isEndShown = event.evidence?.kind === 'shown';
      order.endedBy = event.evidence?.kind ?? null;
      book.live.get(order.symbol)?.delete(order);
      book.ended.add(order, time.tMs);
    }
  }
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

/** Where orders are found. */
interface OrderMaps {
  readonly all: Map<string, OrderState>;
  /** Orders not proven terminal, by symbol. */
  readonly live: Map<string, Set<OrderState>>;
  readonly byDecision: Map<string, OrderState[]>;
  /** By {@link venueKeyOf}. */
  readonly byVenueId: Map<string, OrderState>;
}

/** Key of an order in the venue's numbers; null: it has none. */
function venueKeyOf({ symbol, venueOrderId }: Pick<OrderState, 'symbol' | 'venueOrderId'>): string | null {
  return venueOrderId === null ? null : `${symbol} ${venueOrderId}`;
}

/**
 * How long an order stays in the views after its end, ms of event time: longer than the hour of trades that a start reads
 * again. Older ones lie in a table of the ledger (engine/state/leave.ts).
 */
export const KEEP_ENDED_MS = 2 * 3_600_000;

interface Ended {
  readonly order: OrderState;
  readonly endedAtMs: number;
  /** When it ended, or was found to have to stay. */
  readonly sinceMs: number;
}
/** All orders of a decision, or an order that no decision planned. */
interface EndedGroup {
  readonly orders: readonly OrderState[];
  /** When the last of them ended. */
  readonly endedAtMs: number;
}
const NOTHING_LEFT: readonly EndedGroup[] = [];

/**
 * Ended orders by time of their end, until they leave the views. All orders of a decision leave together, so that
 * an execution is shown or read back as a whole. It is driven by events alone: a restart drops the same orders.
 */
export class EndedOrders {
  private queue: Ended[] = [];
  /** Orders that may leave but wait for others of their decision, with the time of their end. */
  private readonly waiting = new Map<OrderState, number>();

  add(order: OrderState, endedAtMs: number): void {
    this.queue.push({ order, endedAtMs, sinceMs: endedAtMs });
  }

  /** The order is live after all. This is rare, so the whole queue is searched. */
  remove(order: OrderState): void {
    this.queue = this.queue.filter((ended) => ended.order !== order);
    this.waiting.delete(order);
  }

  /**
   * Drops orders from the book that ended at least {@link KEEP_ENDED_MS} before `nowMs`, the time of an event, and
   * returns them. One that may not leave is looked at again after that time.
   */
  dropOld(
    book: OrderMaps,
    nowMs: number,
    mayLeave: (order: OrderState, endedAtMs: number) => boolean,
  ): readonly EndedGroup[] {
    const untilMs = nowMs - KEEP_ENDED_MS;
    let due = 0;
    while (due < this.queue.length && this.queue[due]!.sinceMs <= untilMs) due += 1;
    if (due === 0) return NOTHING_LEFT;
    const dropped: EndedGroup[] = [];
    for (const ended of this.queue.splice(0, due)) {
      const { order, endedAtMs } = ended;
      if (mayLeave(order, endedAtMs)) dropped.push(...this.#drop(book, order, endedAtMs));
      else this.queue.push({ ...ended, sinceMs: nowMs });
    }
    return dropped;
  }

  #drop(book: OrderMaps, order: OrderState, endedAtMs: number): readonly EndedGroup[] {
    const { decisionId } = order;
    const known = decisionId === null ? undefined : book.byDecision.get(decisionId);
    const orders = known ?? [order];
    this.waiting.set(order, endedAtMs);
    // INVARIANT: an order that may still fill is never forgotten. Only ended orders wait here until they are removed.
    if (!orders.every((one) => this.waiting.has(one))) return NOTHING_LEFT;
    const ends = orders.map((one) => this.waiting.get(one) ?? endedAtMs);
    for (const one of orders) {
      this.waiting.delete(one);
      forget(book, one);
    }
    if (decisionId !== null) book.byDecision.delete(decisionId);
    return [{ orders, endedAtMs: Math.max(...ends) }];
  }
}

function forget(book: OrderMaps, order: OrderState): void {
  // The id may be in use again.
  if (book.all.get(order.clientOrderId) === order) book.all.delete(order.clientOrderId);
  const key = venueKeyOf(order);
  if (key !== null && book.byVenueId.get(key) === order) book.byVenueId.delete(key);
}
