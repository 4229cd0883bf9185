import { isTerminal } from '../tables/status.ts';
import type { OrderState } from './order.ts';

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
export function venueKeyOf({ symbol, venueOrderId }: Pick<OrderState, 'symbol' | 'venueOrderId'>): string | null {
  return venueOrderId === null ? null : `${symbol} ${venueOrderId}`;
}

/**
 * How long an order stays in the views after its end, ms of event time: longer than the hour of trades that a start reads
 * again. Older ones lie in a table of the ledger (engine/state/views.ts).
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
